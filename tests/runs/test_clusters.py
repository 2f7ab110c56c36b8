"""The same bits on threads, processes, a cluster of dask's and MPI, and with a worker killed."""

import importlib.util
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from inspect import isclass, isfunction, signature
from multiprocessing import active_children, get_context
from pathlib import Path

import numpy as np
import pytest
from every_executor import FUNCTIONS, RING, bits

import lifcore
from lifcore import LIF, Recurrent, simulate, stability
from lifcore.commands import arguments
from lifcore.commands.verify import main
from lifcore.runs import executors, workers
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.workers import Processes

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def expected():
    """Checksums by one thread of this process, each computed when it is asked for."""
    known = {}

    def of(name):
        if name not in known:
            known[name] = bits(FUNCTIONS[name]("threads:1"))
        return known[name]

    return of


TAKE_ONE = {
    "CoupledEnsemble.spike_pairs", "Ensemble.all_spikes", "boundary_strip", "couple",
    "coupled_trains", "crossing_speeds", "error_profile", "exponent_by_growth",
    "exponent_by_tangent", "grid_rate", "long_runs", "multilevel", "network_spectrum",
    "plain_monte_carlo", "precise_grid_rate", "simulate", "simulate_spikes", "synchronise",
    "truncations", "weak_errors", "white_rates",
}  # fmt: skip
"""What takes an executor; `FUNCTIONS` has all but precise_grid_rate, which is two grid_rate."""


def test_no_function_is_left_out():
    packages = (lifcore, lifcore.runs, lifcore.strong, lifcore.weak, lifcore.loops, stability)
    public = {name: getattr(p, name) for p in packages for name in p.__all__}
    found = {
        f"{name}.{method}" if method else name
        for name, item in public.items()
        for method, function in [("", item), *(vars(item).items() if isclass(item) else ())]
        if isfunction(function) and "executor" in signature(function).parameters
    }
    assert found - {"map_blocks"} == TAKE_ONE


@pytest.fixture(scope="module")
def pools():
    with (
        ThreadPoolExecutor(2) as threads,
        Processes(2) as own,
        ProcessPoolExecutor(2, get_context("spawn")) as other,
    ):
        yield {"threads": threads, "processes": own, "other processes": other}


@pytest.mark.parametrize("kind", ["threads", "processes", "other processes"])
def test_same_bits_on_this_machine(kind, pools, expected):
    different = [n for n in FUNCTIONS if bits(FUNCTIONS[n](pools[kind])) != expected(n)]
    assert different == []


LONG = {"h": 1 / 256, "T": 50.0, "paths": 5000, "seed": 1}
"""A run of twenty blocks."""


def kill_in_the_middle(monkeypatch, executor, *victims):
    """Kill workers when half of the blocks of `LONG` are handed out, and so some are done.

    By the run's own progress, not by a clock: no machine is too fast or too busy for it.
    """
    submit, handed_out = executor.submit, []

    def kills(*call, **more):
        handed_out.append(call)
        if len(handed_out) == 10:
            for victim in victims:
                assert not gone(victim)
                os.kill(victim, signal.SIGKILL)
        return submit(*call, **more)

    monkeypatch.setattr(executor, "submit", kills)


def gone(pid):
    """Tell whether a process has ended, its parent having taken note or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def workers_of(cluster):
    found = cluster.run(os.getpid, on_error="ignore").values()
    return {pid for pid in found if isinstance(pid, int)}


def wait_for_others(cluster, *victims):
    """Wait until the nannies have put others in the place of those that were killed."""
    deadline = time.monotonic() + 60.0
    while len(now := workers_of(cluster)) < 2 or now & set(victims):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers on loopback; numbers travel between processes as they would."""
    distributed = pytest.importorskip(
        "distributed", reason="dask.distributed is not installed: pip install lifcore[cluster]"
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as local,
        distributed.Client(local) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore")
class TestDask:
    def test_same_bits(self, cluster, expected):
        with cluster.get_executor() as executor:
            assert workers.number_of_workers(executor) == 2
            different = [n for n in FUNCTIONS if bits(FUNCTIONS[n](executor)) != expected(n)]
        assert different == []

    def test_a_word_names_a_cluster(self, cluster, expected, capsys):
        word = f"dask:{cluster.scheduler_info()['address']}"
        assert bits(FUNCTIONS["simulate"](word)) == expected("simulate")
        with executors.named_executor(word) as executor:
            assert workers.number_of_workers(executor) == 2
        assert executor._client.status == "closed"
        assert arguments.executor_name(word) == word

    def test_a_killed_worker_loses_nothing(self, cluster, monkeypatch):
        whole = simulate(LIF(), **LONG, executor="threads:1").v
        pids = set(cluster.run(os.getpid).values())
        victim = min(pids)
        with cluster.get_executor() as executor:
            kill_in_the_middle(monkeypatch, executor, victim)
            found = simulate(LIF(), **LONG, executor=executor).v
        assert np.array_equal(found, whole)
        assert gone(victim)  # it was killed, not spared
        wait_for_others(cluster, victim)

    def test_all_workers_killed_lose_no_model(self, cluster, monkeypatch):
        net = Recurrent(LIF(), np.full((300, 300), 1e-4))
        request = {"h": 1 / 8, "T": 512.0, "paths": 40, "seed": 1}
        whole = simulate(net, **request, executor="threads:1").v
        victims = workers_of(cluster)
        with cluster.get_executor() as executor:
            kill_in_the_middle(monkeypatch, executor, *victims)
            found = simulate(net, **request, executor=executor).v
        assert np.array_equal(found, whole)
        assert all(gone(victim) for victim in victims)
        wait_for_others(cluster, *victims)

    def test_the_same_large_model_in_run_after_run(self, cluster, expected):
        with cluster.get_executor() as executor:
            for _ in range(20):
                assert bits(FUNCTIONS["loops, Euler"](executor)) == expected("loops, Euler")

    def test_a_large_model_is_sent_once(self, cluster, monkeypatch):
        net = Recurrent(LIF(), np.full((300, 300), 1e-4))
        with cluster.get_executor() as executor:
            sent, submit = [], executor.submit

            def weigh(*call):
                sent.append(len(pickle.dumps([part for part in call if not hasattr(part, "key")])))
                return submit(*call)

            monkeypatch.setattr(executor, "submit", weigh)
            found = simulate(net, h=1 / 8, T=512.0, paths=8, seed=1, executor=executor)
        assert len(sent) > 1
        assert max(sent) < 10_000
        assert np.array_equal(found.v, simulate(net, h=1 / 8, T=512.0, paths=8, seed=1).v)


MPI = """
import sys
sys.path[:0] = {path!r}
from every_executor import FUNCTIONS, bits
from lifcore.runs.workers import number_of_workers
if __name__ == "__main__":
    from mpi4py.futures import MPIPoolExecutor
    with MPIPoolExecutor() as executor:
        for name in {names!r}:
            print(name, bits(FUNCTIONS[name](executor)), sep=": ", flush=True)
        assert number_of_workers(executor) == 2
"""


@pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None
    or shutil.which("mpiexec", path=str(Path(sys.executable).parent)) is None,
    reason="mpi4py and an mpiexec beside Python are not installed: pip install mpi4py mpich",
)
def test_same_bits_by_mpi(expected, tmp_path):
    script = tmp_path / "script.py"
    names = list(FUNCTIONS)
    script.write_text(MPI.format(path=[str(HERE), *sys.path], names=names))
    mpiexec = Path(sys.executable).parent / "mpiexec"
    done = subprocess.run(
        [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", script],
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = dict(line.split(": ") for line in done.stdout.splitlines())
    assert found == {name: expected(name) for name in names}


@pytest.mark.parametrize("kind", [Processes, ProcessPoolExecutor])
def test_a_killed_process_loses_nothing(kind, monkeypatch):
    whole = simulate(LIF(), **LONG, executor="threads:1").v
    context = {} if kind is Processes else {"mp_context": get_context("spawn")}
    others = set(active_children())  # of the cluster and pools above
    with kind(2, **context) as pool:
        victim = pool.submit(os.getpid).result()
        kill_in_the_middle(monkeypatch, pool, victim)
        found = simulate(LIF(), **LONG, executor=pool).v
        monkeypatch.undo()
        with pytest.raises(RuntimeError):  # it was broken
            pool.submit(os.getpid).result()
    assert np.array_equal(found, whole)
    assert set(active_children()) <= others  # nor is one of those left that took its place


def end(number):
    if number == 2:
        os._exit(9)
    return number


def test_a_task_that_kills_every_worker_ends_the_run():
    with pytest.raises(RuntimeError, match="a process ended before its work was done, for want of"):
        map_blocks(end, [(k,) for k in range(4)], "processes:1", "deadly")


def test_tasks_are_made_as_they_are_worked_off():
    made, most = [0], [0]

    def make(k):
        made[0] += 1
        most[0] = max(most[0], made[0] - finished[0])
        return (k,)

    finished = [0]

    def work(k):
        finished[0] += 1
        return k

    with ThreadPoolExecutor(2) as pool:
        found = map_blocks(work, Blocks(make, 500), pool, "many")
    assert found == list(range(500))
    assert most[0] <= executors.AHEAD * 2


def test_a_block_is_sent_its_own_start_and_the_model_once(monkeypatch):
    sent = []
    real = Processes.submit

    def weigh(self, *call):
        sent.append(len(pickle.dumps(call)))
        return real(self, *call)

    monkeypatch.setattr(Processes, "submit", weigh)
    v = np.linspace(-0.5, 0.5, 5000)
    found = simulate(
        LIF(), h=1 / 8, T=1.0, paths=5000, seed=1, start=(v, v), executor="processes:1"
    )
    assert np.array_equal(
        found.v, simulate(LIF(), h=1 / 8, T=1.0, paths=5000, seed=1, start=(v, v)).v
    )
    assert max(sent) < 10_000  # two times 256 numbers, and not 5000
    sent.clear()
    net = Recurrent(LIF(), np.full((300, 300), 1e-4))  # 720 kB
    request = {"h": 1 / 8, "T": 512.0, "paths": 8, "seed": 1}
    found = simulate(net, **request, executor="processes:1")
    assert len(sent) > 1
    assert max(sent) < 10_000
    assert np.array_equal(found.v, simulate(net, **request).v)


def test_files_of_models_do_not_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(workers.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(workers, "LARGE", 1)
    simulate(RING, h=1 / 8, T=1.0, paths=3, seed=1, executor="processes:1")
    assert list(tmp_path.iterdir()) == []


class Cancelling(ThreadPoolExecutor):
    """All that is submitted is cancelled by somebody else."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_futures_that_are_cancelled_elsewhere_are_not_waited_for():
    begun = time.monotonic()
    with pytest.raises(CancelledError), Cancelling(1) as pool:
        map_blocks(end, [(1,)] * 3, pool, "cancelled")
    assert time.monotonic() - begun < 10.0


def test_a_cluster_that_loses_all_work_ends_the_run(monkeypatch):
    monkeypatch.setattr(executors, "client_of", lambda executor: "a client")
    with pytest.raises(RuntimeError, match="lost its work three times"), Cancelling(1) as pool:
        map_blocks(end, [(1,)] * 3, pool, "cancelled")


@pytest.mark.parametrize("address", ["", "nowhere", "tcp://127.0.0.1:9", "tcp://127.0.0.1:x"])
def test_a_scheduler_that_does_not_answer(address, capsys):
    pytest.importorskip("distributed", reason="pip install lifcore[cluster]")
    said = f"executor = 'dask:{address}': no scheduler answers; start one by  dask scheduler"
    with pytest.raises(ValueError, match=re.escape(said)):
        simulate(LIF(), h=0.1, T=1.0, paths=1, seed=1, executor=f"dask:{address}")
    assert main(["verify", "--executor", f"dask:{address}"]) == 2
    written = capsys.readouterr()
    assert said in written.err
    assert written.err.count("\n") == 1
    assert written.out == ""


def test_a_cluster_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"dask:tcp://a:1' needs dask: pip install 'lifcore\["):
        executors.named_executor("dask:tcp://a:1")
