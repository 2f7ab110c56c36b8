"""Long runs in portions: no bit depends on them, and Ctrl-C ends them."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest

from circuits import LOOPS
from lifcore import LIF, Feedforward, couple, simulate
from lifcore.loops import truncations
from lifcore.schemes import portions as module
from lifcore.schemes.portions import StoppedError, Watch, path_portions, portions, watch, watching
from lifcore.stability import (
    exponent_by_growth,
    exponent_by_tangent,
    network_spectrum,
    synchronise,
)
from lifcore.strong.trains import coupled_trains
from lifcore.weak import (
    boundary_strip,
    grid_rate,
    long_runs,
    plain_monte_carlo,
    weak_errors,
    white_rates,
)

NEURON = LIF(mu=1.5)
CHAIN = Feedforward([LIF(mu=np.array([1.5, 1.7])), LIF(tau=0.3)], [[[0.4, 0.3]]])
V = {"V": lambda v, i, n: v}


def potential(v, i, n):
    return v


def all_of(found):
    """Return what simulate and couple keep, with their spikes."""
    if hasattr(found, "all_spikes"):
        return found.v, found.i, found.spike_counts, found.all_spikes()
    columns = ("v", "i", "v_euler", "i_euler", "spike_counts")
    return [*(getattr(found, name) for name in columns), *coupled_trains(found)]


RUNS = {
    "euler": lambda: all_of(simulate(NEURON, h=1 / 16, T=4, paths=300, seed=1)),
    "exact": lambda: all_of(simulate(NEURON, h=1 / 4, T=4, paths=300, seed=1, scheme="exact")),
    "exponential": lambda: all_of(
        simulate(NEURON, h=1 / 16, T=4, paths=30, seed=1, scheme="exponential")
    ),
    "layers": lambda: all_of(simulate(CHAIN, h=1 / 16, T=4, paths=300, seed=1)),
    "layers, exact": lambda: all_of(
        simulate(CHAIN, h=1 / 4, T=4, paths=300, seed=1, scheme="exact")
    ),
    "loops": lambda: all_of(simulate(LOOPS, h=1 / 16, T=4, paths=5, seed=1)),
    "loops, exact": lambda: all_of(simulate(LOOPS, h=1 / 4, T=4, paths=5, seed=1, scheme="exact")),
    "couple": lambda: all_of(couple(NEURON, h=[1 / 16, 1 / 4, 1 / 2], T=4, paths=300, seed=1)),
    "couple layers": lambda: all_of(couple(CHAIN, h=[1 / 16, 1 / 4], T=4, paths=30, seed=1)),
    "couple loops": lambda: all_of(couple(LOOPS, h=[1 / 16, 1 / 4], T=4, paths=5, seed=1)),
    "couple, times": lambda: [
        part
        for last in [couple(NEURON, h=[1 / 16, 1 / 4], T=4, paths=30, seed=1, times=[1.0, 2.25])]
        for seen in (*last.snapshots, last)
        for part in all_of(seen)[:5]
    ],
    "truncations": lambda: [
        getattr(truncations(LOOPS, depth=2, h=[1 / 8, 1 / 4], T=4, paths=5, seed=1), name)
        for name in ("v", "i", "v_euler", "chains", "joint_chains")
    ],
    "weak errors": lambda: [
        weak_errors(NEURON, V, h=[1 / 16, 1 / 4, 1 / 2], T=4, paths=300, seed=1, times=[1.0]).sums
    ],
    "long runs": lambda: [
        long_runs(NEURON, V, h=[1 / 16, 1 / 4], T=4, paths=600, seed=1, burn_in=2.0).batches
    ],
    "plain": lambda: [plain_monte_carlo(NEURON, potential, h=1 / 16, T=4, paths=300, seed=1).mean],
    "white": lambda: [
        white_rates(NEURON, 0.5, h=[1 / 16, 1 / 4], T=4, paths=600, seed=1, burn_in=2.0).rates
    ],
    "grid rate": lambda: [
        grid_rate(NEURON, 1 / 16, T=9, paths=1025, seed=1, burn_in=2.0).interval(0.5)
    ],
    "strip": lambda: [
        part
        for strip in [
            boundary_strip(NEURON, h=[1 / 16, 1 / 4], T=9, paths=600, seed=1, burn_in=1.0)
        ]
        for part in (strip.missed, strip.extra)
    ],
    "tangent": lambda: [exponent_by_tangent(NEURON, T=9, paths=300, seed=1).values],
    "tangent, euler": lambda: [
        exponent_by_tangent(NEURON, T=9, paths=300, seed=1, scheme="euler", h=1 / 16).values
    ],
    "growth": lambda: [exponent_by_growth(NEURON, T=9, paths=300, seed=1).values],
    "copies": lambda: [synchronise(NEURON, [0.0, 0.5], T=4, paths=30, seed=1).apart],
    "spectrum": lambda: [network_spectrum(LOOPS, T=9, paths=4, seed=1).values],
}


@pytest.mark.parametrize("kind", RUNS)
def test_no_bit_depends_on_the_portions(kind, monkeypatch):
    results = []
    # Each step alone; and all at once, as soon as a first step is done.
    for seconds, growth in ((0.0, 16), (1e6, 10**9)):
        monkeypatch.setattr(module, "SECONDS", seconds)
        monkeypatch.setattr(module, "GROWTH", growth)
        results.append(RUNS[kind]())
    for one, other in zip(*results, strict=True):
        assert np.asarray(one).size > 0
        assert np.array_equal(one, other)


def test_portions_cover_all_steps_once_and_grow():
    with watching(Watch()):
        spans = list(portions(7, 5000, most=1024))
    assert spans[:3] == [(7, 8), (8, 24), (24, 280)]
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert spans[-1][1] == 5000
    assert max(b - a for a, b in spans) == 1024


def test_slow_steps_make_small_portions(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    with watching(Watch()):
        sizes = []
        for begin, end in portions(0, 100_000):
            clock[0] += 1e-4 * (end - begin)
            sizes.append(end - begin)
    assert sizes[:5] == [1, 16, 256, 2000, 2000]
    assert max(sizes[3:-1]) <= 2001


def test_path_portions_are_paths_in_order():
    for size in (1, 3, 8, 1000):
        with watching(Watch(size=size)):
            seen = [
                (path, n)
                for first, last, begin, end in path_portions(5, 2, 9)
                for path in range(first, last)
                for n in range(begin, end)
            ]
        assert seen == [(path, n) for path in range(5) for n in range(2, 9)]


def test_shares_add_up_to_the_whole():
    shares = []
    with watching(Watch(done=shares.append)):
        list(portions(3, 1000, share=0.25))
        list(path_portions(7, 0, 11, share=0.75))
    assert sum(shares) == pytest.approx(1.0)


def test_a_stopped_watch_ends_a_run():
    mine = Watch()
    with watching(mine):
        spans = portions(0, 100)
        next(spans)
        mine.stop.set()
        with pytest.raises(StoppedError):
            next(spans)
    assert watch() is not mine


ENDLESS = """
import json, os, signal, sys, threading, time
import numpy as np
from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.runs import simulate_spikes
from lifcore.loops import truncations
from lifcore.models import microcircuit
from lifcore.stability import *
from lifcore.strong import *
from lifcore.weak import *

N = LIF(mu=1.5)
chain = Feedforward([LIF(mu=1.5), LIF()], [[[0.4]]])
many = Recurrent(LIF(mu=np.full(1000, 1.5)), np.roll(0.1 * np.eye(1000), 1, axis=0))
ring = Recurrent(LIF(mu=1.5), np.roll(0.1 * np.eye(4), 1, axis=0))
late = Recurrent(LIF(mu=1.5, t_ref=0.1), np.roll(0.1 * np.eye(4), 1, axis=0), delays=0.5)
column = microcircuit(neurons=0.02, inputs=0.02, seed=1)
V = {"V": lambda v, i, n: v}
RUNS = {
    "euler": lambda T: simulate(N, h=1/16, T=T, paths=256, seed=1),
    "exact": lambda T: simulate(N, h=1/16, T=16*T, paths=1, seed=1, scheme="exact"),
    "exact, long steps": lambda T: simulate(N, h=64, T=64*T, paths=256, seed=1, scheme="exact"),
    "spikes": lambda T: simulate_spikes(N, h=1/16, T=T, paths=256, seed=1),
    "layers": lambda T: simulate(chain, h=1/16, T=T, paths=256, seed=1),
    "1000 exact": lambda T: simulate(many, h=1/16, T=T, paths=1, seed=1, scheme="exact"),
    "1000 euler": lambda T: simulate(many, h=1/16, T=T, paths=1, seed=1),
    "late euler": lambda T: simulate(late, h=1/16, T=16*T, paths=1, seed=1),
    "late exact": lambda T: simulate(late, h=1/16, T=T, paths=1, seed=1, scheme="exact"),
    "populations": lambda T: simulate(column, h=1/128, T=T, paths=1, seed=1),
    "couple": lambda T: couple(N, h=[1/16, 1/8], T=T, paths=256, seed=1),
    "couple late": lambda T: couple(late, h=[1/16, 1/8], T=T, paths=1, seed=1),
    "couple loops": lambda T: couple(ring, h=[1/16, 1/8], T=T, paths=1, seed=1),
    "truncations": lambda T: truncations(ring, depth=2, h=[1/16], T=T, paths=1, seed=1),
    "weak": lambda T: weak_errors(N, V, h=[1/16, 1/8], T=T, paths=257, seed=1),
    "long": lambda T: long_runs(N, {}, h=[1/512], T=T, paths=257, seed=1),
    "white": lambda T: white_rates(N, 0.5, h=[1/512], T=T, paths=257, seed=1),
    "grid rate": lambda T: grid_rate(N, 1/16, T=64*T, paths=1025, seed=1, burn_in=1.0),
    "grid rate, burn-in": lambda T: grid_rate(N, 1/16, T=1, paths=1025, seed=1, burn_in=64*T),
    "plain": lambda T: plain_monte_carlo(N, V["V"], h=1/16, T=64*T, paths=256, seed=1),
    "pairs": lambda T: couple(N, h=[1/16], T=8*T, paths=1, seed=1).spike_pairs(0.1),
    "profile": lambda T: error_profile(chain, h=[1/16], times=[T], blocks=1, seed=1),
    "strip": lambda T: boundary_strip(N, h=[1/16, 1/8], T=T, paths=257, seed=1),
    "tangent": lambda T: exponent_by_tangent(N, T=T, paths=2, seed=1, settle=1.0),
    "growth": lambda T: exponent_by_growth(N, T=T, paths=2, seed=1, settle=1.0),
    "copies": lambda T: synchronise(N, [0.0, 0.5], T=T, paths=2, seed=1, h=T),
}
found = {}
for kind, run in RUNS.items():
    run(2)  # compiled now
    threads = set(threading.enumerate())
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    begun = time.perf_counter()
    try:
        timer.start()
        run(2**21 if kind != "long" and kind != "white" else 2**14)
        timer.cancel()  # it would interrupt the next run
        found[kind] = "was done in %.1f s" % (time.perf_counter() - begun)
    except KeyboardInterrupt:
        timer.join()
        found[kind] = time.perf_counter() - begun - 0.5
        left = set(threading.enumerate()) - threads
        if left:
            found[kind] = str(left)
print(json.dumps(found))
"""


def test_ctrl_c_ends_every_kind_of_run():
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=580
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 26
    # Below two seconds by far; a busy machine has more.
    assert {kind: x for kind, x in found.items() if not isinstance(x, float) or x > 10.0} == {}


WORKERS = """
import multiprocessing, threading, time
from lifcore import LIF, simulate

if __name__ == "__main__":
    def say():
        while len(multiprocessing.active_children()) < 2:
            time.sleep(0.05)
        time.sleep(1.0)  # they are at work, or still import
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)

    threading.Thread(target=say, daemon=True).start()
    simulate(LIF(mu=1.5), h=1 / 16, T=2**30, paths=512, seed=1, executor="processes:2")
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="signals of POSIX")
@pytest.mark.parametrize("all_at_once", [False, True], ids=["kill -INT", "a terminal"])
def test_ctrl_c_ends_worker_processes(all_at_once, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(WORKERS)
    run = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    workers = []
    try:
        workers = [int(pid) for pid in run.stdout.readline().split()]
        assert len(workers) == 2
        assert all(alive(pid) for pid in workers)
        # A terminal sends the signal to all of its processes, the workers among them.
        send, begun = (os.killpg if all_at_once else os.kill), time.perf_counter()
        send(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=60)
        assert time.perf_counter() - begun < 10.0  # below two seconds on a quiet machine
        assert run.returncode == -signal.SIGINT
        assert err.count("Traceback") == err.count("KeyboardInterrupt") == 1
        assert not any(alive(pid) for pid in workers)
    finally:
        run.kill()
        for pid in filter(alive, workers):
            os.kill(pid, signal.SIGKILL)


def alive(pid):
    """Whether a process runs; one that has ended and is not yet collected does not."""
    try:
        os.kill(pid, 0)
        stat = pathlib.Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
