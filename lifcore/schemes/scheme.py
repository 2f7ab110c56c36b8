"""What a scheme on the grid is: constants of a step, and seven small kernels that work on them.

A scheme's constants are a NamedTuple of its own, all of whose fields are arrays, with an entry a
neuron (or a level of step sizes, and then a row of neurons). Its kernels are chosen by the type of
these constants when a loop is compiled: a jitted loop calls `move`, and runs the `move` of the
scheme whose constants it is given. So a loop is written once, no scheme is slower for it, and what
is compiled can be kept on disk, which numba does not do for loops that take functions as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF

ROUNDING = 2.0**-48
"""By how much, relatively, V' of a step may be off: sixteen units in the last place."""


@dataclass(frozen=True)
class Scheme:
    """A way to carry a neuron over a step.

    Attributes
    ----------
    name : str
        What `lifcore.simulate` calls it.
    constants : callable
        ``constants(neurons, h)`` returns the constants of one step, an entry a neuron.
    carry : callable
        The kernel that moves one neuron on all lanes of a block over some steps.
    components : int
        Normals that a step takes.
    check : callable
        ``check(h, decay_rates)`` refuses steps that the scheme cannot take.
    strong_order, weak_order, spike_time_order : float
        Of the root mean square of V at T, of averages, and of the spike times of histories that
        match; infinite for the exact scheme.
    on_grid : bool
        Whether spikes are seen at the ends of steps only.
    alone : str
        Why it takes neurons only that have neither a refractory time nor input from others; empty
        if it takes all.

    Examples
    --------
    >>> from lifcore.schemes import SCHEMES
    >>> SCHEMES["euler"].weak_order
    1.0
    """

    name: str
    constants: Callable[[Sequence[LIF] | Recurrent, float], Any]
    carry: Callable[..., None]
    components: int
    check: Callable[[float, dict[str, float]], None]
    strong_order: float
    weak_order: float
    spike_time_order: float
    on_grid: bool = True
    alone: str = ""

    def own(self, constants: Any, j: int) -> Any:
        """Return neuron j's own of some constants.

        Examples
        --------
        >>> from lifcore.schemes import SCHEMES
        >>> exact = SCHEMES["exact"]
        >>> exact.own(exact.constants([LIF(), LIF(mu=2.0)], 0.5), 1).mu
        2.0
        """
        return constants[j] if isinstance(constants, list) else entry(constants, j)


def column(neurons: Sequence[LIF] | Recurrent, name: str) -> np.ndarray:
    """Return a parameter of some neurons, or of those of a network, as an array.

    Examples
    --------
    >>> column([LIF(mu=0.5), LIF(mu=0.75)], "mu").tolist()
    [0.5, 0.75]
    """
    if isinstance(neurons, Recurrent):
        return neurons.column(name)
    return np.array([getattr(neuron, name) for neuron in neurons])


def threshold(neurons: Sequence[LIF] | Recurrent) -> np.ndarray:
    """Return the thresholds that V' of a step is compared with: v_th, but for one case.

    Without noise and exactly at the rheobase V tends to v_th and never reaches it, except by
    rounding, which must not make a spike: there it is a few units in the last place higher.

    Examples
    --------
    >>> threshold([LIF(mu=1.0), LIF(mu=1.0, sigma=0.0)]).tolist() == [1.0, 1.0 + ROUNDING]
    True
    """
    g, mu, sigma, v_th, i_th = (
        column(neurons, name).astype(np.float64) for name in ("g", "mu", "sigma", "v_th", "i_th")
    )
    rheobase = (sigma == 0.0) & (g > 0.0) & (np.abs(mu - i_th) <= ROUNDING * np.abs(i_th))
    return np.where(rheobase, v_th + ROUNDING * np.abs(v_th), v_th)


def levels(scheme: Scheme, neurons: Sequence[LIF] | Recurrent, sizes: Iterable[float]) -> Any:
    """Return a scheme's constants at several step sizes, shape (levels, neurons, ...).

    Examples
    --------
    >>> from lifcore.schemes import SCHEMES
    >>> levels(SCHEMES["euler"], [LIF()], [0.25, 0.5]).h.tolist()
    [[0.25], [0.5]]
    """
    steps = [scheme.constants(neurons, float(h)) for h in sizes]
    return type(steps[0])(*(np.stack(part) for part in zip(*steps, strict=True)))


def of_neuron(constants: Any, j: int) -> Any:
    """Return neuron j's own of the constants of `levels`, shape (levels, ...).

    Examples
    --------
    >>> from lifcore.schemes import SCHEMES
    >>> of_neuron(levels(SCHEMES["euler"], [LIF(), LIF(mu=2.0)], [0.5, 1.0]), 1).mu.tolist()
    [2.0, 2.0]
    """
    return type(constants)(*(np.ascontiguousarray(part[:, j]) for part in constants))


def entry(step: Any, k: int) -> Any:
    """Return the k-th entry of a scheme's constants: a neuron's, or a level's.

    Examples
    --------
    >>> from lifcore.schemes import SCHEMES
    >>> float(entry(SCHEMES["euler"].constants([LIF(), LIF(mu=2.0)], 0.5), 1).mu)
    2.0
    """
    return type(step)(*(part[k] for part in step))


def spread(own: Any, variance: float) -> float:
    """Return by what the normals of a step are multiplied as they are drawn.

    `variance` is the share of the noise's variance that these normals make. To be called from
    kernels, like all that follow: each scheme gives its own by
    `lifcore.noise.dispatch.kernel`.

    Examples
    --------
    >>> from numba import njit
    >>> from lifcore.schemes import EULER
    >>> own = entry(EULER.constants([LIF()], 0.25), 0)
    >>> njit(lambda own: spread(own, 1.0))(own)
    0.5
    """
    raise _only_jitted(own)


def shape(own: Any, noise: np.ndarray, k: int) -> None:
    """Turn the drawn column k of `noise`, shape (components, lanes), into the noise of a step.

    Examples
    --------
    >>> from numba import njit
    >>> from lifcore.schemes import EULER
    >>> own = entry(EULER.constants([LIF()], 0.25), 0)
    >>> noise = np.array([[0.5]])
    >>> njit(lambda own, noise: shape(own, noise, 0))(own, noise)
    >>> noise.tolist()
    [[0.5]]
    """
    raise _only_jitted(own)


def join(own: Any, pending: np.ndarray, noise: np.ndarray, k: int) -> None:
    """Append a step's noise to what a longer step has collected; `own` is the shorter's.

    Examples
    --------
    >>> from numba import njit
    >>> from lifcore.schemes import EULER
    >>> own = entry(EULER.constants([LIF()], 0.25), 0)
    >>> pending = np.array([[0.25]])
    >>> njit(lambda own, x, y: join(own, x, y, 0))(own, pending, np.array([[0.5]]))
    >>> pending.tolist()
    [[0.75]]
    """
    raise _only_jitted(own)


def move(own: Any, v: float, i: float, noise: np.ndarray, k: int) -> tuple[float, float]:
    """Return V' (before any reset) and I at the end of a step.

    Examples
    --------
    >>> from numba import njit
    >>> from lifcore.schemes import EULER
    >>> own = entry(EULER.constants([LIF()], 0.25), 0)
    >>> njit(lambda own, noise: move(own, 0.5, 1.2, noise, 0))(own, np.zeros((1, 1)))
    (0.675, 1.2)
    """
    raise _only_jitted(own)


def crossing(
    own: Any, v: float, i: float, v_new: float, i_new: float
) -> tuple[float, float, float]:
    """Return a crossing's speed, how long before the step's end its spike is, and the spike's lag.

    The lag is how long before its spike V crossed the threshold. V and I are those of the step's
    start, and those that `move` returned.

    Examples
    --------
    >>> from numba import njit
    >>> from lifcore.schemes import EULER
    >>> own = entry(EULER.constants([LIF()], 0.25), 0)
    >>> njit(lambda own: crossing(own, 0.5, 4.0, 1.5, 4.0))(own)
    (3.0, 0.0, 0.125)
    """
    raise _only_jitted(own)


def reset(own: Any, v: float, i: float, v_new: float, i_new: float) -> float:
    """Return V at the end of a step in which it crossed the threshold; arguments as `crossing`.

    Examples
    --------
    >>> from numba import njit
    >>> from lifcore.schemes import EULER
    >>> own = entry(EULER.constants([LIF(v_reset=0.25)], 0.25), 0)
    >>> njit(lambda own: reset(own, 0.5, 4.0, 1.5, 4.0))(own)
    0.25
    """
    raise _only_jitted(own)


def _only_jitted(own: Any) -> TypeError:
    return TypeError(f"{type(own).__name__}: a scheme's kernels run in jitted code only")
