"""The neuron that a command is about: from its options, or from a file, with units or without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.models.nir_nodes import from_nir
from lifcore.models.physical import Physical
from lifcore.models.simulators import from_nest

PHYSICAL = {
    "C_m": "capacitance, pF",
    "tau_m": "membrane time constant, ms",
    "tau_syn": "synaptic time constant, ms",
    "V_th": "threshold, mV",
    "V_reset": "reset, mV",
    "E_L": "resting potential, mV",
    "I_e": "mean current, pA",
    "noise_sd": "standard deviation of the synaptic current, pA",
    "V_sd": "or: of the potential without threshold, mV",
    "t_ref": "refractory time, ms; with parameters without units, in their unit of time",
}
"""Parameters with units, in the names of NEST's iaf_psc_exp."""

DIMENSIONLESS = {
    "g": "leak",
    "v_th": "threshold",
    "v_reset": "reset",
    "tau": "synaptic time constant",
    "mu": "mean current",
    "sigma": "noise strength",
}
"""Parameters without units, those of `lifcore.LIF`; `t_ref` goes with either kind."""


def neuron_of(given: dict[str, Any]) -> Physical | LIF:
    """Return the neuron of some named parameters.

    Parameters
    ----------
    given : dict
        Parameters of `PHYSICAL` (or others that `lifcore.models.from_nest` takes), or of
        `DIMENSIONLESS`.

    Raises
    ------
    TypeError, ValueError
        If both kinds are given or none, or one is missing, out of range or, as of a layer, an
        array.

    Examples
    --------
    >>> neuron_of({"mu": 1.5}).mu
    1.5
    """
    plain = [name for name in given if name in DIMENSIONLESS]
    units = [name for name in given if name not in DIMENSIONLESS and name != "t_ref"]
    if plain and units:
        raise ValueError(
            f"{plain[0]} has no unit and {units[0]} has; allowed: parameters of one kind"
        )
    if plain:
        for name, value in given.items():  # a LIF takes arrays too, which make it a layer
            checks.real(name, value, infinite=name == "tau", hint="the neuron is one, no layer")
        return LIF(**given)
    if not units:
        raise ValueError(
            "no neuron is given; allowed: a FILE, or parameters such as --C-m 250 --tau-m 10"
        )
    names = {"tau_syn": "tau_syn_ex"}
    return from_nest(**{names.get(name, name): value for name, value in given.items()})


def read_neuron(path: Path, given: dict[str, Any], node: str | None = None) -> Physical | LIF:
    """Return the neuron of a JSON, YAML or NIR file, some of its parameters replaced.

    Parameters
    ----------
    path : Path
        A file of named parameters; or of a NIR graph.
    given : dict
        Parameters that replace those of the file.
    node : str, optional
        Name of the node of a graph.

    Raises
    ------
    OSError, TypeError, ValueError, ImportError
        If it cannot be read.

    Examples
    --------
    >>> read_neuron(Path("neuron.json"), {})  # doctest: +SKIP
    """
    if path.suffix == ".nir":
        return from_nir(path, node=node, **given)
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".yaml", ".yml"):
        try:
            import yaml
        except ImportError as error:
            raise ImportError(f"{path} needs the package pyyaml, which is not installed") from error
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    else:
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__}; allowed: names with values")
    return neuron_of({**found, **given})
