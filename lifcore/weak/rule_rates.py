r"""Stationary rates of the update rules that simulators run, on one noise.

With :math:`\alpha = e^{-gh}`, :math:`\beta = e^{-h/\tau}` and the noises of the exact step, the
potential before the threshold is looked at is

================================================  =============================================
plain Euler                                       V + h (I - g V), Euler's I
semi-implicit Euler, current first                the same, with the new I
exponential on the grid                           exact in law, with the noise of V in the step
exponential, current frozen                       alpha V + (1 - alpha) I / g, exact I
exponential, current first                        the same, with the new I
exponential on the grid, noise as impulses        exact after the noise has joined I at its end
================================================  =============================================

The last is what a propagator does with a noise that is drawn once a step and sent to the
synapse. All of them spike where V >= v_th at the end of a step, and reset V there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.flow import exact_flow
from lifcore.noise.streams import child
from lifcore.probes.rules import UPDATES
from lifcore.runs.starts import random_start, settling_time

IMPULSES = f"{UPDATES[2]}, noise as impulses"
"""Name of the exact propagator whose noise joins the current at the ends of steps only."""

_NOISE = 1 << 20  # key of the noise's stream, apart from those of the start

NOISY_UPDATES = (*UPDATES, IMPULSES)
"""Names of the updates, as in the table above."""


def rule_rates(
    model: LIF,
    *,
    h: float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    updates: tuple[str, ...] = NOISY_UPDATES,
) -> np.ndarray:
    """Count the spikes of each update over T, after the start is forgotten.

    Parameters
    ----------
    model : LIF
        The neuron, with g > 0, sigma > 0 and finite tau.
    h : float
        Step, at most half of tau and of 1/g.
    T : float
        Time over which spikes are counted, a whole multiple of h.
    paths : int
        Number of paths, at least 257.
    seed : int or SeedSequence
        Of all updates, which see the same noise.
    updates : tuple of str, optional
        Some of `NOISY_UPDATES`.

    Returns
    -------
    ndarray, shape (updates, paths)
        Spikes per unit time, less their regression on the path's mean current and on the change
        of its V, whose means are mu and 0; so a row's mean is the rate.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> rates = rule_rates(LIF(mu=1.5, sigma=0.3), h=0.125, T=16.0, paths=512, seed=1)
    >>> euler, _, grid, *_ = rates.mean(axis=1)
    >>> bool(euler > grid)  # the membrane of Euler's scheme charges faster
    True
    """
    one_neuron("model", model)
    _, T, steps = checks.steps(h, T)
    h = checks.real("h", h, above=0.0)
    if not (model.g > 0.0 and model.sigma > 0.0 and model.a > 0.0):
        raise ValueError(f"model = {model!r}; allowed: g > 0, sigma > 0 and a finite tau")
    if h * max(model.g, model.a) > 0.5:
        raise ValueError(f"h = {h!r}; allowed: at most half of tau and of 1/g")
    paths = checks.count("paths", paths, at_least=257)
    for name in updates:
        checks.one_of("updates", name, NOISY_UPDATES)
    root = checks.seed(seed)
    v, i = random_start(model, paths, root)
    before = checks.steps(h, h * max(1, round(settling_time(model) / h)))[2]
    noise = np.random.Generator(np.random.SFC64(child(root, _NOISE)))
    run = _Run(model, h, v[:, 0], i[:, 0], updates)
    for _ in range(before):
        run.step(noise)
    first = run.v.copy()
    run.spikes[:], run.current[:] = 0.0, 0.0
    for _ in range(steps):
        run.step(noise)
    current = np.array([run.current[int(name not in UPDATES[:2])] for name in updates])
    controls = np.stack([current / steps - model.mu, run.v - first])
    return np.stack(
        [_less_regression(run.spikes[k] / T, controls[:, k]) for k in range(len(updates))]
    )


def _less_regression(values: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Subtract from values what they owe to controls of mean zero."""
    centred = controls - controls.mean(axis=1, keepdims=True)
    slopes = np.linalg.lstsq(centred.T, values - values.mean(), rcond=None)[0]
    corrected: np.ndarray = values - slopes @ controls
    return corrected


class _Run:
    """All paths of all updates; rows are updates, columns paths."""

    def __init__(
        self, model: LIF, h: float, v: np.ndarray, i: np.ndarray, updates: tuple[str, ...]
    ) -> None:
        self.model, self.h, self.flow, self.updates = model, h, exact_flow(model, h), updates
        self.v = np.tile(v, (len(updates), 1))
        self.i_euler, self.i_exact = i.copy(), i.copy()
        self.spikes, self.current = np.zeros_like(self.v), np.zeros((2, i.size))

    def step(self, noise: Any) -> None:
        """Move all by one step."""
        m, h, flow = self.model, self.h, self.flow
        white, for_i, for_v = flow.noise @ noise.standard_normal((3, self.v.shape[1]))
        euler, exact = self.i_euler, self.i_exact
        euler_new = euler + h * m.a * (m.mu - euler) + m.sigma * white
        exact_new = m.mu + flow.decay_i * (exact - m.mu) + for_i
        share = (1.0 - flow.decay_v) / m.g
        for k, name in enumerate(self.updates):
            v = self.v[k]
            if name in UPDATES[:2]:
                seen = euler if name == UPDATES[0] else euler_new
                moved = v + h * (seen - m.g * v)
            elif name in UPDATES[3:]:
                seen = exact if name == UPDATES[3] else exact_new
                moved = flow.decay_v * v + share * seen
            else:
                moved = flow.decay_v * v + flow.gain * (exact - m.mu) + flow.drift
                if name == UPDATES[2]:
                    moved += for_v
            fired = moved >= m.v_th
            self.spikes[k] += fired
            self.v[k] = np.where(fired, m.v_reset, moved)
        self.i_euler, self.i_exact = euler_new, exact_new
        self.current[0] += euler_new
        self.current[1] += exact_new
