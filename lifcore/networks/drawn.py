"""Synapses of populations, drawn part by part, each from a stream of its own.

How many synapses each source has in a part comes first, from binomial and multinomial laws, so that
all arrays are there before the first synapse is drawn, and nothing is sorted or copied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.populations import FAR, Populations
from lifcore.models.projections import Normal
from lifcore.networks.bundles import Bundles, part_size, synapse_type
from lifcore.noise.streams import child


class Laws(NamedTuple):
    """What the synapses of projections are drawn from, a row each.

    ``weight`` and ``delay`` have the columns mean, sd, least, most; a delay is in units of the
    model's resolution, or its code if there is none. ``once`` says whether a pair has one at most.

    Examples
    --------
    >>> Laws._fields
    ('weight', 'delay', 'once')
    """

    weight: np.ndarray
    delay: np.ndarray
    once: np.ndarray


class Share(NamedTuple):
    """What one part has of the projections, ordered by source: a row each of those that meet it.

    ``rows`` are the projection, its first source and that after the last, its first target in the
    part and that after the last, and where its counts, one a source, begin in ``counts``.

    Examples
    --------
    >>> Share._fields
    ('rows', 'counts')
    """

    rows: np.ndarray
    counts: np.ndarray


def _laws(model: Populations) -> Laws:
    weight, delay, once = [], [], []
    for one in model.projections:
        w = one.weight
        weight.append((w.mean, w.sd, w.least, w.most) if isinstance(w, Normal) else (w, 0, w, w))
        d, unit = one.delay, model.resolution
        if isinstance(d, Normal):
            assert unit is not None
            ends = d.mean, d.sd, d.least, min(d.most, d.mean + FAR * d.sd)
            delay.append(tuple(x / unit for x in ends))
        else:
            code = float(np.searchsorted(model.delay_times, d) if unit is None else round(d / unit))
            delay.append((code, 0.0, code, code))
        once.append(one.probability is not None)
    return Laws(
        np.array(weight, np.float64).reshape(-1, 4),
        np.array(delay, np.float64).reshape(-1, 4),
        np.array(once, np.bool_),
    )


def _shares(model: Populations, size: int) -> list[Share]:
    """Draw how many synapses each source has in each part."""
    neurons = sum(model.sizes)
    parts = -(-neurons // size)
    found: list[list[tuple[list[int], np.ndarray]]] = [[] for _ in range(parts)]
    for m, one in enumerate(model.projections):
        sources, targets = model.of(one.source), model.of(one.target)
        many = sources.stop - sources.start
        inside = range(targets.start // size, (targets.stop - 1) // size + 1)
        edges = [(max(targets.start, p * size), min(targets.stop, (p + 1) * size)) for p in inside]
        widths = np.array([end - begin for begin, end in edges])
        if one.synapses is not None:
            whole = np.random.Generator(np.random.SFC64(child(model.seed, 0, m)))
            totals = whole.multinomial(one.synapses, widths / widths.sum())
        for k, p in enumerate(inside):
            rng = np.random.Generator(np.random.SFC64(child(model.seed, 0, m, p)))
            if one.synapses is not None:
                counts = rng.multinomial(totals[k], np.full(many, 1.0 / many))
            else:
                counts = rng.binomial(int(widths[k]), one.probability or 0.0, many)
            begin, end = (edge - p * size for edge in edges[k])
            row = [m, sources.start, sources.stop, begin, end, 0]
            found[p].append((row, counts.astype(np.int32)))
    shares = []
    for own in found:
        own.sort(key=lambda pair: (pair[0][1], pair[0][0]))
        at = np.cumsum([0, *(counts.size for _, counts in own)])
        for (row, _), place in zip(own, at, strict=False):
            row[5] = int(place)
        shares.append(
            Share(
                np.array([row for row, _ in own], np.int64).reshape(-1, 6),
                np.concatenate([np.empty(0, np.int32), *(counts for _, counts in own)]),
            )
        )
    return shares


@njit(nogil=True, cache=True)
def _draw(rng, law):
    """Return a number of a law: mean, sd, and the bounds within which it must fall."""
    mean, sd, least, most = law[0], law[1], law[2], law[3]
    if sd == 0.0:
        return mean
    while True:
        x = mean + sd * rng.standard_normal()
        if least <= x <= most:
            return x


@njit(nogil=True, cache=True)
def _fill_part(laws, share, first, rng, synapse, used, taken):
    """Draw the synapses of a part, source by source, and note which codes of delays are used.

    `taken` is room for a flag a target.
    """
    rows, counts = share.rows, share.counts
    begin = 0
    while begin < rows.shape[0]:
        end = begin
        while end < rows.shape[0] and rows[end, 1] == rows[begin, 1]:
            end += 1
        for source in range(rows[begin, 1], rows[begin, 2]):
            e = first[source]
            for r in range(begin, end):
                m, low, width = rows[r, 0], rows[r, 3], rows[r, 4] - rows[r, 3]
                count = counts[rows[r, 5] + source - rows[r, 1]]
                # Of pairs that have one synapse at most the fewer are chosen: with one, or without.
                without = laws.once[m] and 2 * count > width
                if without:
                    taken[:width] = True
                    for _ in range(width - count):
                        taken[_other(rng, width, taken, True)] = False
                    k = 0
                    for t in range(width):
                        if taken[t]:
                            synapse[e + k].target = low + t
                            k += 1
                    taken[:width] = False
                else:
                    for k in range(count):
                        t = _other(rng, width, taken, False)
                        synapse[e + k].target = low + t
                        taken[t] = laws.once[m]
                    for k in range(count):
                        taken[synapse[e + k].target - low] = False
                for k in range(count):
                    synapse[e + k].weight = _draw(rng, laws.weight[m])
                    code = np.int64(np.rint(_draw(rng, laws.delay[m])))
                    synapse[e + k].delay = code
                    used[code] = True
                e += count
        begin = end


@njit(nogil=True, cache=True)
def _other(rng, width, taken, value):
    """Return a random target whose flag is `value`."""
    while True:
        t = min(np.int64(width * rng.random()), width - 1)
        if taken[t] == value:
            return t


_lock = threading.Lock()


def has_synapses(model: Populations) -> bool:
    """Return whether the synapses of populations have been drawn.

    Examples
    --------
    >>> from lifcore.models import LIF, Population
    >>> has_synapses(Populations([Population("E", 4, LIF())], [], seed=1))
    False
    """
    return "_drawn" in model.__dict__


def draw_synapses(
    model: Populations, map_parts: Callable[..., Iterable[Any]] = map
) -> tuple[Bundles, np.ndarray]:
    """Return the synapses of populations, and which codes of delays they use; they are kept.

    Parameters
    ----------
    model : Populations
        The network.
    map_parts : callable, optional
        ``map_parts(function, numbers)`` as `map`: where the parts are drawn.

    Returns
    -------
    bundles : Bundles
        Whose steps are to be filled in for a step size, `bundles_at`.
    used : ndarray of bool
        For each of the model's ``delay_times``.

    Examples
    --------
    >>> from lifcore.models import LIF, Population, Projection
    >>> few = Population("E", 4, LIF())
    >>> model = Populations([few], [Projection("E", "E", synapses=9, weight=0.5)], seed=1)
    >>> draw_synapses(model)[0].synapse["weight"].tolist() == [0.5] * 9
    True
    """
    with _lock:
        if "_drawn" not in model.__dict__:
            model.__dict__["_drawn"] = _drawn(model, map_parts)
        found: tuple[Bundles, np.ndarray] = model.__dict__["_drawn"]
        return found


def _drawn(
    model: Populations, map_parts: Callable[..., Iterable[Any]]
) -> tuple[Bundles, np.ndarray]:
    neurons, size = sum(model.sizes), part_size(sum(model.sizes))
    laws, shares = _laws(model), _shares(model, size)
    first = np.zeros((len(shares), neurons + 1), np.int64)
    for row, share in zip(first, shares, strict=True):
        for m in range(share.rows.shape[0]):
            _, begin, end, _, _, at = share.rows[m]
            row[begin + 1 : end + 1] += share.counts[at : at + end - begin]
    np.cumsum(first, axis=1, out=first)
    first[1:] += np.cumsum(first[:-1, -1])[:, None]
    count, codes = int(first[-1, -1]), model.delay_times.size
    synapse = np.empty(count, synapse_type(np.float32))
    used = np.zeros((len(shares), codes), np.bool_)

    def fill(part: int) -> None:
        rng = np.random.Generator(np.random.SFC64(child(model.seed, 1, part)))
        taken = np.zeros(size, np.bool_)
        _fill_part(laws, shares[part], first[part], rng, synapse, used[part], taken)

    for _ in map_parts(fill, range(len(shares))):
        pass
    return Bundles(size, first, synapse, np.zeros(codes, np.int64)), np.asarray(used.any(axis=0))


def bundles_at(model: Populations, h: float) -> Bundles:
    """Return the synapses of populations with delays in steps of h, rounded as everywhere.

    Raises
    ------
    ValueError
        If a delay is below h and not 0, as `checks.delay_steps` says.

    Examples
    --------
    >>> from lifcore.models import LIF, Population, Projection
    >>> few = Population("E", 4, LIF())
    >>> late = Projection("E", "E", synapses=9, weight=0.5, delay=1.5)
    >>> bundles_at(Populations([few], [late], seed=1), 0.5).steps.tolist()
    [0, 3]
    """
    bundles, used = draw_synapses(model)
    steps = np.zeros(used.size, np.int64)
    steps[used] = checks.delay_steps(model.delay_times[used], h)
    return bundles._replace(steps=steps)
