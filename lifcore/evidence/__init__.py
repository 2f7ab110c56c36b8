"""What is made of samples: estimates with intervals, orders, claims and their verdicts.

Figures are in :mod:`lifcore.evidence.plots`, which needs Matplotlib and is imported by name.
"""

from lifcore.evidence.claims import Claim, Claims, ks_distance, markdown_table
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.proportions import Proportion, Share, mean_share, proportion
from lifcore.evidence.statistics import Estimate, estimate, jackknife, mean, mean_square, ratio

__all__ = [
    "Claim",
    "Claims",
    "Estimate",
    "Order",
    "Proportion",
    "Share",
    "estimate",
    "fit_order",
    "jackknife",
    "ks_distance",
    "markdown_table",
    "mean",
    "mean_share",
    "mean_square",
    "proportion",
    "ratio",
]
