r"""Update rules: what a simulator on a grid does in one step, taken apart into choices.

A rule is one choice of each of seven kinds. With :math:`\alpha = e^{-dt/\tau_m}` and
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
from dataclasses import dataclass, replace
from itertools import product

from lifcore import checks
from lifcore.probes.experiments import Experiment
from lifcore.probes.off_grid import NEWTON, solve

UPDATES = (
    "plain Euler",
    "semi-implicit Euler, current first",
    "exponential on the grid",
    "exponential, current frozen",
    "exponential, current first",
)
"""How V and I are carried over a step; the table at the top of this page has the formulas."""

EXACT = "exact, off the grid"
"""The update of an event-driven simulator, whose spikes are no multiples of the step."""

INPUTS = ("at its time", "decayed once", "after the decay")
"""When an input of time t is in I: in the I of time t already; joined to I at the start of the step
from t on, whose decay it undergoes before it is recorded; or added at the end of that decay."""

THRESHOLDS = (">=", ">", NEWTON)
"""Whether a V that lands on the threshold is a spike; off the grid also one that comes near."""

RESETS = ("to 0", "by subtraction", "by subtraction, several")
"""To 0; less the threshold; or less the threshold as often as it fits, each a spike."""

MOMENTS = ("in the step", "a step late", "at the crossing")
"""Whether V shows the reset at the end of the spike's own step; or the next step starts from 0, or
the threshold is taken from the V at its end; or V is reset where it crosses, off the grid."""

REFRACTORY = ("rounded up", "rounded down", "rounded down, on top", "none", "from the crossing")
"""For how many steps V is held at 0 after that of a spike: the refractory time in steps, rounded
up; rounded down less one, as the step of the spike counts; rounded down; or not at all. Or it is
held for the refractory time itself from the crossing on, but for the rest of that step at least."""

DRIVES = ("from its time", "a step early")
"""Whether a drive that sets in at time t acts in the step from t on, or already in that to t."""


CHOICES = {
    "update": (*UPDATES, EXACT), "input": INPUTS, "threshold": THRESHOLDS, "reset": RESETS,
    "moment": MOMENTS, "refractory": REFRACTORY, "drive": DRIVES,
}  # fmt: skip
"""The kinds of choice, and all of each."""


@dataclass(frozen=True)
class Rule:
    """A discrete update rule.

    Attributes
    ----------
    update, input, threshold, reset, moment, refractory, drive : str
        One of `UPDATES` or `EXACT`, `INPUTS`, `THRESHOLDS`, `RESETS`, `MOMENTS`, `REFRACTORY` and
        `DRIVES`.

    Raises
    ------
    TypeError, ValueError
        If one is none of its kind.

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
    drive: str = DRIVES[0]

    def __post_init__(self) -> None:
        for kind, choices in CHOICES.items():
            checks.one_of(kind, getattr(self, kind), choices)

    def run(
        self, experiment: Experiment, steps: int | None = None
    ) -> tuple[list[float], list[float], list[float]]:
        """Return V and I after 0, 1, ... steps, and the step (from 1 on) of each spike.

        Parameters
        ----------
        experiment : Experiment
            What to run.
        steps : int, optional
            How many steps; those of the experiment if not given.

        Returns
        -------
        tuple of (list of float, list of float, list of float)
            A step that fires several spikes is listed as often; off the grid no step is whole.

        Examples
        --------
        >>> from lifcore.probes import EXPERIMENTS
        >>> rule = Rule("plain Euler", "at its time", ">", "to 0", "in the step", "none")
        >>> rule.run(EXPERIMENTS["threshold"])[2]
        []
        """
        e, n_steps = experiment, experiment.steps if steps is None else steps
        lead = e.dt if self.drive == "a step early" else 0.0
        if self.update == EXACT:
            e = replace(e, onset=max(e.onset - lead, 0.0))
            return solve(e, n_steps, self._held_for(e), self.threshold)
        arrivals = [0.0] * (n_steps + 1)
        for time, weight in e.inputs:
            if time < n_steps * e.dt:
                arrivals[round(time / e.dt)] += weight
        early = self.input == "at its time"
        v, i = e.v, e.i + (arrivals[0] if early else 0.0)
        trace_v, trace_i, fired = [v], [i], []
        held, late = 0.0, False  # for how long V is held, and whether its reset is due
        for n in range(n_steps):
            b = e.drive if n * e.dt + lead >= e.onset else 0.0
            x = 0.0 if early else arrivals[n]
            start, end = (x, 0.0) if self.input == "decayed once" else (0.0, x)
            if late and self.reset == "to 0":
                v = 0.0
            free = min(max(e.dt - held, 0.0), e.dt)
            held = max(held - e.dt, 0.0)
            moved, i, seen = self._move(e, v, i + start, b, end, free)
            if early:
                i += arrivals[n + 1]
            if late and self.reset != "to 0":
                moved -= e.v_th
            v, late = moved, False
            if v > e.v_th or (v == e.v_th and self.threshold == ">="):
                count = int(v // e.v_th) if self.reset == "by subtraction, several" else 1
                fired += [n + 1.0] * count
                held = self._held_for(e)
                if self.refractory == "from the crossing" and v > e.v_th:
                    held += e.tau_m * math.log1p((v - e.v_th) / (e.v_th - seen))
                late = self.moment == "a step late"
                if not late:
                    v = 0.0 if self.reset == "to 0" else v - count * e.v_th
            trace_v.append(v)
            trace_i.append(i)
        return trace_v, trace_i, fired

    def _held_for(self, e: Experiment) -> float:
        """Return how long V is held at 0 after the step of a spike, or after its crossing."""
        steps = e.refractory / e.dt
        if self.refractory == "rounded up":
            return math.ceil(steps) * e.dt
        if self.refractory == "rounded down":
            return max(math.floor(steps) - 1, 0) * e.dt
        if self.refractory == "rounded down, on top":
            return math.floor(steps) * e.dt
        return 0.0 if self.refractory == "none" else e.refractory

    def _move(
        self, e: Experiment, v: float, i: float, b: float, x: float, free: float
    ) -> tuple[float, float, float]:
        """Return V', I' and what V has moved by, in a step with the drive b.

        V is held but for the last part `free` of the step; x joins I after its decay.
        """
        if self.update in UPDATES[:2]:
            i_new = i - e.dt * i / e.tau_s + x
            seen = (i if self.update == UPDATES[0] else i_new) + b
            return v + free * (seen - v) / e.tau_m, i_new, seen
        alpha, beta = math.exp(-free / e.tau_m), math.exp(-e.dt / e.tau_s)
        i_new = beta * i + x
        if self.update == "exponential on the grid":
            gain = e.tau_s / (e.tau_m - e.tau_s) * (alpha - math.exp(-free / e.tau_s))
            freed = i if free == e.dt else i * math.exp((free - e.dt) / e.tau_s)
            return alpha * v + gain * freed + (1.0 - alpha) * b, i_new, i + b
        seen = (i if self.update == "exponential, current frozen" else i_new) + b
        return alpha * v + (1.0 - alpha) * seen, i_new, seen


def all_rules() -> list[Rule]:
    """Return every rule: all choices of each kind, but for what excludes each other.

    A late reset goes without refractory time, and several spikes a step only with resets in the
    step; a refractory time counts from the crossing only where that has a formula, as V moves by
    one drive in a step and is reset to 0; off the grid all is exact but the refractory time.

    Examples
    --------
    >>> len(all_rules())
    882
    """
    grid = product(UPDATES, INPUTS, THRESHOLDS[:2], RESETS, MOMENTS[:2], REFRACTORY, DRIVES)
    exact = product((EXACT,), INPUTS[:1], THRESHOLDS, RESETS[:1], MOMENTS[2:], REFRACTORY, DRIVES)
    return [rule for choice in (*grid, *exact) if _occurs(rule := Rule(*choice))]


def _occurs(rule: Rule) -> bool:
    """Say whether the choices of a rule on the grid go together."""
    if rule.update == EXACT:
        return not rule.refractory.startswith("rounded down")
    late = rule.moment == "a step late"
    if late and (rule.refractory != "none" or rule.reset == "by subtraction, several"):
        return False
    constant = rule.update in UPDATES[3:] and rule.reset == "to 0"
    return constant or rule.refractory != "from the crossing"


KINDS = tuple(CHOICES)
"""The kinds of choice."""
