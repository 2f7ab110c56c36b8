"""What a request is said to take is what it takes, all copies counted."""

import subprocess
import sys

import pytest

from lifcore import LIF, couple, simulate

PROGRAM = """
from pathlib import Path
from lifcore import LIF, Feedforward, checks, couple, simulate
from lifcore.stability import synchronise
# Of this program alone: what getrusage says begins with what the parent had taken.
status = lambda: dict(line.split(":") for line in Path("/proc/self/status").open())
most = lambda: 1024 * int(status()["VmHWM"].split()[0])
said, memory = [], checks.memory
checks.memory = lambda what, size: said.append(size)
net = Feedforward([LIF(), LIF()], [[[0.1, 0.1, 0.1]]])
run = lambda paths: {}
run(256)
before = most()
run({})
print((most() - before) / said[-1])
"""
# So many paths that they take more than compiling does.
RUNS = {
    "simulate": ("simulate(LIF(), h=0.5, T=0.5, paths=paths, seed=1)", 3_000_000),
    "layers": ("simulate(net, h=0.5, T=0.5, paths=paths, seed=1)", 1_500_000),
    "couple": ("couple(LIF(), h=[0.5, 0.25], T=0.5, paths=paths, seed=1)", 600_000),
    "looks": (
        "couple(LIF(), h=[0.5, 0.25, 0.125], T=1.0, times=[0.5], paths=paths, seed=1)", 400_000,
    ),
    "distances": ("synchronise(LIF(), [0.0, 0.5], T=20.0, paths=paths, seed=1)", 40_000),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what was taken")
@pytest.mark.parametrize("kind", RUNS)
def test_the_memory_that_is_stated_is_taken(kind):
    """All of what is taken is stated, and no more than half as much again."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(*RUNS[kind])], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert 1.0 / 1.5 < float(done.stdout) <= 1.0, done.stdout


@pytest.mark.parametrize("gigabytes", [24])
def test_what_does_not_fit_is_refused(gigabytes, monkeypatch):
    sizes = {"SC_PAGE_SIZE": 2**12, "SC_PHYS_PAGES": gigabytes * 2**18}
    monkeypatch.setattr("os.sysconf", lambda name: sizes[name])
    with pytest.raises(
        ValueError, match=r"800000000 paths would take 46\.3 GiB, this machine has 24"
    ):
        simulate(LIF(), h=0.1, T=0.1, paths=800_000_000, seed=1)
    with pytest.raises(
        ValueError, match=r"100000000 paths at 2 step sizes .* would take 33\.2 GiB"
    ):
        couple(LIF(), h=[0.1, 0.05], T=0.1, paths=100_000_000, seed=1)
