r"""How often one step of Euler fires from the stationary state, without sampling.

Euler fires if z = x (1 - gh) + h y >= 0, with x = V - V_th and y = I - I_th: a half-plane. The
stationary density is that of the free process with a source at the reset and a sink at the
threshold (`lifcore.stationary.threshold_equation`), all of them Gaussian, and there is no mass
above the threshold. So the probability of the half-plane is one normal probability, integrated
over the flux and over time; the strip between the half-plane and the threshold needs no density.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.threshold_law import ThresholdLaw


def euler_fires(model: LIF, law: ThresholdLaw, h: float, raised: float = 0.0) -> float:
    r"""Return the probability that an Euler step from the exact stationary state fires.

    .. math::

        P = P_{free}(z \ge \delta) + \int_0^\infty dA\,j(A) \int_0^\infty dt\,
            [P(z_t \ge \delta \mid -D, A) - P(z_t \ge \delta \mid 0, A)]

    for a threshold raised by delta, D = V_th - V_r and the flux j. The exact neuron fires with
    probability :math:`rh`; the difference is the imbalance of extra and missed spikes.

    Parameters
    ----------
    model : LIF
        The neuron.
    law : ThresholdLaw
        Its stationary law; the error here is about 10 times that of its flux.
    h : float
        Euler's step.
    raised : float, optional
        What is added to Euler's threshold, >= 0; the state remains that of the exact neuron.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number of its range.

    Examples
    --------
    >>> from lifcore.stationary import solve_threshold
    >>> neuron = LIF(mu=1.0, sigma=1.0, tau=1.0)
    >>> law = solve_threshold(neuron)
    >>> round((euler_fires(neuron, law, 0.125) - 0.125 * law.rate) / 0.125**2, 3)
    0.342
    """
    one_neuron("model", model)
    checks.euler_stable(h, model.decay_rates)
    h, raised = checks.real("h", h, above=0.0), checks.real("raised", raised, at_least=0.0)
    free, step = FreeProcess(model), 1.0 / 16.0
    u = np.arange(-20.0, float(law.speeds[-1]) / free.scale, step)
    speed = free.scale * np.logaddexp(0.0, u)
    flux = step * free.scale / (1.0 + np.exp(-u)) * law.flux_density(speed)
    low, high = 1e-10 * h, 40.0 / free.g
    t = np.geomspace(low, high, math.ceil(math.log(high / low) / 0.03))
    weight = t * math.log(t[1] / t[0])
    weight[[0, -1]] /= 2.0
    stay = 1.0 - free.g * h
    response, shift, var_v, cov, var_i = free.flow(t)
    spread = np.sqrt(stay**2 * var_v + 2.0 * stay * h * cov + h**2 * var_i)
    forget = np.exp(-free.a * t)
    drop = stay * free.drop * np.exp(-free.g * t)
    constant = stay * shift - h * free.mean_i * np.expm1(-free.a * t) - raised
    slope = stay * response + h * forget
    end = stay**2 * free.var_v + 2.0 * stay * h * free.cov + h**2 * free.var_i
    fires = float(ndtr((stay * free.mean_v + h * free.mean_i - raised) / math.sqrt(end)))
    for k in range(t.size):
        z = slope[k] * speed + constant[k]
        gap = ndtr((z - drop[k]) / spread[k]) - ndtr(z / spread[k])
        fires += float(weight[k] * (flux @ gap))
    return fires
