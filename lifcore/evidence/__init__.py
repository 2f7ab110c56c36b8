"""What is made of samples: estimates with intervals, orders, claims and their verdicts.

Figures are in :mod:`lifcore.evidence.plots`, which needs Matplotlib and is imported by name.
"""

from lifcore.evidence.claims import Claim, Claims, ks_distance, markdown_table
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.proportions import Proportion, proportion
from lifcore.evidence.statistics import Estimate, estimate, jackknife, mean, ratio

__all__ = [
    "Claim",
    "Claims",
    "Estimate",
    "Order",
    "Proportion",
    "estimate",
    "fit_order",
    "jackknife",
    "ks_distance",
    "markdown_table",
    "mean",
    "proportion",
    "ratio",
]
