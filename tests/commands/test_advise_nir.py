"""python -m lifcore advise NEURON.nir: files as other programs write them, by the package nir."""

import json
import sys
from itertools import pairwise

import numpy as np
import pytest

from lifcore import LIF, step_size
from lifcore.commands.verify import main

nir = pytest.importorskip("nir")


def full(**values):
    return {name: np.full(3, value) for name, value in values.items()}


# tau_m 20 ms, tau 5 ms; the threshold is 1 above rest, and a current of 1/r = 0.5 reaches it
CUBA = full(tau_mem=0.02, tau_syn=0.005, r=2.0, v_leak=0.0, v_threshold=1.0, v_reset=0.25)
PLAIN = full(tau=0.01, r=2.0, v_leak=0.0, v_threshold=1.0, v_reset=0.0)
DRIVE = ["--I-e", "0.75", "--noise-sd", "0.15"]


def file(path, **nodes):
    """Write a graph, its nodes one behind the other."""
    shape = {"input_type": {"input": np.array([3])}, "output_type": {"output": np.array([3])}}
    nodes = {
        "input": nir.Input(input_type=shape["input_type"]),
        **nodes,
        "output": nir.Output(output_type=shape["output_type"]),
    }
    names = list(nodes)
    nir.write(path, nir.NIRGraph(nodes=nodes, edges=list(pairwise(names))))
    return path


def advise(*arguments, capsys):
    status = main(["advise", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def asked(*arguments, capsys):
    status, out, err = advise(*arguments, "--rate-error", "1%", "--json", "-", capsys=capsys)
    assert status == 0, err
    return json.loads(out)


def test_a_cuba_lif_node(tmp_path, capsys):
    path = file(tmp_path / "net.nir", hidden=nir.CubaLIF(**CUBA))
    found = asked(path, *DRIVE, capsys=capsys)
    neuron = LIF(**found["neuron"])
    assert (neuron.g, neuron.v_th, neuron.v_reset, neuron.tau) == (1.0, 1.0, 0.25, 0.25)
    assert neuron.mu == pytest.approx(1.5)
    assert neuron.sigma == pytest.approx(0.3 * 8**0.5)
    assert found["dt"] == pytest.approx(20.0 * step_size(neuron, tolerance=0.01, quantity="rate").h)


def test_a_lif_node_says_how_fast_its_input_is(tmp_path, capsys):
    path = file(tmp_path / "net.nir", only=nir.LIF(**PLAIN))
    found = asked(path, *DRIVE, "--tau-syn", "5", capsys=capsys)
    assert (found["neuron"]["tau"], found["neuron"]["v_reset"]) == (0.5, 0.0)
    status, _, err = advise(path, *DRIVE, "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "only is a LIF node, which has no synaptic current" in err
    assert err.count("\n") == 1


def test_a_graph_with_several_neurons(tmp_path, capsys):
    layer = nir.Affine(weight=np.eye(3), bias=np.zeros(3))
    path = file(
        tmp_path / "net.nir", first=nir.CubaLIF(**CUBA), weights=layer, second=nir.LIF(**PLAIN)
    )
    status, _, err = advise(path, *DRIVE, "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "first, second" in err
    first = asked(path, *DRIVE, "--node", "first", capsys=capsys)
    second = asked(path, *DRIVE, "--node", "second", "--tau-syn", "5", capsys=capsys)
    assert (first["neuron"]["tau"], second["neuron"]["tau"]) == (0.25, 0.5)
    status, _, err = advise(path, "--node", "third", "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "'third' is unknown; allowed: first, input, output, second, weights" in err


def test_a_node_that_cannot_be_mapped_is_named(tmp_path, capsys):
    odd = nir.IF(r=np.ones(3), v_threshold=np.ones(3), v_reset=np.zeros(3))
    path = file(tmp_path / "net.nir", good=nir.CubaLIF(**CUBA), odd=odd)
    status, _, err = advise(path, *DRIVE, "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "node 'odd' is a IF, which this model cannot express; allowed: CubaLIF or LIF" in err
    only = file(tmp_path / "none.nir", weights=nir.Affine(weight=np.eye(3), bias=np.zeros(3)))
    status, _, err = advise(only, *DRIVE, "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "CubaLIF or LIF nodes: none" in err


def test_neurons_of_a_node_that_differ(tmp_path, capsys):
    mixed = CUBA | {"tau_mem": np.array([0.01, 0.02, 0.03])}
    path = file(tmp_path / "net.nir", hidden=nir.CubaLIF(**mixed))
    status, _, err = advise(path, *DRIVE, "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "hidden.tau_mem holds 3 values" in err


def test_no_such_file_no_nir_and_no_package(tmp_path, capsys, monkeypatch):
    for name, text in (("missing.nir", None), ("text.nir", "no HDF5")):
        if text:
            (tmp_path / name).write_text(text)
        status, _, err = advise(tmp_path / name, "--rate-error", "1%", capsys=capsys)
        assert status == 2
        assert err.count("\n") == 1
    path = file(tmp_path / "net.nir", hidden=nir.CubaLIF(**CUBA))
    monkeypatch.setitem(sys.modules, "nir", None)
    status, _, err = advise(path, *DRIVE, "--rate-error", "1%", capsys=capsys)
    assert status == 2
    assert "pip install 'lifcore[nir]'" in err
