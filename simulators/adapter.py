"""Run one package's adapter inside its own environment: adapter.py NAME experiments.json out.json.

An adapter is a file on_NAME.py with PACKAGE, the name of the distribution, and VARIANTS, a function
for each neuron or method that is probed. It takes an experiment (see lifcore/probes/experiments.py)
and returns times, v, i and spikes in ms, or None if the neuron cannot do it. It may have a function
spike_counts too, which takes a noisy run (see lifcore/probes/noisy.py) and returns each neuron's.
"""

import importlib
import importlib.metadata
import json
import platform
import sys
import time
from types import SimpleNamespace


def main(name, given, out):
    """Run all variants on all experiments, and write their answers to a file."""
    with open(given, encoding="utf-8") as file:
        asked = json.load(file)
    experiments = [SimpleNamespace(**entry) for entry in asked["experiments"]]
    adapter = importlib.import_module(f"on_{name}")
    variants = {}
    for variant, run in adapter.VARIANTS.items():
        answers = {e.name: run(e) for e in experiments}
        variants[variant] = {
            experiment: {key: [float(x) for x in values] for key, values in answer.items()}
            for experiment, answer in answers.items()
            if answer is not None
        }
    found = {
        "package": adapter.PACKAGE,
        "version": importlib.metadata.version(adapter.PACKAGE),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "variants": variants,
    }
    if asked["noisy"] and hasattr(adapter, "spike_counts"):
        found["noisy"] = []
        for entry in asked["noisy"]:
            counts = list(adapter.spike_counts(SimpleNamespace(**entry)))
            each = len(counts) // entry["batches"]
            sums = [int(sum(counts[k : k + each])) for k in range(0, len(counts), each)]
            found["noisy"].append({**entry, "spikes": sums})
    with open(out, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
