"""Neurons from nodes of the Neuromorphic Intermediate Representation (NIR), and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lifcore import checks
from lifcore.models.physical import Physical
from lifcore.models.simulators import from_nest

#: Nodes that only carry or weight signals; any other node has dynamics that the model lacks.
CARRIERS = ("Input", "Output", "Affine", "Linear", "Scale", "Flatten")


def from_nir(source: Any, *, node: str | None = None, **given: Any) -> Physical:
    r"""Return the neuron of a NIR ``CubaLIF`` or ``LIF`` node.

    NIR's times are in s. Its potentials and currents have no unit: one of each is taken for 1 mV
    and 1 pA, which moves nothing in `Physical.lif`. tau_m = 1000 tau_mem, C_m = tau_m/r. The
    weight w_in scales a node's input, so it has no part in the neuron; what its input does to the
    current is said by `given`.

    Parameters
    ----------
    source : node, graph, str or Path
        A node or a graph, as the package nir makes them, or a ``.nir`` file (needs nir).
    node : str, optional
        Name of the node in a graph with several.
    **given : float
        I_e, noise_sd, V_sd, rates (Hz) with weights (jumps of I), as in `from_nest`. For ``LIF``
        also `tau_syn`, ms: that node has no synaptic current, so the correlation time of the
        current that drives it must be said.

    Returns
    -------
    Physical

    Raises
    ------
    TypeError, ValueError
        If there is no such node, or one that cannot be mapped (it is named), if a layer's neurons
        differ, or a parameter is out of range.
    ImportError
        If a file is given and nir is not installed.

    References
    ----------
    Pedersen et al., Nature Communications 15 (2024), 8122; definitions of nir 1.0.8.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> class CubaLIF(SimpleNamespace): ...
    >>> cuba = CubaLIF(tau_mem=0.02, tau_syn=0.005, r=1.0, v_leak=0.0, v_threshold=1.0, v_reset=0.0)
    >>> from_nir(cuba, I_e=1.5).lif.mu
    1.5
    """
    if isinstance(source, str | Path):
        source = _read(source)
    name, neuron = _find(source, node)
    kind = type(neuron).__name__
    checks.known(kind, given, ["I_e", "tau_syn", "noise_sd", "V_sd", "rates", "weights"])
    fields = ("r", "v_leak", "v_threshold") + (
        ("tau_mem", "tau_syn") if kind == "CubaLIF" else ("tau",)
    )
    value = {field: _number(f"{name}.{field}", getattr(neuron, field, None)) for field in fields}
    # nir before 1.0.8 has no v_reset: 0, as its later default.
    reset = getattr(neuron, "v_reset", None)
    value["v_reset"] = 0.0 if reset is None else _number(f"{name}.v_reset", reset)
    if kind == "CubaLIF":
        if "tau_syn" in given:
            raise TypeError(f"tau_syn = {given['tau_syn']!r}; allowed: none, as {name} has its own")
        tau_syn, tau_m = 1000.0 * value["tau_syn"], 1000.0 * value["tau_mem"]
    else:
        if "tau_syn" not in given:
            raise TypeError(
                f"{name} is a LIF node, which has no synaptic current; allowed: tau_syn = the "
                "correlation time of its input current in ms, or a CubaLIF node"
            )
        tau_syn = checks.real("tau_syn", given.pop("tau_syn"), above=0.0, hint="milliseconds")
        tau_m = 1000.0 * value["tau"]
    for field in set(value) & {"r", "tau", "tau_mem", "tau_syn"}:
        checks.real(f"{name}.{field}", value[field], above=0.0)
    if value["v_reset"] >= value["v_threshold"]:
        raise ValueError(
            f"{name}.v_reset = {value['v_reset']!r} is not below {name}.v_threshold = "
            f"{value['v_threshold']!r}; allowed: v_reset < v_threshold"
        )
    return from_nest(
        C_m=tau_m / value["r"],
        tau_m=tau_m,
        tau_syn_ex=tau_syn,
        V_th=value["v_threshold"],
        V_reset=value["v_reset"],
        E_L=value["v_leak"],
        **given,
    )


def _read(path: str | Path) -> Any:
    """Return the graph of a file."""
    try:
        import nir
    except ImportError as error:
        raise ImportError(
            f"{path}: reading a NIR file needs the package nir: pip install 'lifcore[nir]'"
        ) from error
    try:
        return nir.read(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except (OSError, KeyError) as error:
        raise ValueError(f"{path} is no NIR file: {error}") from error


def _find(source: Any, wanted: str | None) -> tuple[str, Any]:
    """Return name and node; refuse what cannot be mapped."""
    nodes = getattr(source, "nodes", None)
    if not isinstance(nodes, Mapping):
        if type(source).__name__ not in ("LIF", "CubaLIF"):
            raise TypeError(
                f"source = {source!r} is a {type(source).__name__}; allowed: a CubaLIF or LIF "
                "node, a graph, or the path of a .nir file"
            )
        nodes = {"node": source}
    if wanted is not None:
        checks.instance("node", wanted, str)
        if wanted not in nodes:
            raise ValueError(f"node = {wanted!r} is unknown; allowed: {', '.join(nodes)}")
        nodes = {wanted: nodes[wanted]}
    kinds = {name: type(node).__name__ for name, node in nodes.items()}
    for name, kind in kinds.items():
        if kind not in ("LIF", "CubaLIF", *CARRIERS):
            raise ValueError(
                f"node {name!r} is a {kind}, which this model cannot express; allowed: CubaLIF or "
                f"LIF, with {', '.join(CARRIERS)}"
            )
    neurons = [name for name, kind in kinds.items() if kind in ("LIF", "CubaLIF")]
    if len(neurons) != 1:
        found = ", ".join(neurons) or "none"
        raise ValueError(f"CubaLIF or LIF nodes: {found}; allowed: one, or `node` names it")
    return neurons[0], nodes[neurons[0]]


def _number(name: str, value: object) -> float:
    """Return the one value of an array."""
    entries = np.asarray(value)
    if entries.dtype.kind not in "biuf":
        raise TypeError(f"{name} = {value!r}; allowed: a number, or an array of them")
    entries = np.unique(entries)
    if entries.size != 1:
        raise ValueError(f"{name} holds {entries.size} values; allowed: one value for all neurons")
    return checks.real(name, entries[0].item())


def to_nir(neuron: Physical) -> dict[str, np.ndarray]:
    """Return the parameters of a ``CubaLIF`` node of one neuron; drive and noise are none of them.

    Parameters
    ----------
    neuron : Physical

    Returns
    -------
    dict
        Arrays of shape (1,), for ``nir.CubaLIF(**...)``, with w_in so that an input spike of
        weight w makes the current jump by w.

    Raises
    ------
    TypeError
        If `neuron` is no Physical.

    Examples
    --------
    >>> cell = Physical(C_m=20, tau_m=20, tau_syn=5, V_th=1, V_reset=0, E_L=0)
    >>> to_nir(cell)["tau_mem"].tolist()
    [0.02]
    """
    checks.instance("neuron", neuron, Physical)
    checks.absent("t_ref", neuron.t_ref, 0.0, "a CubaLIF node has no refractory time")
    values = {
        "tau_syn": neuron.tau_syn / 1000.0,
        "tau_mem": neuron.tau_m / 1000.0,
        "r": neuron.tau_m / neuron.C_m,
        "v_leak": neuron.E_L,
        "v_threshold": neuron.V_th,
        "v_reset": neuron.V_reset,
        "w_in": neuron.tau_syn / 1000.0,
    }
    return {name: np.array([value]) for name, value in values.items()}
