r"""The equations of the probe experiments, solved between crossings: no step has a part in it.

Between inputs and spikes :math:`V(s) = b + A e^{-s/\tau_m} + B e^{-s/\tau_s}`, with
:math:`B = -\tau_s I_0/(\tau_m - \tau_s)` and :math:`A = V_0 - b - B`: it turns once at most.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq

from lifcore.probes.experiments import Experiment

NEWTON = "> 0.999999, by Newton's steps"
"""Threshold of a simulator that nears a crossing from below, till V is a millionth short of it."""


def solve(
    e: Experiment, steps: int, held_for: float, threshold: str
) -> tuple[list[float], list[float], list[float]]:
    """Return V and I after 0, 1, ... steps, and the times of the spikes in steps.

    Parameters
    ----------
    e : Experiment
        What to solve; tau_m and tau_s differ.
    steps : int
        How many steps of `e.dt`, after each of which V and I are recorded.
    held_for : float
        How long V stays at 0 after a crossing, ms.
    threshold : {">=", ">", NEWTON}
        Whether V has to reach the threshold, to exceed it, or to come near.

    Returns
    -------
    tuple of (list of float, list of float, list of float)

    Examples
    --------
    >>> from lifcore.probes import EXPERIMENTS
    >>> v, i, spikes = solve(EXPERIMENTS["drive"], 60, 0.0, ">=")
    >>> round(spikes[0] * 0.5, 12) == round(10.0 * math.log(2.0), 12)
    True
    """
    events = sorted({0.0, e.onset, *(time for time, _ in e.inputs)})
    v, i, t, free = e.v, e.i, 0.0, 0.0
    trace_v: list[float] = []
    trace_i: list[float] = []
    spikes = []
    for start, end in zip(events, [*events[1:], (steps + 0.5) * e.dt], strict=True):
        i += sum(weight for time, weight in e.inputs if time == start)
        b = e.drive if start >= e.onset else 0.0
        while t < end:
            held = free > t
            s = None if held else _crossing(e, v, i, b, end - t, threshold)
            until = min(free, end) if held else end if s is None else t + s
            while len(trace_v) <= steps and len(trace_v) * e.dt < until:
                seen = _moved(e, v, i, b, len(trace_v) * e.dt - t)
                trace_v.append(0.0 if held else seen[0])
                trace_i.append(seen[1])
            moved, i = _moved(e, v, i, b, until - t)
            v, t = 0.0 if held or s is not None else moved, until
            if s is not None and t <= steps * e.dt:
                spikes.append(t / e.dt)
                free = t + held_for
    return trace_v, trace_i, spikes


def _terms(e: Experiment, v: float, i: float, b: float) -> tuple[float, float]:
    """Return A and B."""
    slow = -e.tau_s * i / (e.tau_m - e.tau_s)
    return v - b - slow, slow


def _moved(e: Experiment, v: float, i: float, b: float, s: float) -> tuple[float, float]:
    """Return V and I after a time s without crossing."""
    alpha, beta = math.exp(-s / e.tau_m), math.exp(-s / e.tau_s)
    a_term, b_term = _terms(e, v, i, b)
    return b + a_term * alpha + b_term * beta, i * beta


def _crossing(
    e: Experiment, v: float, i: float, b: float, length: float, threshold: str
) -> float | None:
    """Return when V first meets the threshold within a length of time."""

    def above(s: float) -> float:
        return _moved(e, v, i, b, s)[0] - e.v_th

    if threshold == NEWTON:
        s = 0.0
        while above(s) <= -1e-6 * e.v_th:
            now, current = _moved(e, v, i, b, s)
            slope = (current + b - now) / e.tau_m
            if slope <= 1e-9 or s >= length:
                return None
            s += (e.v_th - now) / slope
        return s if s < length else None
    before = 0.0
    for s in (0.0, *_turns(e, v, i, b, length), length):
        if above(s) > 0.0 or (above(s) == 0.0 and threshold == ">="):
            on_it = s == before or above(s) == 0.0
            return s if on_it else float(brentq(above, before, s, xtol=1e-15, rtol=1e-15))
        before = s
    return None


def _turns(e: Experiment, v: float, i: float, b: float, length: float) -> list[float]:
    """Return where V turns within a length of time: once or not at all."""
    a_term, b_term = _terms(e, v, i, b)
    ratio = -(b_term * e.tau_m) / (a_term * e.tau_s) if a_term else 0.0
    turn = math.log(ratio) / (1.0 / e.tau_s - 1.0 / e.tau_m) if ratio > 0.0 else 0.0
    return [turn] if 0.0 < turn < length else []
