"""Which discrete update rule a simulator runs: probe experiments, rules, and the comparison."""

from lifcore.probes.experiments import EXPERIMENTS, Experiment
from lifcore.probes.fingerprint import Fingerprint, Trace, probe
from lifcore.probes.naming import Named, as_run, name_scheme
from lifcore.probes.noisy import NOISY_RUNS, NoisyRun
from lifcore.probes.rules import KINDS, Rule, all_rules

__all__ = [
    "EXPERIMENTS",
    "KINDS",
    "NOISY_RUNS",
    "Experiment",
    "Fingerprint",
    "Named",
    "NoisyRun",
    "Rule",
    "Trace",
    "all_rules",
    "as_run",
    "name_scheme",
    "probe",
]
