"""How far apart are two rates? The squared z of the tests that p-values come from.

All are proportional to the size of the groups at given rates.
"""

from __future__ import annotations

import math


def pooled_chi_square(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the two-proportion test with pooled variance."""
    p = (n0 * p0 + n1 * p1) / (n0 + n1)
    return (p1 - p0) ** 2 / (p * (1 - p) * (1 / n0 + 1 / n1))


def unpooled_wald(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the risk difference with unpooled variance."""
    return (p1 - p0) ** 2 / (p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)


def log_risk_wald(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the log risk ratio (Katz)."""
    return math.log(p1 / p0) ** 2 / ((1 / p0 - 1) / n0 + (1 / p1 - 1) / n1)


def log_odds_wald(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the log odds ratio (Woolf)."""
    variance = 1 / (n0 * p0 * (1 - p0)) + 1 / (n1 * p1 * (1 - p1))
    return (math.log(p1 / (1 - p1)) - math.log(p0 / (1 - p0))) ** 2 / variance
