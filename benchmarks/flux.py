"""Time the sampler of crossing speeds on one core, and beside it the solver's whole flux density.

python benchmarks/flux.py
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from lifcore import LIF
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.strong.flux import crossing_speeds

TARGET = 20.0  # seconds for 1e6 crossing speeds, bridge refinement included


def main() -> None:
    print("seconds for 1e6 crossing speeds on one core (target: at most 20)")
    with ThreadPoolExecutor(1) as one:
        for name, lif in [
            ("mean-driven", LIF(mu=1.5, sigma=0.3, tau=0.5)),
            ("balanced", LIF(mu=1.0, sigma=1.0, tau=1.0)),
            ("strong noise", LIF(mu=1.0, sigma=20.0, tau=1.0)),
        ]:
            crossing_speeds(lif, T=1.0, paths=1, seed=0, executor=one)  # compile
            begun = time.perf_counter()
            found = len(crossing_speeds(lif, T=20.0, paths=12_800, seed=1, executor=one).speed)
            sampled = (time.perf_counter() - begun) * 1e6 / found
            begun = time.perf_counter()
            solve_threshold(lif)
            solved = time.perf_counter() - begun
            print(
                f"  {name:14s} {sampled:6.1f} s = {sampled / TARGET:.2f} of the target; the solver "
                f"takes {solved:.2f} s for the flux density, {sampled / solved:.0f} times less"
            )


if __name__ == "__main__":
    main()
