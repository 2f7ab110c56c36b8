"""NIR nodes by hand, as objects and (where nir is installed) from a file."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lifcore.models.nir_nodes import from_nir, to_nir


class CubaLIF(SimpleNamespace):
    pass


class LIF(SimpleNamespace):
    pass


class IF(SimpleNamespace):
    pass


class Linear(SimpleNamespace):
    pass


def ones(**values):
    return {name: np.full(3, value) for name, value in values.items()}


CUBA = ones(tau_mem=0.02, tau_syn=0.005, r=2.0, v_leak=0.5, v_threshold=2.5, v_reset=1.0, w_in=1.0)
PLAIN = ones(tau=0.02, r=2.0, v_leak=0.5, v_threshold=2.5, v_reset=1.0)


def test_nodes_by_hand():
    # tau_m 20 ms, tau 5/20; threshold 2 above rest, reset 0.5 above: 1/4. The current that holds
    # v at threshold is 2/r = 1, so that I_e = 1.5 is mu = 1.5.
    for node, more in ((CubaLIF(**CUBA), {}), (LIF(**PLAIN), {"tau_syn": 5.0})):
        cell = from_nir(node, I_e=1.5, noise_sd=0.3, **more)
        assert (cell.tau_m, cell.tau_syn, cell.current_unit) == (20.0, 5.0, 1.0)
        lif = cell.lif
        assert (lif.g, lif.v_th, lif.v_reset, lif.tau, lif.mu) == (1.0, 1.0, 0.25, 0.25, 1.5)
        assert lif.sigma == pytest.approx(0.3 * 8**0.5, rel=1e-12)
    back = to_nir(cell)
    for name in CUBA.keys() - {"w_in"}:
        assert back[name] == pytest.approx(CUBA[name][:1], rel=1e-12)
    assert from_nir(CubaLIF(**back), I_e=1.5, noise_sd=0.3) == cell


def graph(**nodes):
    return SimpleNamespace(nodes=nodes)


@pytest.mark.parametrize(
    ("source", "given", "error", "message"),
    [
        (LIF(**PLAIN), {}, TypeError, "node is a LIF node, which has no synaptic current; allowed"),
        (CubaLIF(**CUBA), {"tau_syn": 5.0}, TypeError, "tau_syn = 5.0; allowed: none"),
        (graph(a=Linear()), {}, ValueError, "CubaLIF or LIF nodes: none; allowed: one"),
        (graph(a=CubaLIF(**CUBA), b=IF()), {}, ValueError, "node 'b' is a IF, which this model"),
        (graph(a=CubaLIF(), b=CubaLIF()), {}, ValueError, "CubaLIF or LIF nodes: a, b; allowed"),
        (graph(a=CubaLIF()), {"node": "c"}, ValueError, "node = 'c' is unknown; allowed: a"),
        (CubaLIF(**CUBA | {"r": np.array([1.0, 2])}), {}, ValueError, "node.r holds 2 values"),
        (CubaLIF(**CUBA | {"r": np.array([-1.0])}), {}, ValueError, "node.r = -1.0 is out of"),
        (CubaLIF(**CUBA), {"Ie": 1.0}, TypeError, "did you mean I_e?"),
        (
            CubaLIF(**CUBA | {"tau_mem": None}),
            {},
            TypeError,
            "node.tau_mem = None; allowed: a number",
        ),
        (CubaLIF(**CUBA | {"r": "1"}), {}, TypeError, "node.r = '1'; allowed: a number"),
        (
            CubaLIF(**CUBA | {"v_threshold": CUBA["v_reset"]}),
            {},
            ValueError,
            "is not below node.v_threshold = ",
        ),
        (LIF(**PLAIN), {"tau_syn": -5.0}, ValueError, "tau_syn = -5.0 is out of range; allowed"),
        (None, {}, TypeError, "source = None is a NoneType; allowed: a CubaLIF or LIF node"),
        (graph(a=CubaLIF()), {"node": ["a"]}, TypeError, "node = ['a'] is a list; allowed: "),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_refused(source, given, error, message):
    with pytest.raises(error, match=re.escape(message)):
        from_nir(source, **given)


def test_a_graph_with_one_neuron_node_and_the_older_node_without_reset():
    old = {name: value for name, value in CUBA.items() if name != "v_reset"}
    assert from_nir(graph(a=Linear(), b=CubaLIF(**old))).V_reset == 0.0
    both = graph(a=CubaLIF(**old), b=CubaLIF(**CUBA))
    assert from_nir(both, node="b").V_reset == 1.0


def test_a_file_without_the_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r"pip install 'lifcore\[nir\]'"):
        from_nir("net.nir")


def test_a_file(tmp_path):
    nir = pytest.importorskip("nir")
    parts = {"in": nir.Input(np.array([3])), "n": nir.CubaLIF(**CUBA)}
    parts["out"] = nir.Output(np.array([3]))
    nir.write(tmp_path / "net.nir", nir.NIRGraph(parts, [("in", "n"), ("n", "out")]))
    assert from_nir(tmp_path / "net.nir") == from_nir(CubaLIF(**CUBA))


@pytest.mark.parametrize("name", ["tau_mem", "tau_syn", "r"])
def test_values_out_of_range_bear_the_names_of_the_node(name):
    with pytest.raises(ValueError, match=f"node.{name} = -0.01"):
        from_nir(CubaLIF(**CUBA | {name: np.full(3, -0.01)}), I_e=1.5)


def test_files_that_cannot_be_read_are_named(tmp_path):
    pytest.importorskip("nir")
    with pytest.raises(FileNotFoundError, match=r"none\.nir: no such file"):
        from_nir(tmp_path / "none.nir")
    text = tmp_path / "text.nir"
    text.write_text("no HDF5")
    with pytest.raises(ValueError, match=r"text\.nir is no NIR file"):
        from_nir(text)
