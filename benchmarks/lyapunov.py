"""Time three routes to the Lyapunov exponent until each is known to half a percent.

python benchmarks/lyapunov.py
"""

from __future__ import annotations

import time

from lifcore import LIF
from lifcore.stability.growth import exponent_by_growth
from lifcore.stability.lyapunov import exponent_by_flux, exponent_by_tangent

TARGET = 10.0  # seconds on two cores for a 99.9 % interval within 0.5 %, or 0.002 near zero
LEVEL = 3.6  # half-width of that interval in standard errors


def main() -> None:
    print("seconds on all cores for 0.5 % (0.002 where the exponent is above -0.1)")
    print("                    flux formula   tangent average   growth      target 10")
    request = {"T": 64.0, "paths": 2560, "settle": 32.0}
    for route in (exponent_by_tangent, exponent_by_growth):
        route(LIF(), T=1.0, paths=2, seed=0)  # compile
    for name, lif in [
        ("balanced", LIF(mu=1.0, sigma=1.0, tau=1.0)),
        ("below threshold", LIF(mu=0.8, sigma=0.5, tau=0.5)),
        ("fast synapse", LIF(mu=1.0, sigma=1.0, tau=0.1)),
        ("a little above", LIF()),
        ("mean-driven", LIF(mu=1.5, sigma=0.3, tau=0.5)),
    ]:
        begun = time.perf_counter()
        truth = exponent_by_flux(lif).estimate.mean
        seconds = [time.perf_counter() - begun]
        wanted = 0.005 * abs(truth) if truth < -0.1 else 0.002
        for route in (exponent_by_tangent, exponent_by_growth):
            begun = time.perf_counter()
            found = route(lif, seed=1, **request).estimate
            # The error falls as the square root of the time spent.
            share = (LEVEL * found.standard_error / wanted) ** 2
            seconds.append((time.perf_counter() - begun) * share)
        verdict = "met" if max(seconds) <= TARGET else "missed"
        print(
            f"  {name:16s} {seconds[0]:10.2f} {seconds[1]:16.2f} {seconds[2]:11.2f}      {verdict}"
        )


if __name__ == "__main__":
    main()
