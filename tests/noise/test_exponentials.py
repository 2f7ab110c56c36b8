"""Exponentials by plain operations, against whole-number arithmetic of many digits."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from lifcore.noise.exponentials import each, exp, expm1, log, log1p


def exact(name, x):
    with localcontext() as context:
        context.prec = 60
        x = Decimal(x)
        return {
            "exp": lambda: x.exp(),
            "expm1": lambda: x.exp() - 1,
            "log": lambda: x.ln(),
            "log1p": lambda: (1 + x).ln(),
        }[name]()


def points(low, high, tiny):
    rng = np.random.default_rng(1)
    near = np.concatenate([sign * 10.0 ** rng.uniform(-18, 0, 400) for sign in (1, -1)])
    wide = np.concatenate([rng.uniform(low, high, 800), rng.uniform(-2.0, 2.0, 800)])
    found = np.concatenate([wide, near if tiny else 1.0 + 0.5 * near, [0.34, 0.35, -0.35, 1.04]])
    return found[(found > low) & (found < high)]


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [(exp, -700.0, 709.0), (expm1, -60.0, 709.0), (log, 1e-300, 1e5), (log1p, -0.999, 1e5)],
)
def test_they_are_right_to_less_than_a_unit_in_the_last_place(function, low, high):
    x = points(low, high, function is not log)
    name = function.__name__
    units = [
        abs(float((Decimal(function(float(t))) - exact(name, float(t))) / Decimal(math.ulp(found))))
        for t, found in zip(x, (float(exact(name, float(t))) for t in x), strict=True)
    ]
    assert max(units) < 1.0
    assert (each(function, x) == [function(float(t)) for t in x]).all()


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (exp, 0.0, 1.0), (exp, 709.79, math.inf), (exp, -746.0, 0.0), (exp, -math.inf, 0.0),
        (exp, -745.0, 5e-324), (expm1, 0.0, 0.0), (expm1, -800.0, -1.0), (expm1, 800.0, math.inf),
        (log, 1.0, 0.0), (log, 0.0, -math.inf), (log, -1.0, math.nan), (log, math.inf, math.inf),
        (log1p, 0.0, 0.0), (log1p, -1.0, -math.inf), (log1p, -2.0, math.nan),
    ],
)  # fmt: skip
def test_at_the_ends(function, x, expected):
    assert function(x) == expected or math.isnan(function(x)) == math.isnan(expected) is True
    assert math.isnan(function(math.nan))
