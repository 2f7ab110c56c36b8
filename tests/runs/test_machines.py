"""The same bits by other instructions: of BLAS, NumPy, the mathematics library and numba."""

import os
import subprocess
import sys
from functools import lru_cache

import pytest

from machines import SETTINGS, disabled

RUNS = """
import hashlib
from dataclasses import astuple, is_dataclass

import numpy as np

from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.loops import truncations
from lifcore.noise import bridges, chain_covariance, exact_flow, step_covariance
from lifcore.stability import exponent_by_growth, exponent_by_tangent, network_spectrum

NEURON = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)
CHAIN = Feedforward([LIF(g=0.7, mu=1.5), LIF(mu=0.8, tau=0.3)], [[[0.4]]])
RING = Recurrent(LIF(mu=1.4, sigma=0.6), 0.4 * np.roll(np.eye(7), 1, axis=0), common=0.3)


def parts(found):
    if isinstance(found, np.ndarray):
        yield found
    elif isinstance(found, float):
        yield np.array(found)
    elif is_dataclass(found) or isinstance(found, tuple | list):
        for part in found if isinstance(found, tuple | list) else vars(found).values():
            yield from parts(part)


def show(name, found):
    digest = hashlib.sha256()
    for part in parts(found):
        assert part.dtype != object
        digest.update(np.ascontiguousarray(part).tobytes())
    print(name, digest.hexdigest())


for g, tau, h in ((1.0, 1.0, 0.5), (0.3, 0.05, 0.01), (2.0, 0.7, 1.3), (0.0, 3.0, 0.1)):
    lif = LIF(g=g, tau=tau, mu=2.5, sigma=0.7)
    show("flow", exact_flow(lif, h))
    show("bridges", bridges(lif, h, 30))
    show("covariance", [chain_covariance(g, 1.0 / tau, h), step_covariance(lif, h)])
for scheme in ("euler", "exponential", "exact"):
    for model in (NEURON, CHAIN, RING):
        run = simulate(model, h=1 / 16, T=4.0, paths=3, seed=1, scheme=scheme)
        show(scheme, [run.v, run.i, run.spike_counts, run.all_spikes()])
for model in (CHAIN, RING):
    pairs = couple(model, h=[1 / 16, 1 / 8], T=2.0, paths=3, seed=1)
    show("couple", [pairs.v, pairs.i, pairs.v_euler])
show("truncations", truncations(RING, depth=2, h=1 / 16, T=2.0, paths=3, seed=1))
show("tangent", exponent_by_tangent(NEURON, T=8.0, paths=256, seed=1))
show("growth", exponent_by_growth(NEURON, T=8.0, paths=256, seed=1))
show("spectrum", network_spectrum(RING, T=8.0, paths=64, seed=1))
"""


@lru_cache
def digests(**settings):
    run = [sys.executable, "-W", "ignore", "-c", RUNS]
    environment = {**os.environ, **settings}
    found = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


@pytest.mark.parametrize("name", SETTINGS)
def test_no_bit_depends_on_the_instructions(name):
    expected, found = digests(), digests(**SETTINGS[name])
    assert len(expected) == len(found) == 27
    assert found == expected


def test_the_settings_do_change_what_a_library_computes():
    # else the tests above would show nothing; a machine without such instructions has no choice
    if "AVX2" not in disabled() and "X86_V3" not in disabled():
        pytest.skip("NumPy has no other instructions to choose from here")
    code = "import numpy as np; print(hash(np.exp(np.linspace(-1, 1, 9999)).tobytes()))"
    found = set()
    for settings in ({}, SETTINGS["numpy"]):
        environment = {**os.environ, "PYTHONHASHSEED": "0", **settings}
        run = [sys.executable, "-W", "ignore", "-c", code]
        found.add(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert len(found) == 2
