"""Whether a run can be computed at all: tried on its most extreme neurons before any work."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF
from lifcore.runs.starts import Start
from lifcore.schemes import NETWORK_SCHEMES, SCHEMES


def check_run(
    model: LIF | Feedforward | Recurrent,
    schemes: tuple[str, ...],
    h: float,
    T: float,
    start: Start | None = None,
) -> None:
    """Refuse a run that would overflow, lose all digits or spike without end.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The neuron or network.
    schemes : tuple of str
        Those that move it; "exact" is what may spike many times in a step.
    h, T : float
        Step size (the finest of several) and horizon.
    start : pair, optional
        Initial V and I, validated.

    Raises
    ------
    ValueError
        Naming the parameter; see `lifcore.checks.extremes`.

    Examples
    --------
    >>> check_run(LIF(), ("euler", "exact"), 0.1, 10.0)
    """
    # a caller that knows none of these has refused them
    net = network("model", model, refractory=True, delays=True, poisson=True)
    for name in schemes:
        if SCHEMES[name].alone:
            _check_alone(net, name)
    checks.feasible(net.layers, h, T, start, exact="exact" in schemes)
    matrices = [net.weights] if isinstance(net, Recurrent) else getattr(net, "weights", [])
    for matrix in matrices:
        checks.within_range(weights=matrix if isinstance(matrix, np.ndarray) else matrix.data)
    for name in set(schemes) - {"euler"}:
        for lif in net.layers:
            for neuron in _extremes(lif):
                with checks.computable(h, neuron):
                    SCHEMES[name].constants([neuron], h)


def _check_alone(net: Network, scheme: str) -> None:
    """Refuse input from other neurons and refractory times, which a scheme cannot take."""
    others = " or ".join(map(repr, NETWORK_SCHEMES))
    if not isinstance(net, Feedforward) or len(net.layers) > 1:
        raise ValueError(
            f"scheme = {scheme!r} takes neurons without input from others, since "
            f"{SCHEMES[scheme].alone}; allowed for networks: {others}"
        )
    longest = float(np.max(net.layers[0].t_ref))
    if longest > 0.0:
        raise ValueError(
            f"model.t_ref = {longest:g}: scheme = {scheme!r} does not support a refractory time; "
            f"allowed with t_ref > 0: {others}"
        )


def _extremes(lif: LIF) -> list[LIF]:
    """Return the neurons of a layer that have the least or the largest of some parameter."""
    if lif.size is None:
        return [lif]
    columns = {f.name: np.broadcast_to(getattr(lif, f.name), lif.size) for f in fields(lif)}
    chosen = {int(end(column)) for column in columns.values() for end in (np.argmin, np.argmax)}
    return [lif.neuron(k) for k in sorted(chosen)]
