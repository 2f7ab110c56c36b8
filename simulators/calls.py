"""What the adapters of libraries without a clock share: call n (from 0) has the time n dt."""

import math


def factors(e):
    """Return the decay of V and of I in one step."""
    return math.exp(-e.dt / e.tau_m), math.exp(-e.dt / e.tau_s)


def drive(e, n):
    """Return the drive in call n."""
    return e.drive if n * e.dt >= e.onset else 0.0


def arrived(e, n):
    """Return the weight of the inputs that arrive in call n."""
    return sum(weight for time, weight in e.inputs if round(time / e.dt) == n)


def record(e, call):
    """Return the trace of ``call(n)``, which makes call n and returns V, I and the spikes."""
    rows = [call(n) for n in range(e.steps)]
    times = [n * e.dt for n in range(e.steps)]
    found = {"times": times, "v": [row[0] for row in rows]}
    if rows[0][1] is not None:
        found["i"] = [row[1] for row in rows]
    found["spikes"] = [t for t, row in zip(times, rows, strict=True) for _ in range(int(row[2]))]
    return found
