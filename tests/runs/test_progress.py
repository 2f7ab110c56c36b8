"""What a run says while it is under way."""

import gc
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbclient import NotebookClient

from lifcore import LIF, simulate
from lifcore.runs import executors, progress
from lifcore.runs.executors import map_blocks
from lifcore.runs.progress import Count, duration, follow
from lifcore.runs.workers import Processes, in_worker
from lifcore.schemes.portions import watch


@pytest.fixture
def talking(monkeypatch):
    """Progress at once, as in a terminal."""
    monkeypatch.delenv("LIFCORE_PROGRESS")
    monkeypatch.setattr(progress, "_POLL", 0.02)
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_short_runs_say_nothing(monkeypatch, capfd):
    monkeypatch.delenv("LIFCORE_PROGRESS")
    simulate(LIF(), h=0.1, T=1.0, paths=300, seed=1)
    assert capfd.readouterr() == ("", "")


def wait_until(condition):
    """Wait, but not for ever if nobody looks: then the test is to fail and not to hang."""
    end = time.monotonic() + 120.0
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


class Looked(Count):
    """A count that knows how often it was looked at."""

    looks = 0

    @property
    def done(self):
        self.looks += 1
        return super().done


def wait_and_count(count):
    for _ in range(10):
        wait_until(lambda seen=count.looks: count.looks >= seen + 4)
        count.add(0.05)  # half of the only task by its end


@pytest.mark.parametrize("long", [0.0, 1e9])
def test_a_bar_by_steps_and_an_estimate_for_long_runs(long, talking, monkeypatch, capsys):
    monkeypatch.setattr(progress, "LONG", long)
    count = Looked()
    with ThreadPoolExecutor(1) as pool:
        follow([pool.submit(wait_and_count, count)], count, "one block")
    out, err = capsys.readouterr()
    assert out == ""
    assert "one block:" in err
    assert "%|" in err
    assert any(f"one block: {whole}" in err for whole in range(5, 50))  # percent of one block
    assert ("lifcore: one block: about 0." in err) == (long == 0.0)  # minutes more
    assert err.endswith("\r")  # the bar is gone


@pytest.mark.usefixtures("talking")
def test_off_means_nothing(monkeypatch, capfd):
    monkeypatch.setenv("LIFCORE_PROGRESS", "off")
    monkeypatch.setattr(progress, "LONG", 0.0)
    map_blocks(time.sleep, [(0.3,)], "threads:1", "quiet")
    assert capfd.readouterr() == ("", "")


def test_compilation_is_announced_once_and_late(capsys):
    listener = progress._Compiling()
    listener.on_start(None)
    listener.announce()
    assert capsys.readouterr().err == ""
    listener.since -= 10.0
    listener.announce()
    listener.announce()
    assert capsys.readouterr().err.count("compiling kernels, once") == 1
    listener.on_end(None)
    assert listener.depth == 0


def test_numba_tells_when_it_compiles():
    from numba import njit

    seen = []

    @njit
    def fresh(x):
        return x + 1

    class Listener(progress._Compiling):
        def on_start(self, event):
            seen.append(event)

    one = Listener()
    progress.event.register("numba:compile", one)
    try:
        fresh(1)
    finally:
        progress.event.unregister("numba:compile", one)
    assert seen


@pytest.mark.parametrize("collected", [True, False])
def test_garbage_waits_while_kernels_are_compiled(collected):
    from numba import njit
    from numba.extending import overload

    found = []

    def more(x):
        raise NotImplementedError

    @overload(more)
    def compiled(x):
        found.append(gc.isenabled())
        return lambda x: x + 1

    (gc.enable if collected else gc.disable)()
    try:
        assert njit(lambda x: more(x))(1) == 2
        assert gc.isenabled() == collected
    finally:
        gc.enable()
    assert found
    assert not any(found)


def test_a_single_block_counts_its_steps(monkeypatch):
    shares, add = [], Count.add
    monkeypatch.setattr(Count, "add", lambda self, share: (shares.append(share), add(self, share)))
    simulate(LIF(), h=1 / 64, T=1000.0, paths=256, seed=1, executor="threads:1")
    assert max(shares) < 1.0
    assert sum(shares) == pytest.approx(1.0)


def half_and_then_wait(seen):
    watch().done(0.5)
    wait_until(seen.exists)  # the other half is done when somebody has looked


def test_a_process_is_seen_to_be_half_way(monkeypatch, tmp_path):
    half, done = tmp_path / "half", []

    def sample(futures, count, label, refill, total):
        while not futures[0].done():
            if count.done == 0.5:
                half.touch()
            time.sleep(0.01)
        done.append(count.done)
        refill(futures)

    monkeypatch.setattr(executors, "follow", sample)
    map_blocks(half_and_then_wait, [(half,)], "processes:1", "half")
    assert half.exists()
    assert done == [1.0]


def test_an_earlier_run_on_the_same_processes_is_not_counted_again():
    with Processes(1) as pool:
        for _ in range(2):
            count = Count()
            count.elsewhere(pool.progress)
            pool.submit(in_worker, pow, "", None, 2, 3).result()
            assert count.done == 1.0


@pytest.mark.parametrize(
    ("seconds", "words"), [(1.2e4, "3.3 hours"), (8e4, "22 hours"), (1e12, "32000 years")]
)
def test_duration(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize("switch", ["off", "on"])
def test_stored_outputs_hold_no_progress(switch, monkeypatch):
    source = """
import time
from lifcore.runs import progress
from lifcore.runs.executors import map_blocks
progress.PATIENCE = 0.1
map_blocks(time.sleep, [(0.6,)], None, "slow")
"""
    monkeypatch.setenv("LIFCORE_PROGRESS", switch)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    shown = "".join(output.get("text", "") for output in outputs)
    assert ("slow" in shown) == (switch == "on")
