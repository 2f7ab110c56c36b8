#!/usr/bin/env bash
# Expected: simulation.record(spike_recording.all) records the spikes of all cells, as the name says,
#   and spike_recording.local at most as many (those of cells on this rank).
# Seen: on one rank "local" has every cell's spikes and "all" only those of cells that are the source
#   of some connection. Without connections "all" is empty; connect one cell to another, and the
#   source's spikes appear, and no one else's.
# Why it matters: a rate over the population of a feedforward layer, or of uncoupled neurons under
#   noise, is 0 with "all"; in a random network it leaves out the cells without targets, and a
#   rewiring changes the rate that is measured although no spike changed.
# Versions: arbor 0.12.2, numpy 2.3.5 (Python 3.11). Date: 2026-11-28.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check arbor==0.12.2 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import arbor
from arbor import units as U

print("arbor", importlib.metadata.version("arbor"))


class Recipe(arbor.recipe):
    """Three cells, each of which is made to fire once by an event of its own at 5 ms."""

    def __init__(self, pairs):
        arbor.recipe.__init__(self)
        self.pairs = pairs

    def num_cells(self):
        return 3

    def cell_kind(self, gid):
        return arbor.cell_kind.lif

    def cell_description(self, gid):
        return arbor.lif_cell(
            "source", "target", tau_m=10 * U.ms, V_th=10 * U.mV, C_m=1 * U.pF,
            E_L=0 * U.mV, E_R=0 * U.mV, V_m=0 * U.mV, t_ref=1 * U.ms,
        )

    def event_generators(self, gid):
        return [arbor.event_generator("target", 100.0, arbor.explicit_schedule([5.0 * U.ms]))]

    def connections_on(self, gid):
        return [
            arbor.connection((source, "source"), "target", 0.1, 1 * U.ms)
            for source, target in self.pairs
            if target == gid
        ]


def recorded(pairs, which):
    simulation = arbor.simulation(Recipe(pairs))
    simulation.record(getattr(arbor.spike_recording, which))
    simulation.run(20 * U.ms, 0.1 * U.ms)
    return sorted(int(source[0]) for source, _ in simulation.spikes())


for pairs in ([], [(0, 1)], [(0, 1), (2, 1)]):
    local, all_ = recorded(pairs, "local"), recorded(pairs, "all")
    print(f"connections {pairs}: cells with a spike by local {local}, by all {all_}")
    assert local == [0, 1, 2]
    assert all_ == sorted({source for source, _ in pairs})
print("behaviour as described")
PY
venv/bin/python run.py
