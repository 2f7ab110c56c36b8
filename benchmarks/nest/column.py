"""The column of benchmarks/column.py in NEST: the same populations, numbers and laws.

    PYTHON benchmarks/nest/column.py FILE

FILE is what benchmarks/column.py writes: sizes, projections and inputs in ms, mV and pA. Prints, as
JSON, seconds of building and of simulating, and spikes of each population.
"""

import json
import sys
import time

import nest


def main() -> None:
    """Build, settle, simulate."""
    with open(sys.argv[1]) as file:
        told = json.load(file)
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=0.1, local_num_threads=told["threads"], rng_seed=told["seed"])
    begun = time.perf_counter()
    populations, recorders = {}, {}
    for one in told["populations"]:
        neurons = nest.Create("iaf_psc_exp", one["size"], {**told["cell"], "I_e": one["I_e"]})
        neurons.V_m = nest.random.normal(-58.0, 10.0)
        source = nest.Create("poisson_generator", params={"rate": one["rate"]})
        nest.Connect(source, neurons, syn_spec={"weight": one["weight"], "delay": 1.5})
        recorder = nest.Create("spike_recorder", params={"start": told["settle"]})
        nest.Connect(neurons, recorder)
        populations[one["name"]], recorders[one["name"]] = neurons, recorder
    for one in told["projections"]:
        mean, sd = one["weight"]
        law = nest.random.normal(mean, sd)
        ends = {"min": 0.0, "max": 1e9} if mean > 0 else {"min": -1e9, "max": 0.0}
        late = nest.random.normal(*one["delay"])
        nest.Connect(
            populations[one["source"]],
            populations[one["target"]],
            {"rule": "fixed_total_number", "N": one["number"]},
            {
                "weight": nest.math.redraw(law, **ends),
                "delay": nest.math.redraw(late, min=0.05, max=1e9),
            },
        )
    nest.Prepare()
    nest.Cleanup()
    built = time.perf_counter()
    nest.Simulate(told["settle"])
    settled, used = time.perf_counter(), time.process_time()
    nest.Simulate(told["T"])
    print(
        json.dumps(
            {
                "build": built - begun,
                "wall": time.perf_counter() - settled,
                "cpu": time.process_time() - used,
                "version": nest.__version__,
                "spikes": {name: one.n_events for name, one in recorders.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
