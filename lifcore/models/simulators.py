"""Neurons in the parameter names and units of NEST and PyNN, and back."""

from __future__ import annotations

import math
from typing import Any

from lifcore import checks
from lifcore.models.inputs import current_noise
from lifcore.models.physical import Physical

NOISE = ("noise_sd", "V_sd", "rates", "weights")

#: PyNN's name: NEST's name, NEST's unit in PyNN's unit (nF and nA are 1000 pF and pA).
PYNN = {
    "cm": ("C_m", 1000.0),
    "tau_m": ("tau_m", 1.0),
    "tau_syn_E": ("tau_syn_ex", 1.0),
    "tau_syn_I": ("tau_syn_in", 1.0),
    "v_thresh": ("V_th", 1.0),
    "v_reset": ("V_reset", 1.0),
    "v_rest": ("E_L", 1.0),
    "i_offset": ("I_e", 1000.0),
    "tau_refrac": ("t_ref", 1.0),
}

STATE = ("V_m", "I_syn_ex", "I_syn_in")
"""What NEST's ``get()`` lists of a neuron beside its parameters: where it begins."""


def from_nest(**params: Any) -> Physical:
    r"""Return a neuron given by the parameters of NEST's ``iaf_psc_exp``, and its noise.

    NEST's defaults are not filled in: of its own parameters, all that have an effect must be given.

    Parameters
    ----------
    C_m : float
        Capacitance, pF.
    tau_m, tau_syn_ex : float
        Time constants, ms.
    V_th, V_reset, E_L : float
        Threshold, reset and resting potential, mV.
    I_e : float, optional
        Constant current, pA; 0 if it is left out.
    tau_syn_in : float, optional
        Allowed if it equals `tau_syn_ex`, or if `weights` has no negative entry.
    t_ref : float, optional
        Refractory time, ms; 0 if it is left out (NEST's own is 2 ms unless it is set).
    delta : float, optional
        Allowed if 0: the model has no escape noise. With delta = 0 NEST's `rho` has no effect and
        is allowed.
    V_m, I_syn_ex, I_syn_in : float, optional
        Where NEST begins; no effect here.
    noise_sd : float, optional
        Stationary standard deviation of the synaptic current, pA.
    V_sd : float, optional
        Instead: that of the potential with the threshold removed, mV.
    rates, weights : float or sequence of float, optional
        Instead: Poisson inputs, Hz and pA, by the diffusion approximation.

    Returns
    -------
    Physical

    Raises
    ------
    TypeError
        If a name is unknown or missing, a value is no number, or noise is given twice.
    ValueError
        If a value is out of range, or belongs to what the model lacks.

    References
    ----------
    Parameters as NEST 3 documents them for iaf_psc_exp.

    Examples
    --------
    >>> cell = from_nest(
    ...     C_m=250, tau_m=10, tau_syn_ex=0.5, V_th=-50, V_reset=-65, E_L=-65, I_e=375, noise_sd=200
    ... )
    >>> cell.lif.mu, cell.lif.tau
    (1.0, 0.05)
    """
    return neuron_of_nest("iaf_psc_exp", params, {})


def neuron_of_nest(what: str, params: dict[str, Any], names: dict[str, str]) -> Physical:
    """Return the neuron of NEST's parameters, named in errors as `names` translates them.

    Parameters
    ----------
    what : str
        Whose parameters they are.
    params : dict
        As `from_nest` takes them.
    names : dict
        What the user calls those that have another name there; all of NEST's own if it is empty.

    Raises
    ------
    TypeError, ValueError
        As `from_nest`.

    Examples
    --------
    >>> cell = dict(C_m=250, tau_m=10, tau_syn_ex=0.5, V_th=-50, V_reset=-65, E_L=-65)
    >>> neuron_of_nest("iaf_psc_exp", cell, {}).tau_syn
    0.5
    """

    def own(name: str) -> str:
        return names.get(name, name)

    needed = ("C_m", "tau_m", "tau_syn_ex", "V_th", "V_reset", "E_L")
    others = ("I_e", "tau_syn_in", "t_ref") + (() if names else ("delta", "rho", *STATE))
    checks.known(what, map(own, params), [own(n) for n in (*needed, *others, *NOISE)])
    checks.required(what, [own(n) for n in params], [own(n) for n in needed])
    checks.absent("delta", params.get("delta", 0.0), 0.0, "the model has no escape noise")
    c_m = checks.real(own("C_m"), params["C_m"], above=0.0)
    tau_m, tau_syn = (
        checks.real(own(n), params[n], above=0.0, hint="milliseconds")
        for n in ("tau_m", "tau_syn_ex")
    )
    v_th, v_reset = (checks.real(own(n), params[n]) for n in ("V_th", "V_reset"))
    e_l = checks.real(own("E_L"), params["E_L"])
    if v_reset >= v_th:
        raise ValueError(
            f"{own('V_reset')} = {v_reset!r} mV is not below {own('V_th')} = {v_th!r} mV; "
            f"allowed: {own('V_reset')} < {own('V_th')}"
        )
    noise = {name: params.get(name) for name in NOISE}
    mean, sd = current_noise(C_m=c_m, tau_m=tau_m, tau_syn=tau_syn, **noise)
    weights = noise["weights"]
    inhibitory = weights is None or min(weights if hasattr(weights, "__iter__") else [weights]) < 0
    other = checks.real(own("tau_syn_in"), params.get("tau_syn_in", tau_syn), above=0.0)
    if other != tau_syn and inhibitory:
        raise ValueError(
            f"{own('tau_syn_in')} = {other!r} differs from {own('tau_syn_ex')} = {tau_syn!r}: the "
            "model has one synaptic time constant; allowed: the same value, or weights without a "
            "negative entry, or to leave it out"
        )
    return Physical(
        C_m=c_m,
        tau_m=tau_m,
        tau_syn=tau_syn,
        V_th=v_th,
        V_reset=v_reset,
        E_L=e_l,
        I_e=checks.real(own("I_e"), params.get("I_e", 0.0)) + mean,
        noise_sd=sd,
        t_ref=checks.real(
            own("t_ref"), params.get("t_ref", 0.0), at_least=0.0, hint="milliseconds"
        ),
    )


def to_nest(neuron: Physical) -> dict[str, float]:
    """Return the parameters of NEST's ``iaf_psc_exp`` for a neuron.

    Its noise is no parameter there: `Physical.poisson_rate` says which two ``poisson_generator``
    make it, by the diffusion approximation.

    Parameters
    ----------
    neuron : Physical

    Returns
    -------
    dict
        For ``nest.Create("iaf_psc_exp", params=...)``.

    Raises
    ------
    TypeError
        If `neuron` is no Physical.

    Examples
    --------
    >>> cell = Physical(C_m=250, tau_m=10, tau_syn=0.5, V_th=-50, V_reset=-65, E_L=-65)
    >>> to_nest(cell)["tau_syn_in"]
    0.5
    """
    checks.instance("neuron", neuron, Physical)
    return {
        "C_m": neuron.C_m,
        "tau_m": neuron.tau_m,
        "tau_syn_ex": neuron.tau_syn,
        "tau_syn_in": neuron.tau_syn,
        "V_th": neuron.V_th,
        "V_reset": neuron.V_reset,
        "E_L": neuron.E_L,
        "I_e": neuron.I_e,
        "t_ref": neuron.t_ref,
    }


def from_pynn(**params: Any) -> Physical:
    """Return a neuron given by the parameters of PyNN's ``IF_curr_exp``, and its noise.

    Parameters
    ----------
    cm : float
        Capacitance, nF.
    tau_m, tau_syn_E : float
        Time constants, ms.
    v_thresh, v_reset, v_rest : float
        Threshold, reset and resting potential, mV.
    i_offset : float, optional
        Constant current, nA; 0 if it is left out.
    tau_syn_I, tau_refrac : float, optional
        As `tau_syn_in` and `t_ref` of `from_nest`. PyNN's own tau_refrac is 0.1 ms unless set.
    noise_sd, V_sd, rates, weights : float, optional
        As in `from_nest`, but `noise_sd` and `weights` in nA, as PyNN's weights are.

    Returns
    -------
    Physical

    Raises
    ------
    TypeError, ValueError
        As `from_nest`.

    Examples
    --------
    >>> from_pynn(
    ...     cm=0.25, tau_m=10, tau_syn_E=0.5, v_thresh=-50, v_reset=-65, v_rest=-65, i_offset=0.375
    ... ).I_e
    375.0
    """
    checks.known("IF_curr_exp", params, [*PYNN, *NOISE])
    nest: dict[str, Any] = {}
    for name, value in params.items():
        other, factor = PYNN.get(name, (name, 1.0))
        if name in ("noise_sd", "weights"):
            factor = 1000.0
        if factor == 1.0:
            nest[other] = value
        elif name == "weights" and hasattr(value, "__iter__") and not isinstance(value, str):
            nest[other] = [factor * checks.real(f"weights[{k}]", w) for k, w in enumerate(value)]
        else:
            above = 0.0 if name == "cm" else -math.inf
            at_least = 0.0 if name == "noise_sd" else -math.inf
            nest[other] = factor * checks.real(name, value, above=above, at_least=at_least)
    return neuron_of_nest("IF_curr_exp", nest, {other: name for name, (other, _) in PYNN.items()})


def to_pynn(neuron: Physical) -> dict[str, float]:
    """Return the parameters of PyNN's ``IF_curr_exp`` for a neuron; its noise is none of them.

    Parameters
    ----------
    neuron : Physical

    Returns
    -------
    dict
        For ``sim.IF_curr_exp(**...)``.

    Raises
    ------
    TypeError
        If `neuron` is no Physical.

    Examples
    --------
    >>> cell = Physical(C_m=250, tau_m=10, tau_syn=0.5, V_th=-50, V_reset=-65, E_L=-65)
    >>> to_pynn(cell)["cm"]
    0.25
    """
    nest = to_nest(neuron)
    return {name: nest[other] / factor for name, (other, factor) in PYNN.items()}
