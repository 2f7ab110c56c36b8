"""Kernels that cannot be kept on disk are compiled all the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = (
    "from lifcore import LIF, simulate; print(simulate(LIF(), h=.1, T=1., paths=1, seed=1).v[0, 0])"
)
SAID = "lifcore: compiled kernels cannot be kept"


def run(program, folder, **environment):
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected():
    done = run(RUN, ROOT)
    assert done.returncode == 0
    return done.stdout


def test_no_folder_to_write_to(tmp_path, expected):
    """As on a read-only install without a home; root may write anywhere, so numba is told."""
    shutil.copytree(ROOT / "lifcore", tmp_path / "lifcore")
    nowhere = (
        "import numba.core.caching as c\n"
        "def no(*_): raise OSError(30, 'Read-only file system')\n"
        "c._CacheLocator.ensure_cache_path = no\n"
    )
    environment = {"HOME": "/nonexistent", "NUMBA_CACHE_DIR": ""}
    done = run(nowhere + RUN, tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected
    assert done.stderr.count(SAID) == 1
    assert "NUMBA_CACHE_DIR" in done.stderr


def test_a_full_disk(tmp_path, expected):
    full = (
        "import numba.core.caching as c\n"
        "def full(*_): raise OSError(28, 'No space left on device')\n"
        "c.IndexDataCacheFile._save_data = full\n"
    )
    done = run(full + RUN, ROOT, NUMBA_CACHE_DIR=str(tmp_path / "empty"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected
    assert done.stderr.count(SAID) == 1


def test_functions_of_others_are_as_numba_has_them():
    program = (
        "import lifcore, numba, numba.core.caching as c\n"
        "def no(*_): raise OSError(30, 'Read-only')\n"
        "c._CacheLocator.ensure_cache_path = no\n"
        "try:\n    numba.njit(cache=True)(lambda x: x)\n"
        "except RuntimeError: print('refused')\n"
    )
    assert run(program, ROOT).stdout == "refused\n"
