"""Streams of blocks, and the executors that blocks are mapped over."""

import operator
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from lifcore import LIF, STREAM_VERSION, simulate
from lifcore.noise.streams import BLOCK, block_count, generators
from lifcore.runs import executors as blocks
from lifcore.runs.executors import map_blocks, named_executor
from oracles import streams


def test_contract():
    # Whoever changes the noise that a seed stands for must change the version, and this test.
    assert STREAM_VERSION == 2
    assert BLOCK == 256
    first = generators(np.random.SeedSequence(2024), 3)[0].standard_normal(3)
    assert first == pytest.approx(
        np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(2024, spawn_key=(3,)))
        ).standard_normal(3),
        rel=0,
    )


@pytest.mark.parametrize("block", [0, 1, 7])
def test_streams_are_those_of_spawn(block):
    for own, others in zip(
        generators(np.random.SeedSequence(5), block), streams(5, block), strict=True
    ):
        assert np.array_equal(own.standard_normal(100), others.standard_normal(100))


def test_streams_of_a_spawned_seed():
    parent = np.random.SeedSequence(5, pool_size=8)
    child = parent.spawn(2)[1]
    expected = child.spawn(1)[0]
    own = generators(child, 0)[0].standard_normal(10)
    again = np.random.Generator(np.random.SFC64(expected)).standard_normal(10)
    assert np.array_equal(own, again)


def test_no_two_streams_are_alike():
    seed = np.random.SeedSequence(5)
    draws = [g.standard_normal() for b in range(50) for g in generators(seed, b)]
    assert len(set(draws)) == 100


@pytest.mark.parametrize(("paths", "count"), [(1, 1), (255, 1), (256, 1), (257, 2), (1024, 4)])
def test_block_count(paths, count):
    assert block_count(paths) == count


@pytest.mark.parametrize(
    ("text", "kind", "workers"),
    [
        ("threads:3", ThreadPoolExecutor, 3),
        ("threads", ThreadPoolExecutor, None),
        ("processes:1", ProcessPoolExecutor, 1),
    ],
)
def test_named_executor(text, kind, workers):
    with named_executor(text) as executor:
        assert isinstance(executor, kind)
        assert executor._max_workers == (workers or blocks.usable_cores())


@pytest.mark.parametrize(
    "text", ["", "thread", "threads:0", "threads:-1", "threads:x", "threads:1.5", "THREADS", ":2"]
)
def test_named_executor_refuses_other_words(text):
    with pytest.raises(
        ValueError, match=rf"executor = '{text}' is unknown; allowed: threads, proc"
    ):
        named_executor(text)


def test_named_executor_refuses_what_is_no_word():
    with pytest.raises(TypeError, match=r"^text = 3 is a int; allowed: "):
        named_executor(3)


def test_environment_names_the_default_executor(monkeypatch):
    monkeypatch.setenv("LIFCORE_EXECUTOR", "cluster")
    with pytest.raises(ValueError, match=r"executor = 'cluster' is unknown"):
        simulate(LIF(), h=0.1, T=0.1, paths=1, seed=1)
    monkeypatch.setenv("LIFCORE_EXECUTOR", "threads:1")
    assert map_blocks(operator.add, [(1, 2), (3, 4)], None, "") == [3, 7]


def test_usable_cores_without_affinity(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert blocks.usable_cores() >= 1


class Backwards(Executor):
    """Computes in the reverse order, as a cluster may."""

    def __init__(self):
        self.tasks = []

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.tasks.append((future, function, args))
        if len(self.tasks) == 3:
            for waiting, call, arguments in reversed(self.tasks):
                waiting.set_result(call(*arguments))
        return future


def test_any_executor_in_any_order():
    model, request = LIF(), {"h": 0.1, "T": 1.0, "paths": 700, "seed": 1}
    backwards = simulate(model, **request, executor=Backwards())
    assert np.array_equal(backwards.v, simulate(model, **request).v)


class Failing(Executor):
    def __init__(self):
        self.futures = []

    def submit(self, function, /, *args, **kwargs):
        self.futures.append(Future())
        if len(self.futures) == 1:
            self.futures[0].set_exception(RuntimeError("a worker died"))
        return self.futures[-1]


def test_a_failed_block_cancels_the_rest():
    executor = Failing()
    with pytest.raises(RuntimeError, match="a worker died"):
        map_blocks(operator.add, [(1, 2)] * 4, executor, "")
    assert all(future.cancelled() for future in executor.futures[1:])


@pytest.mark.parametrize("word", ["threads", "threads:2", "processes:1"])
def test_words_of_the_command_line_are_executors(word):
    request = {"h": 0.1, "T": 1.0, "paths": 300, "seed": 1}
    found = simulate(LIF(), **request, executor=word)
    assert np.array_equal(found.v, simulate(LIF(), **request).v)


def test_other_words_are_refused():
    with pytest.raises(ValueError, match=r"executor = 'process' is unknown; allowed: threads, pro"):
        simulate(LIF(), h=0.1, T=1.0, paths=3, seed=1, executor="process")


@pytest.mark.parametrize("how", ["'processes:1'", "ProcessPoolExecutor(1, get_context('spawn'))"])
def test_processes_without_a_main_guard_say_so(how, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "from lifcore import LIF, simulate\n"
        f"simulate(LIF(), h=0.1, T=1.0, paths=3, seed=1, executor={how})\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Put what a script does under  if __name__ == '__main__':")
