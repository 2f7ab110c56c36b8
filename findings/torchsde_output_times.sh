#!/usr/bin/env bash
# Expected: torchsde.sdeint(sde, y0, ts, dt=...) returns the solution at the times ts; for dY = dW
#   (no drift, so that Euler-Maruyama is exact) the variance of Y(t) is then t at every one of them.
# Seen: with a fixed step, the solver walks its own grid ts[0] + k*dt and joins the grid points by
#   straight lines; it neither steps onto the times asked for nor asks its Brownian motion there. At
#   the fraction u of a step the noise of that step has variance u**2 dt instead of u dt: half at
#   the middle. Only the last time is stepped onto.
# Why it matters: a sampling interval finer than the step (for threshold crossings, say), or one
#   that the step does not divide, gives paths that are too smooth and a variance that is too small,
#   with no warning; an error measured there is the interpolation's, not the scheme's.
# Versions: torchsde 0.2.6, torch 2.13.0 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchsde==0.2.6
cd "$work"
venv/bin/python - <<'PY'
import torch
import torchsde

PATHS, DT = 100_000, 0.1
TS = torch.tensor([0.0, 0.05, 0.1, 0.175, 0.25, 0.275], dtype=torch.float64)


class Brownian(torch.nn.Module):
    """dY = dW."""

    noise_type, sde_type = "diagonal", "ito"

    def f(self, t, y):
        return torch.zeros_like(y)

    def g(self, t, y):
        return torch.ones_like(y)


def interpolated(t):
    """Variance of the straight line between W at the grid points k*DT and t_last around t."""
    left = int(t / DT + 1e-9) * DT
    right = min(left + DT, TS[-1].item())
    if right <= left + 1e-9:
        return t
    u = (t - left) / (right - left)
    return left + u * u * (right - left)


print("torchsde", torchsde.__version__, "torch", torch.__version__, "- dY = dW, step", DT)
for method in ("euler", "milstein", "srk"):
    torch.manual_seed(1)
    y0 = torch.zeros(PATHS, 1, dtype=torch.float64)
    with torch.no_grad():
        ys = torchsde.sdeint(Brownian(), y0, TS, dt=DT, method=method)[..., 0]
    for t, v in zip(TS.tolist()[1:], ys.var(dim=1).tolist()[1:]):
        print(f"{method:9} t = {t:5.3f}: variance {v:.4f}, of Brownian motion {t:.4f}, "
              f"of the interpolated path {interpolated(t):.4f}")
        assert abs(v / interpolated(t) - 1) < 5 * (2 / PATHS) ** 0.5, (method, t, v)
    middle, quarter = (ys[1] - ys[2] / 2).abs().max(), ys.var(dim=1)[1] / 0.05
    print(f"{method:9} largest distance of Y(0.05) from Y(0.1)/2: {middle:.1e}")
    assert middle < 1e-12 and quarter < 0.6, "a straight line, with half of the variance"
print("behaviour as described")
PY
