"""Runs that are killed from outside: no process and no traceback stays, and no lock holds."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lifcore.commands import verify
from lifcore.commands.claims_file import ClaimsFile
from lifcore.noise.streams import STREAM_VERSION

SLOW = """
import sys, time
from lifcore import LIF, simulate
print("begun", file=sys.stderr)
simulate(LIF(), h=1e-4, T=1e4, paths=512, seed=seed)
"""


def children(pid):
    """Return a process and what it has started, by their ids."""
    found = [pid]
    for known in found:
        tasks = Path(f"/proc/{known}/task").glob("*/children")
        with contextlib.suppress(OSError):
            found += [int(child) for task in tasks for child in task.read_text().split()]
    return found


def stat(pid):
    """Return a process's state, and when it began: another may get the id of one that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[19]


def tree(pid):
    """Return when a process and what it has started began, by their ids."""
    return {one: stat(one)[1] for one in children(pid)}


def running(begun):
    """Return those that run; an orphan that only waits for process 1 to note its end does not."""
    return [
        pid for pid, when in begun.items() if when and stat(pid)[1] == when and stat(pid)[0] != "Z"
    ]


def is_worker(pid):
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes in /proc")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_an_ended_run_leaves_no_process_and_no_traceback(how, tmp_path):
    from test_verify import notebook

    folder = tmp_path / "book"
    folder.mkdir()
    content = notebook("seed, scale = 4, 1", SLOW)
    (folder / "slow.ipynb").write_text(json.dumps(content))
    target = tmp_path / "claims.json"
    program = (
        "import sys; from pathlib import Path; from lifcore.commands import verify\n"
        f"verify.BOOK = Path({str(folder)!r})\n"
        "if __name__ == '__main__': sys.exit(verify.main(sys.argv[1:]))"
    )
    call = [sys.executable, "-c", program, "verify", "--executor", "processes:2", "--json"]
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    run = subprocess.Popen(
        [*call, str(target)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env=environment,
    )  # fmt: skip
    all_of_it = {}
    try:
        deadline = time.monotonic() + 300.0  # a busy machine needs long to start four processes
        while sum(map(is_worker, all_of_it := tree(run.pid))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        time.sleep(1.0)
        all_of_it = tree(run.pid)
        if how == "SIGINT":  # as a terminal does, to all of the group
            os.killpg(run.pid, signal.SIGINT)
        else:
            os.kill(run.pid, getattr(signal, how))
        out, _ = run.communicate(timeout=120)
        deadline = time.monotonic() + 60.0
        while (left := running(all_of_it)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left == []
    finally:  # a test that fails leaves none either
        for pid in running(all_of_it):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        run.wait()
    assert run.returncode == (-signal.SIGKILL if how == "SIGKILL" else verify.INTERRUPTED)
    assert how == "SIGKILL" or out.splitlines() == [
        "[1/1] slow ... interrupted",
        "claim  expected  measured  99.9 % interval  verdict",
        f"stream version {STREAM_VERSION}; 0 claims, 0 failed",
        "1 of 1 chapters were not run to their end; --resume goes on with them",
    ]
    assert not target.exists()
    with ClaimsFile(target, {}):  # the lock of a run that was killed holds nobody
        pass
