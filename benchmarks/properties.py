"""Call the public API with parameters of any size: each call runs, or says by name what is wrong.

    python benchmarks/properties.py [calls]

By default 10 000 calls, some minutes each thousand; tests/runs/test_properties.py takes a sample.
"""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifcore import LIF, Recurrent, couple, simulate
from lifcore.runs import simulate_spikes

NAMED = re.compile(r"(h|T|1/g|1/tau|g|tau|mu|sigma|v_th|v_reset|start|weights)\b")
"""How an error begins that names its argument."""

LIMIT = 20.0
"""Seconds within which a call of a few steps must have ended."""


def sized(low: int, high: int) -> st.SearchStrategy[float]:
    """Numbers of any power of ten between two, and 1 and its neighbours more often."""
    wide = st.builds(lambda m, e: m * 10.0**e, st.floats(1.0, 9.99), st.integers(low, high))
    return st.one_of(wide, st.floats(0.1, 10.0), st.floats(0.1, 10.0))


def signed(size: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.builds(lambda x, minus: -x if minus else x, size, st.booleans())


POSITIVE, ANY = sized(-323, 299), signed(sized(-323, 299))


@st.composite
def calls(draw: Any) -> dict[str, Any]:
    """Draw a call: a function, a neuron or a small network, steps, and perhaps starts."""
    low, way = draw(signed(st.one_of(st.just(0.0), POSITIVE))), draw(POSITIVE)
    lif = {
        "g": draw(st.one_of(st.just(0.0), POSITIVE)),
        "tau": draw(st.one_of(st.just(np.inf), POSITIVE)),
        "mu": draw(ANY), "sigma": draw(st.one_of(st.just(0.0), POSITIVE)), "v_reset": low,
        "v_th": low + way,
    }  # fmt: skip
    h = draw(sized(-320, 250))
    found = {"lif": lif, "h": h, "T": h * draw(st.integers(1, 6)), "kind": draw(st.integers(0, 4))}
    found["start"] = draw(st.none() | st.tuples(ANY, ANY))
    found["weights"] = draw(st.none() | st.lists(ANY, min_size=4, max_size=4))
    return found


def attempt(call: dict[str, Any]) -> str:
    """Make a call; return how it ended. Whatever breaks the promise raises an AssertionError."""
    start = call["start"]
    arrays = (
        None
        if start is None
        else tuple(np.full((3, 2 if call["weights"] else 1), x) for x in start)
    )
    copies = None if arrays is None else tuple(part.copy() for part in arrays)
    begun = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model: Any = LIF(**call["lif"])
            if call["weights"]:
                model = Recurrent(model, np.reshape(call["weights"], (2, 2)))
            more = {"T": call["T"], "paths": 3, "seed": 1, "start": arrays, "executor": "threads:1"}
            if call["kind"] == 0:
                pairs = couple(model, h=[call["h"]], **more)
                numbers = [pairs.v, pairs.i, pairs.v_euler, pairs.i_euler]
                numbers.append(pairs.square_errors)
            elif call["kind"] == 1:
                spikes = simulate_spikes(model, h=call["h"], scheme="exact", **more)
                numbers = [spikes["time"], spikes["speed"]]
            else:
                scheme = ("euler", "exponential", "exact")[call["kind"] - 2]
                ensemble = simulate(model, h=call["h"], scheme=scheme, **more)
                numbers = [ensemble.v, ensemble.i]
                assert (ensemble.spike_counts >= 0).all()
        ended = "ran"
        assert all(np.isfinite(part).all() for part in numbers), f"not finite: {call}"
    except (ValueError, TypeError) as refusal:
        error: Exception | None = refusal
        ended = "refused"
    else:
        error = None
    assert error is None or NAMED.match(str(error)), f"{error!r} names no argument: {call}"
    assert not isinstance(error, np.linalg.LinAlgError), f"{error!r}: {call}"
    assert time.perf_counter() - begun < LIMIT, f"took {time.perf_counter() - begun:.0f} s: {call}"
    if arrays is not None:
        assert all(map(np.array_equal, arrays, copies)), f"changed its start: {call}"
    return ended


def main(number: int) -> int:
    """Make so many calls; print how they ended, and return 1 if one broke the promise."""
    ends: Counter[str] = Counter()

    @settings(
        max_examples=number, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(calls())
    def check(call: dict[str, Any]) -> None:
        ends[attempt(call)] += 1

    check()
    print(dict(ends))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
