"""Exact steps of many neurons: those of one kind, equal in every parameter, share their tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from lifcore.models.neuron import LIF
from lifcore.networks.synapses import Synapses
from lifcore.noise.bridges import SPREAD, Bridges
from lifcore.noise.dispatch import only_jitted
from lifcore.noise.flow import Flow
from lifcore.schemes.crossings import CLEARANCE
from lifcore.schemes.exact import ExactStep, exact_step

V_RESET = 5
"""Column of `Kinds.numbers`."""


class Kinds(NamedTuple):
    """The exact steps of all kinds of neuron in a network, one after the other.

    ``kind[j]`` is that of neuron j. ``numbers[kind]`` are an `ExactStep`'s own numbers and those
    of its flow, ``noise`` and ``chain`` the flow's matrices; rows ``first[kind]`` to
    ``first[kind + 1]`` of the others are its bridge tables. ``t_ref`` is None if all are 0.

    Examples
    --------
    >>> kinds = exact_kinds([LIF(), LIF(mu=0.5), LIF()], 0.5)
    >>> kinds.kind.tolist()
    [0, 1, 0]
    """

    h: float
    kind: np.ndarray
    first: np.ndarray
    numbers: np.ndarray
    depths: np.ndarray
    noise: np.ndarray
    chain: np.ndarray
    rows: np.ndarray
    t_ref: Any


def exact_kinds(neurons: Sequence[LIF], h: float) -> Kinds:
    """Return the exact steps of a network's neurons; equal neurons share theirs.

    Parameters
    ----------
    neurons : sequence of LIF
        The neurons, each with numbers for parameters.
    h : float
        Length of the step.

    Returns
    -------
    Kinds

    Examples
    --------
    >>> exact_kinds([LIF()], 0.5).h
    0.5
    """
    different = {lif: k for k, lif in enumerate(dict.fromkeys(neurons))}
    steps = [exact_step(lif, h) for lif in different]
    tables = [step.bridges for step in steps]
    pauses = [lif.t_ref for lif in different]
    return Kinds(
        h=h,
        kind=np.array([different[lif] for lif in neurons]),
        first=np.cumsum([0, *(len(table.rows) for table in tables)]),
        numbers=np.array(
            [
                [
                    *(getattr(step, name) for name in ("g", "mu", "sigma", "a", "v_th", "v_reset")),
                    *(getattr(step.flow, n) for n in ("decay_i", "decay_v", "gain", "drift")),
                ]
                for step in steps
            ]
        ),
        depths=np.array([(step.first_depth, step.root_depth) for step in steps]),
        noise=np.stack([step.flow.noise for step in steps]),
        chain=np.stack([step.flow.chain for step in steps]),
        rows=np.concatenate([table.rows for table in tables]),
        t_ref=np.array(pauses) if any(pauses) else None,
    )


class Circuit(NamedTuple):
    """What a network is for the exact solution: kinds of neurons, runs of one kind, synapses.

    Examples
    --------
    >>> Circuit._fields
    ('kinds', 'runs', 'synapses')
    """

    kinds: Kinds
    runs: np.ndarray
    synapses: Synapses


@njit(nogil=True, cache=True)
def flow_of(kinds, k):
    """Return the flow of kind k."""
    own = kinds.numbers[k]
    return Flow(kinds.h, own[6], own[7], own[8], own[9], kinds.noise[k], kinds.chain[k])


@njit(nogil=True, cache=True)
def guard_of(kinds, k):
    """Return the height from which on a neuron of kind k may cross within the step."""
    if kinds.depths[k, 0] > 0:
        return -math.inf
    return kinds.numbers[k, 4] - CLEARANCE * kinds.rows[kinds.first[k], SPREAD]


@njit(nogil=True, cache=True)
def step_of(kinds, k):
    """Return the exact step of kind k, as views of the tables."""
    g, mu, sigma, a, v_th, v_reset = (
        kinds.numbers[k, 0], kinds.numbers[k, 1], kinds.numbers[k, 2],
        kinds.numbers[k, 3], kinds.numbers[k, 4], kinds.numbers[k, 5],
    )  # fmt: skip
    first, last = kinds.first[k], kinds.first[k + 1]
    return ExactStep(
        flow_of(kinds, k),
        Bridges(kinds.rows[first:last]),
        g, mu, sigma, a, v_th, v_reset, kinds.depths[k, 0], kinds.depths[k, 1],
        _of_kind(kinds.t_ref, k),
    )  # fmt: skip


def _of_kind(values, k):
    """Return None or the entry of a kind; each for itself, so that a step's type says which."""
    raise only_jitted(values)


@overload(_of_kind)
def _choose(values, k):
    if isinstance(values, types.NoneType):
        return lambda values, k: None
    return lambda values, k: values[k]
