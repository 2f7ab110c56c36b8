"""One step of a scheme on the grid as a Gaussian map: what a free neuron's law becomes by it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lifcore.models.neuron import LIF
from lifcore.noise.flow import exact_flow


class StepMap(NamedTuple):
    """V' = fade V + gain y + drift + noise and y' = forget y + noise, with y = I - mu.

    ``noise`` is the 2 x 2 covariance of what is added to (V, y); steps are ``h`` long.

    Examples
    --------
    >>> step_map(LIF(g=1.0), 0.25, "euler").fade
    0.75
    """

    h: float
    fade: float
    gain: float
    drift: float
    forget: float
    noise: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """The linear part, acting on (V, y)."""
        return np.array([[self.fade, self.gain], [0.0, self.forget]])

    @property
    def current_variance(self) -> float:
        """Stationary variance of the current on the grid."""
        return float(self.noise[1, 1]) / (1.0 - self.forget**2)


def step_map(model: LIF, h: float, scheme: str) -> StepMap:
    """Return the map of a step of Euler's or the exponential scheme, without its reset.

    Parameters
    ----------
    model : LIF
        The neuron.
    h : float
        Step.
    scheme : str
        ``"euler"`` or ``"exponential"``.

    Returns
    -------
    StepMap

    Examples
    --------
    >>> round(step_map(LIF(g=1.0, tau=0.5), 0.25, "exponential").fade, 4)
    0.7788
    """
    if scheme == "euler":
        noise = np.array([[0.0, 0.0], [0.0, model.sigma**2 * h]])
        return StepMap(h, 1.0 - model.g * h, h, h * model.mu, 1.0 - h * model.a, noise)
    flow = exact_flow(model, h)
    rows = flow.noise[[2, 1]]  # of V and of I
    return StepMap(h, flow.decay_v, flow.gain, flow.drift, flow.decay_i, rows @ rows.T)


def repeated(step: StepMap, times: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return matrix, shift and covariance of several steps in a row, by doubling.

    Examples
    --------
    >>> matrix, shift, noise = repeated(step_map(LIF(g=1.0), 0.25, "euler"), 2)
    >>> float(matrix[0, 0])
    0.5625
    """
    whole = np.eye(2), np.zeros(2), np.zeros((2, 2))
    power = step.matrix, np.array([step.drift, 0.0]), step.noise
    while times:
        if times % 2:
            whole = _then(whole, power)
        power, times = _then(power, power), times // 2
    return whole


def _then(
    first: tuple[np.ndarray, np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = second[0]
    return (
        matrix @ first[0],
        matrix @ first[1] + second[1],
        matrix @ first[2] @ matrix.T + second[2],
    )


def steps_to_threshold(model: LIF, step: StepMap) -> float:
    """Return how many steps a constant current mu takes from reset to threshold, not rounded up.

    Infinite if it does not get there.

    Examples
    --------
    >>> round(steps_to_threshold(LIF(mu=1.5), step_map(LIF(mu=1.5), 0.1, "exponential")), 3)
    10.986
    """
    speed = model.mu - model.i_th
    if speed <= 0.0:
        return math.inf
    kick = model.g * (model.v_th - model.v_reset)
    if model.g == 0.0:
        return (model.v_th - model.v_reset) / (speed * step.h)
    if step.fade <= 0.0:
        return 1.0
    return math.log1p(kick / speed) / -math.log(step.fade)
