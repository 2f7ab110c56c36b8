"""The exact flow of (V, I) over a step: decay, gain, drift, and the factor of its noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifcore.models.neuron import LIF
from lifcore.noise.covariance import chain_covariance, decay_integral, voltage_kernel
from lifcore.noise.exponentials import exp
from lifcore.noise.matrices import product, root


class Flow(NamedTuple):
    """One exact step of a neuron: what a kernel needs, as plain numbers and arrays.

    The deterministic part is I -> mu + decay_i (I - mu), V -> decay_v V + gain (I - mu) +
    drift; the noise (Delta W, eta_I, eta_V) is ``noise`` times three standard normals, and
    the chain's noise (y_1, y_2, y_3) is ``chain`` times the same three.

    Examples
    --------
    >>> exact_flow(LIF(mu=0.0), 0.5).drift
    0.0
    """

    h: float
    decay_i: float
    decay_v: float
    gain: float
    drift: float
    noise: np.ndarray
    chain: np.ndarray


def exact_flow(lif: LIF, h: float) -> Flow:
    """Return the exact step of length `h` of a neuron without its threshold.

    Parameters
    ----------
    lif : LIF
        The neuron.
    h : float
        Length of the step.

    Returns
    -------
    Flow

    Examples
    --------
    >>> flow = exact_flow(LIF(), 0.5)
    >>> round(flow.decay_v, 6)
    0.606531
    """
    g, a, sigma = lif.g, lif.a, lif.sigma
    chain = root(chain_covariance(g, a, h))
    physical = np.array([[1.0, 0.0, 0.0], [sigma, -sigma * a, 0.0], [0.0, sigma, -sigma * g]])
    return Flow(
        h=h,
        decay_i=exp(-a * h),
        decay_v=exp(-g * h),
        gain=float(voltage_kernel(g, a, np.array(h))),
        drift=lif.mu * float(decay_integral(g, np.array(h))),
        noise=product(physical, chain),
        chain=chain,
    )
