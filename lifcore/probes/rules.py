r"""Update rules: what a simulator on a grid does in one step, taken apart into choices.

A rule is one choice of each of six kinds. With :math:`\alpha = e^{-dt/\tau_m}` and
:math:`\beta = e^{-dt/\tau_s}` the updates (without input) are

========================================  ==============================================
plain Euler                               V + dt (I + b - V)/tau_m,  I - dt I/tau_s
semi-implicit Euler, current first        the same, V with the new I
exponential on the grid                   both exact (Rotter and Diesmann 1999)
exponential, current frozen               alpha V + (1 - alpha)(I + b),  beta I
exponential, current first                the same, V with the new I
========================================  ==============================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import product

from lifcore.probes.experiments import Experiment

UPDATES = (
    "plain Euler",
    "semi-implicit Euler, current first",
    "exponential on the grid",
    "exponential, current frozen",
    "exponential, current first",
)
"""How V and I are carried over a step; the table at the top of this page has the formulas."""

INPUTS = ("at its time", "decayed once", "after the decay")
"""When an input of time t is in I: in the I of time t already; joined to I at the start of the step
from t on, whose decay it undergoes before it is recorded; or added at the end of that decay."""

THRESHOLDS = (">=", ">")
"""Whether a V that lands on the threshold is a spike."""

RESETS = ("to 0", "by subtraction", "by subtraction, several")
"""To 0; less the threshold; or less the threshold as often as it fits, each a spike."""

MOMENTS = ("in the step", "a step late")
"""Whether V shows the reset at the end of the spike's own step; or the next step starts from 0, or
the threshold is taken from the V at its end."""

REFRACTORY = ("rounded up", "rounded down", "none")
"""For how many steps V is held at 0 after that of a spike: the refractory time in steps, rounded
up; rounded down less one, as the step of the spike counts; or not at all."""


@dataclass(frozen=True)
class Rule:
    """A discrete update rule.

    Attributes
    ----------
    update, input, threshold, reset, moment, refractory : str
        One of `UPDATES`, `INPUTS`, `THRESHOLDS`, `RESETS`, `MOMENTS` and `REFRACTORY`.

    Examples
    --------
    >>> from lifcore.probes import EXPERIMENTS
    >>> rule = Rule("plain Euler", "at its time", ">=", "to 0", "in the step", "rounded up")
    >>> v, i, steps = rule.run(EXPERIMENTS["one step"])
    >>> v[1], i[1]
    (0.3125, 0.75)
    """

    update: str
    input: str
    threshold: str
    reset: str
    moment: str
    refractory: str

    def run(
        self, experiment: Experiment, steps: int | None = None
    ) -> tuple[list[float], list[float], list[int]]:
        """Return V and I after 0, 1, ... steps, and the step (from 1 on) of each spike.

        Parameters
        ----------
        experiment : Experiment
            What to run.
        steps : int, optional
            How many steps; those of the experiment if not given.

        Returns
        -------
        tuple of (list of float, list of float, list of int)
            A step that fires several spikes is listed as often.

        Examples
        --------
        >>> from lifcore.probes import EXPERIMENTS
        >>> rule = Rule("plain Euler", "at its time", ">", "to 0", "in the step", "none")
        >>> rule.run(EXPERIMENTS["threshold"])[2]
        []
        """
        e, n_steps = experiment, experiment.steps if steps is None else steps
        arrivals = [0.0] * (n_steps + 1)
        for time, weight in e.inputs:
            if time < n_steps * e.dt:
                arrivals[round(time / e.dt)] += weight
        early = self.input == "at its time"
        v, i = e.v, e.i + (arrivals[0] if early else 0.0)
        trace_v, trace_i, fired = [v], [i], []
        held, late = 0, False
        for n in range(n_steps):
            b = e.drive if n * e.dt >= e.onset else 0.0
            x = 0.0 if early else arrivals[n]
            start, end = (x, 0.0) if self.input == "decayed once" else (0.0, x)
            if late and self.reset == "to 0":
                v = 0.0
            moved, i = self._move(e, v, i + start, b, end)
            if early:
                i += arrivals[n + 1]
            if held:
                held, moved = held - 1, 0.0
            elif late and self.reset != "to 0":
                moved -= e.v_th
            v, late = moved, False
            if v > e.v_th or (v == e.v_th and self.threshold == ">="):
                count = int(v // e.v_th) if self.reset == "by subtraction, several" else 1
                fired += [n + 1] * count
                held = self._held(e)
                late = self.moment == "a step late"
                if not late:
                    v = 0.0 if self.reset == "to 0" else v - count * e.v_th
            trace_v.append(v)
            trace_i.append(i)
        return trace_v, trace_i, fired

    def _held(self, e: Experiment) -> int:
        """Return for how many steps V is held at 0."""
        steps = e.refractory / e.dt
        if self.refractory == "rounded up":
            return math.ceil(steps)
        return max(math.floor(steps) - 1, 0) if self.refractory == "rounded down" else 0

    def _move(self, e: Experiment, v: float, i: float, b: float, x: float) -> tuple[float, float]:
        """Return V' and I' of a step with the drive b; x joins I after its decay."""
        if self.update in UPDATES[:2]:
            i_new = i - e.dt * i / e.tau_s + x
            seen = i if self.update == UPDATES[0] else i_new
            return v + e.dt * (seen + b - v) / e.tau_m, i_new
        alpha, beta = math.exp(-e.dt / e.tau_m), math.exp(-e.dt / e.tau_s)
        i_new = beta * i + x
        if self.update == "exponential on the grid":
            gain = e.tau_s / (e.tau_m - e.tau_s) * (alpha - beta)
            return alpha * v + gain * i + (1.0 - alpha) * b, i_new
        seen = i if self.update == "exponential, current frozen" else i_new
        return alpha * v + (1.0 - alpha) * (seen + b), i_new


def all_rules() -> list[Rule]:
    """Return every rule: all choices of each kind, but for what excludes each other.

    A late reset goes without refractory time, and several spikes a step only with resets in the
    step: no package seen does otherwise.

    Examples
    --------
    >>> len(all_rules())
    330
    """
    kinds = (UPDATES, INPUTS, THRESHOLDS, RESETS, MOMENTS, REFRACTORY)
    return [
        rule
        for choice in product(*kinds)
        if (rule := Rule(*choice)).moment == "in the step"
        or (rule.refractory == "none" and rule.reset != "by subtraction, several")
    ]


KINDS = tuple(field.name for field in fields(Rule))
"""The kinds of choice."""
