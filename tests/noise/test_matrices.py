"""Small matrices by plain operations, against linear algebra."""

import numpy as np
import pytest

from lifcore.noise.covariance import gauss_rule
from lifcore.noise.matrices import product, root, solve, total


def test_they_are_those_of_linear_algebra():
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 5):
        a, b = rng.normal(size=(n, n)), rng.normal(size=(n, 2))
        whole = a @ a.T + 0.1 * np.eye(n)
        np.testing.assert_allclose(product(a, b), a @ b, atol=1e-14)
        np.testing.assert_allclose(root(whole), np.linalg.cholesky(whole), atol=1e-13)
        np.testing.assert_allclose(solve(whole, b), np.linalg.solve(whole, b), rtol=1e-10)
    x, w = rng.normal(size=(3, 3, 7)), rng.normal(size=7)
    np.testing.assert_allclose(total(x, w), x @ w, atol=1e-14)


def test_what_is_no_covariance_has_no_root():
    with pytest.raises(ValueError, match="not positive definite"):
        root(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_the_rule_of_gauss_is_right_to_rounding():
    nodes, weights = gauss_rule(24)
    expected = np.polynomial.legendre.leggauss(24)
    np.testing.assert_allclose(nodes, expected[0], atol=1e-15)
    np.testing.assert_allclose(weights, expected[1], atol=1e-15)
    assert (nodes == -nodes[::-1]).all()
    assert (weights == weights[::-1]).all()
    for power in (0, 2, 20, 46):
        assert abs((weights * nodes**power).sum() * (power + 1) / 2.0 - 1.0) < 4e-15
