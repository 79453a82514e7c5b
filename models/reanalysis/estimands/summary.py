"""What is one posterior in five numbers?"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from reanalysis.engines.marginal import Marginal

LEVEL = 0.95
"""Coverage of every reported interval; intervals are equal-tailed."""


@dataclass(frozen=True)
class Summary:
    """Mean, SD, median and equal-tailed interval of a quantity.

    Parameters
    ----------
    mean, sd : float or None
        None where the moment does not exist (the mean odds ratio of a new study under a heavy-tailed tau) or is
        beyond all numbers a computer holds.
    """

    mean: float | None
    sd: float | None
    median: float
    lower: float
    upper: float

    def as_dict(self) -> dict[str, float | None]:
        """Plain values for JSON."""
        return dict(vars(self))


def summarise(marginal: Marginal, level: float = LEVEL, moments: int = 2) -> Summary:
    """Summary of a marginal posterior.

    Parameters
    ----------
    marginal : Marginal
        The posterior.
    level : float
        Coverage of the interval.
    moments : int
        How many moments exist: 0 none, 1 the mean, 2 mean and SD.
    """
    tail = (1 - level) / 2
    lower, median, upper = (float(q) for q in marginal.quantile([tail, 0.5, 1 - tail]))
    mean = _finite(marginal.mean()) if moments > 0 else None
    sd = _finite(marginal.sd()) if moments > 1 else None
    return Summary(mean, sd, median, lower, upper)


def _finite(moment: float) -> float | None:
    return moment if isfinite(moment) else None
