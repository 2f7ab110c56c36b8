"""Poisson input: events at random times, each of which makes a neuron's current jump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifcore import checks


@dataclass(frozen=True, eq=False)
class PoissonInput:
    r"""Events of a Poisson process, independent for each neuron; each makes I jump by a weight.

    Without threshold the stationary current has the mean :math:`\mu + r w \tau`, the variance
    :math:`r w^2 \tau / 2`, and the third cumulant :math:`r w^3 \tau / 3` (Campbell's theorem), to
    which the noise adds its own. Many small events of both signs are like noise of
    :math:`\sigma^2 = r w^2`.

    Parameters
    ----------
    rate : float or array_like, shape (neurons,)
        Expected events in a unit of time.
    weight : float or array_like, shape (neurons,)
        By how much I jumps at an event.

    Raises
    ------
    TypeError, ValueError
        If a rate is no number >= 0, or a weight no finite number, nor arrays of them of one length.

    References
    ----------
    N. Campbell (1909), The study of discontinuous phenomena. Proceedings of the Cambridge
    Philosophical Society 15.

    Examples
    --------
    >>> PoissonInput(rate=160.0, weight=0.23).rate
    160.0
    >>> PoissonInput(rate=[100.0, 200.0], weight=0.1).size
    2
    """

    rate: Any
    weight: Any

    def __post_init__(self) -> None:
        limits: dict[str, dict[str, Any]] = {"rate": {"at_least": 0.0}, "weight": {}}
        for name, limit in limits.items():
            value = checks.column(getattr(self, name), lists=True)
            if isinstance(value, np.ndarray) and value.ndim > 0:
                value = checks.reals(name, value, **limit)
            else:
                value = checks.real(name, value, **limit, hint="or an array, one a neuron")
            object.__setattr__(self, name, value)
        sizes = {np.size(v) for v in (self.rate, self.weight) if np.ndim(v) > 0}
        if len(sizes) > 1:
            raise ValueError(
                f"rate has {np.size(self.rate)} values and weight {np.size(self.weight)}; allowed: "
                "one value a neuron"
            )

    @property
    def size(self) -> int | None:
        """Number of neurons if a field is an array, else None."""
        sizes = (np.size(v) for v in (self.rate, self.weight) if np.ndim(v) > 0)
        return next(sizes, None)


def poisson_inputs(name: str, value: object, neurons: int) -> tuple[PoissonInput, ...]:
    """Return one input, or several, as a tuple, if they fit so many neurons.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : PoissonInput or sequence of PoissonInput
        What the user passed; an empty sequence is no input.
    neurons : int
        How many there are.

    Raises
    ------
    TypeError, ValueError
        If it is something else, or an array has another length.

    Examples
    --------
    >>> len(poisson_inputs("poisson", PoissonInput(1.0, 0.5), 3))
    1
    """
    given: Sequence[object] = [value] if isinstance(value, PoissonInput) else []
    if not given:
        given = checks.sequence(name, value)
    for number, one in enumerate(given):
        checks.instance(f"{name}[{number}]", one, PoissonInput)
        assert isinstance(one, PoissonInput)
        if one.size not in (None, neurons):
            raise ValueError(
                f"{name}[{number}] has arrays of {one.size} values for {neurons} neurons; allowed: "
                "numbers, or one value a neuron"
            )
    return tuple(given)  # type: ignore[arg-type]
