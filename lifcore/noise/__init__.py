"""The noise: streams, the joint Gaussian of a step, bridges, and draws by key."""

from lifcore.noise.bridges import Bridges, bridges
from lifcore.noise.covariance import (
    chain_covariance,
    chain_kernels,
    decay_integral,
    step_covariance,
    voltage_kernel,
)
from lifcore.noise.flow import Flow, exact_flow
from lifcore.noise.streams import BLOCK, STREAM_VERSION

__all__ = [
    "BLOCK",
    "STREAM_VERSION",
    "Bridges",
    "Flow",
    "bridges",
    "chain_covariance",
    "chain_kernels",
    "decay_integral",
    "exact_flow",
    "step_covariance",
    "voltage_kernel",
]
