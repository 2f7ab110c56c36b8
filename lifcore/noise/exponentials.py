"""Exponentials and logarithms by plain operations: the same bits on every machine.

A mathematics library takes what its processor offers, fused multiplications for instance, so that
its last digit differs between machines; NumPy's vectors have another library. What decides bits of
a path (constants of a step, resets within it) is computed here, to less than one unit in the last
place, by additions, multiplications and divisions of doubles.

Source: Sun Microsystems, fdlibm (1993), e_exp.c, e_log.c, s_expm1.c and s_log1p.c: their
reductions and minimax polynomials. https://www.netlib.org/fdlibm
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from lifcore.noise.lanes import as_float

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_PER_LN2, _HALF_LN2 = 1.44269504088896338700e00, 0.34657359027997264
_UNDER, _OVER = -745.2, 709.782712893384
_52 = np.uint64(52)


@njit(nogil=True, cache=True)
def exp(x):
    """Return e^x.

    Examples
    --------
    >>> exp(0.0), exp(-1000.0), exp(1000.0)
    (1.0, 0.0, inf)
    """
    if not x > _UNDER:
        return x if x != x else 0.0
    if x > _OVER:
        return math.inf
    k = math.floor(x * _PER_LN2 + 0.5)
    high, low = x - k * _LN2_HIGH, k * _LN2_LOW
    r = high - low
    t = r * r
    p = 4.13813679705723846039e-08
    p = -1.65339022054652515390e-06 + t * p
    p = 6.61375632143793436117e-05 + t * p
    p = -2.77777777770155933842e-03 + t * p
    p = 1.66666666666666019037e-01 + t * p
    c = r - t * p
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    # in two parts, as neither 2^1024 nor a small enough power is a normal number
    half = np.int64(k) // 2
    return y * _power(half) * _power(np.int64(k) - half)


@njit(nogil=True, cache=True)
def expm1(x):
    """Return e^x - 1, also where it is small.

    Examples
    --------
    >>> expm1(1e-20), expm1(-100.0)
    (1e-20, -1.0)
    """
    if x != x or abs(x) < 5e-17:
        return x
    if x < -40.0 or x > 40.0:
        return exp(x) - 1.0
    k = 0.0 if abs(x) <= _HALF_LN2 else math.floor(x * _PER_LN2 + 0.5)
    high, low = x - k * _LN2_HIGH, k * _LN2_LOW
    r = high - low
    c = (high - r) - low
    half = 0.5 * r
    s = r * half
    p = -2.01099218183624371326e-07
    p = 4.00821782732936239552e-06 + s * p
    p = -7.93650757867487942473e-05 + s * p
    p = 1.58730158725481460165e-03 + s * p
    p = -3.33333333333331316428e-02 + s * p
    p = 1.0 + s * p
    t = 3.0 - p * half
    e = s * ((p - t) / (6.0 - r * t))
    if k == 0.0:
        return r - (r * e - s)
    e = r * (e - c) - c - s  # e^r - 1 is r - e
    if k == -1.0:
        return 0.5 * (r - e) - 0.5
    if k == 1.0:
        return -2.0 * (e - (r + 0.5)) if r < -0.25 else 1.0 + 2.0 * (r - e)
    whole = _power(np.int64(k))
    if k < -1.0:
        return (1.0 - (e - r)) * whole - 1.0
    less = _power(-np.int64(k))
    if k < 20.0:
        return ((1.0 - less) - (e - r)) * whole
    return ((r - (e + less)) + 1.0) * whole


@njit(nogil=True, cache=True)
def log(x):
    """Return the natural logarithm of x.

    Examples
    --------
    >>> log(1.0), log(0.0)
    (0.0, -inf)
    """
    if not 0.0 < x < math.inf:
        return -math.inf if x == 0.0 else (x if x > 0.0 else math.nan)
    return _log_and(x, 0.0)


@njit(nogil=True, cache=True)
def log1p(x):
    """Return the natural logarithm of 1 + x, also where x is small.

    Examples
    --------
    >>> log1p(1e-20), log1p(0.0)
    (1e-20, 0.0)
    """
    if not -1.0 < x < math.inf:
        return -math.inf if x == -1.0 else (x if x > 0.0 else math.nan)
    if abs(x) < 5e-17:
        return x
    if -0.29 < x < 0.41:
        return x - (0.5 * x * x - _series(x))
    u = 1.0 + x
    lost = (1.0 - (u - x) if x > 1.0 else x - (u - 1.0)) / u
    return _log_and(u, lost)


@njit(nogil=True, cache=True)
def _log_and(x, more):
    """Return log(x) plus a small number."""
    m, k = math.frexp(x)
    if m < 0.7071067811865476:
        m, k = 2.0 * m, k - 1
    f = m - 1.0
    return k * _LN2_HIGH - ((0.5 * f * f - (_series(f) + (k * _LN2_LOW + more))) - f)


@njit(nogil=True, cache=True)
def _series(f):
    """Return log(1 + f) - f + f²/2."""
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = 1.531383769920937332e-01 + z * p
    p = 1.818357216161805012e-01 + z * p
    p = 2.222219843214978396e-01 + z * p
    p = 2.857142874366239149e-01 + z * p
    p = 3.999999999940941908e-01 + z * p
    p = 6.666666666666735130e-01 + z * p
    return s * (0.5 * f * f + z * p)


@njit(nogil=True, cache=True)
def _power(k):
    """Return 2^k, a normal number."""
    return as_float(np.uint64(k + 1023) << _52)


@njit(nogil=True, cache=True)
def _exp_each(x, out):
    for k in range(x.size):
        out[k] = exp(x[k])


@njit(nogil=True, cache=True)
def _expm1_each(x, out):
    for k in range(x.size):
        out[k] = expm1(x[k])


@njit(nogil=True, cache=True)
def _log_each(x, out):
    for k in range(x.size):
        out[k] = log(x[k])


@njit(nogil=True, cache=True)
def _log1p_each(x, out):
    for k in range(x.size):
        out[k] = log1p(x[k])


_EACH: dict[Any, Any] = {exp: _exp_each, expm1: _expm1_each, log: _log_each, log1p: _log1p_each}


def each(function: Any, x: Any) -> np.ndarray:
    """Return a function of this module of each entry of an array.

    Examples
    --------
    >>> each(exp, [0.0, -1000.0]).tolist()
    [1.0, 0.0]
    """
    numbers = np.ascontiguousarray(x, np.float64)
    out = np.empty(np.shape(x))
    _EACH[function](numbers.reshape(-1), out.reshape(-1))
    return out
