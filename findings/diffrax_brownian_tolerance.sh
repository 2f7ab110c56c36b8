#!/usr/bin/env bash
# Expected: VirtualBrownianTree is Brownian motion whatever its tol: Euler in diffrax solves the Ito
#   equation, and the mean of dX = X dW stays 1 at every step (Euler keeps it exactly).
# Seen: below tol the path is a smooth interpolation. Once the step is shorter than tol, a part of
#   the quadratic variation is missing; as the step goes to 0 at a fixed tol, Euler converges to
#   the Stratonovich solution, whose mean is exp(1/2). Nothing warns.
# Why it matters: the finest steps of a convergence study are the wrong ones: the error grows when
#   the step is halved, and the "reference solution" of a tiny step is that of another equation.
#   With additive noise, a membrane's threshold is then met by a path too smooth between two steps.
#   tol has to stay below the smallest step.
# Versions: diffrax 0.7.2, jax 0.10.2, numpy 2.3.5 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    diffrax==0.7.2 jax==0.10.2 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import diffrax
import jax
import jax.numpy as jnp
import numpy as np

PATHS, TOL = 4000, 2.0**-4
KEYS = jax.random.split(jax.random.PRNGKey(0), PATHS)


def over_paths(one):
    return np.asarray(jax.jit(jax.vmap(one))(KEYS))


def brownian(key):
    return diffrax.VirtualBrownianTree(0.0, 1.0, tol=TOL, shape=(), key=key)


def solution(dt):
    """X(1) of dX = X dW, X(0) = 1, by Euler."""

    def one(key):
        noise = diffrax.ControlTerm(lambda t, x, args: x, brownian(key))
        terms = diffrax.MultiTerm(diffrax.ODETerm(lambda t, x, args: 0.0 * x), noise)
        solver = diffrax.Euler()
        return diffrax.diffeqsolve(terms, solver, 0.0, 1.0, dt, jnp.array(1.0)).ys[-1]

    return over_paths(one)


def quadratic_variation(dt):
    """Mean sum of squared increments over one interval of length tol, divided by tol."""
    ends = 8 * TOL + dt * jnp.arange(round(TOL / dt) + 1)

    def one(key):
        path = brownian(key)
        increments = jax.vmap(lambda s, t: path.evaluate(s, t))(ends[:-1], ends[1:])
        return jnp.sum(increments**2) / TOL

    return over_paths(one).mean()


print("diffrax", diffrax.__version__, "jax", jax.__version__, f"- tol {TOL}, {PATHS} paths")
seen = []
for dt in (TOL, TOL / 8, TOL / 64):
    x, variation = solution(dt), quadratic_variation(dt)
    seen.append((x.mean(), variation))
    print(f"dt = {dt:.6f}: quadratic variation {variation:.2f} of Brownian motion's, "
          f"mean of X(1) {x.mean():.3f} +- {x.std() / PATHS**0.5:.3f}")
print(f"exact mean: Ito 1, Stratonovich {np.exp(0.5):.3f}")
(coarse, full), (middle, _), (fine, missing) = seen
assert abs(coarse - 1.0) < 0.08 and abs(full - 1.0) < 0.1, "Ito as long as the step is tol"
assert coarse + 0.15 < middle < fine - 0.05 and fine > 1.4, "towards Stratonovich below it"
assert missing < 0.3
print("behaviour as described")
PY
venv/bin/python run.py
