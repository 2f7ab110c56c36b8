"""Ctrl-C in a notebook, where it is the kernel that is interrupted and no signal of a terminal."""

import queue
import time

import pytest
from jupyter_client.manager import start_new_kernel

# Bars appear at once, so that runs are interrupted while one is shown.
SETUP = """
import os
os.environ.pop("LIFCORE_PROGRESS", None)
import multiprocessing, threading, time
import numpy as np
from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.runs import progress
from lifcore.stability import exponent_by_tangent
from lifcore.weak import long_runs

progress.PATIENCE = 0.2
N = LIF(mu=1.5)
chain = Feedforward([LIF(mu=1.5), LIF()], [[[0.4]]])
many = Recurrent(LIF(mu=np.full(1000, 1.5)), np.roll(0.1 * np.eye(1000), 1, axis=0))
ring = Recurrent(LIF(mu=1.5), np.roll(0.1 * np.eye(4), 1, axis=0))
EUL, EX = {"paths": 256, "seed": 1}, {"paths": 1, "seed": 1, "scheme": "exact"}
RUNS = {
    "simulate": lambda T: simulate(N, h=1 / 16, T=64 * T, **EUL),
    "processes": lambda T: simulate(N, h=1 / 16, T=64 * T, executor="processes:1", **EUL),
    "exact": lambda T: simulate(N, h=1 / 16, T=16 * T, **EX),
    "couple": lambda T: couple(N, h=[1 / 16, 1 / 8], T=T, **EUL),
    "layers": lambda T: simulate(chain, h=1 / 16, T=T, **EX),
    "network": lambda T: simulate(many, h=1 / 16, T=T, **EX),
    "couple network": lambda T: couple(ring, h=[1 / 16], T=T, paths=1, seed=1),
    "long runs": lambda T: long_runs(N, {}, h=[1 / 512], T=T, paths=257, seed=1),
    "exponent": lambda T: exponent_by_tangent(N, T=T, paths=2, seed=1, settle=1.0),
}
KINDS = list(RUNS)
for run in RUNS.values():
    run(1.0)
before = set(threading.enumerate())
"""
LEFT = """
left = [thread.name for thread in set(threading.enumerate()) - before]
left += multiprocessing.active_children()
assert not left, left
"""


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3")

    def cell(code, interrupt_after=None):
        """Run a cell; return its status, its error's name and text, and when it was interrupted."""
        # Else the kernel aborts what is asked right after a cell that was interrupted.
        asked = client.execute(code, stop_on_error=False)
        if interrupt_after is not None:
            with pytest.raises(queue.Empty):
                client.get_shell_msg(timeout=interrupt_after)  # it is at work
            begun = time.time()
            manager.interrupt_kernel()
        patience = 300 if interrupt_after is None else 90
        reply = client.get_shell_msg(timeout=patience)
        while reply["parent_header"].get("msg_id") != asked:
            reply = client.get_shell_msg(timeout=patience)
        said = reply["content"]
        when = None if interrupt_after is None else begun
        return said["status"], said.get("ename"), said.get("evalue"), when

    try:
        assert cell(SETUP)[0] == "ok"
        yield cell
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


KINDS = [
    "simulate", "processes", "exact", "couple", "layers", "network", "couple network",
    "long runs", "exponent",
]  # fmt: skip


def test_no_kind_is_left_out(kernel):
    assert kernel(f"assert KINDS == {KINDS!r}, KINDS")[0] == "ok"


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_cell_ends_and_leaves_nothing_behind(kind, kernel):
    run = f"try:\n    RUNS[{kind!r}](2.0**19)\nfinally:\n    ended = time.time()"
    status, name, text, begun = kernel(run, interrupt_after=1.0)
    assert (status, name) == ("error", "KeyboardInterrupt"), text
    # Below two seconds by far; a busy machine has more. What the kernel takes to print is not ours.
    status, name, text, _ = kernel(f"assert ended - {begun!r} < 10.0, ended - {begun!r}")
    assert status == "ok", text
    status, name, text, _ = kernel(LEFT)
    assert status == "ok", text
    # The kernel goes on as before.
    assert kernel(f"RUNS[{kind!r}](1.0)")[0] == "ok"
