"""Rates on the grid of neurons whose drive never rests, from one spike to the next.

The equation for the grid in `lifcore.advice.renewal`: exact for any step, however large.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from lifcore.advice.one_step import StepMap, repeated
from lifcore.advice.renewal import NODE, SPREAD, chain_of, nodes_of, past_of
from lifcore.models.neuron import LIF
from lifcore.stationary.free_process import FreeProcess

_MOST = 4e6  # entries of kernels to be added up, about half a second


def renewal_grid_rate(model: LIF, step: StepMap, held: int = 0) -> float | None:
    """Return the rate of a scheme on the grid, for a neuron whose drive never rests.

    Parameters
    ----------
    model : LIF
        As in `renewal_rate`.
    step : StepMap
        A step of the scheme.
    held : int, optional
        Steps for which V is held after that of a spike.

    Returns
    -------
    float or None
        Spikes per unit time; None for a step so fine that its many terms are not worth their time,
        and an expansion in h serves as well.

    Examples
    --------
    >>> from lifcore.advice.one_step import step_map
    >>> neuron = LIF(mu=1.5, sigma=0.15, tau=0.5)
    >>> round(renewal_grid_rate(neuron, step_map(neuron, 0.1, "euler")), 4)
    0.914
    """
    y = nodes_of(model, math.sqrt(step.current_variance))
    past = past_of(FreeProcess(model, refractory=True))
    first, last, stride = _steps(model, step, held, y, past)
    if (last - first) * y.size**2 > _MOST * stride:
        return None
    kernel, elapsed = np.zeros((y.size, y.size)), np.zeros(y.size)
    before, jump = _after(step, held, first - 1), repeated(step, stride)
    for n in range(first, last + 1, stride):
        ends = [_one_more(step, before), before]
        matrix, _, noise = ends[0]
        centre, spread = matrix[1, 1] * y, noise[1, 1]
        cross = noise[0, 1], step.forget * before[2][0, 1]  # covariances with y at step n
        # mean of V at steps n and n - 1, from the reset and each y, and whether V is near V_th
        means = [m[0, 0] * model.v_reset + m[0, 1] * y + s[0] for m, s, _ in ends]
        sds = [math.sqrt(c[0, 0]) for _, _, c in ends]
        near = (means[0] > model.v_th - SPREAD * sds[0]) & (means[1] < model.v_th + past * sds[1])
        if near.any():
            rows = _window(near)
            far = y - centre[rows, None]
            part = np.exp(-0.5 * far * far / spread)
            part *= stride * (y[1] - y[0]) / math.sqrt(2.0 * math.pi * spread)
            tails = []
            for mean, sd, c in zip(means, sds, cross, strict=True):
                rest = math.sqrt(max(sd * sd - c * c / spread, 1e-300))
                tails.append(ndtr((mean[rows, None] + c / spread * far - model.v_th) / rest))
            part *= tails[0] - tails[1]
            kernel[rows] += part
            elapsed[rows] += (n + held) * step.h * part.sum(axis=1)
        before = (
            jump[0] @ before[0],
            jump[0] @ before[1] + jump[1],
            jump[0] @ before[2] @ jump[0].T + jump[2],
        )
    return 1.0 / chain_of(kernel, elapsed)[0]


def _steps(
    model: LIF, step: StepMap, held: int, y: np.ndarray, past: float
) -> tuple[int, int, int]:
    """Return the first and the last step that matter, and a stride that resolves their law."""
    low, high = 1, 2
    width = math.inf
    below = np.ones(y.size, dtype=bool)
    n = 1
    while below.any():  # by doubling: where each current's mean path meets the threshold
        matrix, shift, noise = _after(step, held, n)
        mean = matrix[0, 0] * model.v_reset + matrix[0, 1] * y + shift[0] - model.v_th
        sd = math.sqrt(noise[0, 0])
        if (mean < -SPREAD * sd).all():
            low = n
        speed = model.mu + matrix[1, 1] * y - model.i_th
        crossed = below & (mean > 0.0)
        if crossed.any() and sd > 0.0:
            half = math.sqrt(_after(step, held, max(n // 2, 1))[2][0, 0])
            width = min(width, float((half / speed[crossed]).min()))
        below = mean < past * sd
        high, n = n, 2 * n
    stride = max(1, math.floor(NODE * width / step.h))
    return low, high, stride


def _after(step: StepMap, held: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return matrix, shift and covariance of n steps, before which V was held for some."""
    matrix, shift, noise = repeated(step, n)
    if held == 0:
        return matrix, shift, noise
    forget = step.forget**held
    waited = np.array([[0.0, 0.0], [0.0, step.current_variance * (1.0 - forget**2)]])
    return matrix @ np.diag([1.0, forget]), shift, noise + matrix @ waited @ matrix.T


def _one_more(
    step: StepMap, law: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = step.matrix
    return (
        matrix @ law[0],
        matrix @ law[1] + np.array([step.drift, 0.0]),
        matrix @ law[2] @ matrix.T + step.noise,
    )


def _window(near: np.ndarray) -> slice:
    seen = np.nonzero(near)[0]
    return slice(int(seen[0]), int(seen[-1]) + 1)
