"""Try an installed `lifcore` in an environment that has nothing else: what `make dist` runs.

`simulate` and `advise` must work with what the wheel brings, and it must bring no more.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions, version
from pathlib import Path

#: What the core asks for, what these ask for, and what every environment has.
ALLOWED = {"lifcore", "numpy", "scipy", "numba", "llvmlite", "tqdm", "pip", "setuptools", "wheel"}
ADVISE = (
    "--C-m 250 --tau-m 10 --tau-syn 2 --V-th -50 --V-reset -65 --E-L -65 --I-e 330 "
    "--noise-sd 100 --rate-error 1%"
)


def main() -> int:
    """Run both, and look at what is installed."""
    import lifcore

    assert Path(sys.prefix).resolve() in Path(lifcore.__file__).resolve().parents, lifcore.__file__
    more = {found.name.lower() for found in distributions()} - ALLOWED
    assert not more, f"the wheel brings more than it needs: {sorted(more)}"
    neuron = lifcore.LIF(g=1.0, v_th=1.0, v_reset=0.0, tau=0.5, mu=1.5, sigma=0.3)
    runs = lifcore.simulate(neuron, h=1 / 64, T=8.0, paths=256, seed=1)
    assert runs.spike_counts.mean() > 1.0
    command = [sys.executable, "-m", "lifcore", "advise", *ADVISE.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ms" in done.stdout, done.stdout
    print(f"lifcore {version('lifcore')}: the wheel alone simulates and advises")
    return 0


if __name__ == "__main__":
    sys.exit(main())
