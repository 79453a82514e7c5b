"""Summaries of a marginal posterior: moments and interval, the probability of each side of no effect, quantiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from reanalysis.engines.marginal import Marginal
from reanalysis.evidence.problems import BadChoice, InvalidInput
from reanalysis.model.choices import number
from reanalysis.typing import Array

LEVEL = 0.95
"""Coverage of every reported interval; intervals are equal-tailed."""


PROBABILITIES = tuple(sorted({0.025, 0.975, *(round(float(p), 7) for p in ndtr(np.linspace(-4.0, 4.0, 161)))}))
"""Probabilities of the table: 1/20 of a normal's SD apart, so that linear interpolation is good to 1e-4, and the ends
of the interval that is reported."""


def require_proportions(baseline: float | None = None, level: float = LEVEL) -> None:
    """Refuse what is no control risk or no coverage of an interval, such as a percentage.

    Raises
    ------
    InvalidInput
        With everything that is wrong.
    """
    wrong = []
    if baseline is not None and not 0 < number(baseline) < 1:
        wrong.append(BadChoice("baseline", f" {baseline!r}: must be a proportion above 0 and below 1: 0.35, not 35"))
    if not 0 < number(level) < 1:
        wrong.append(BadChoice("level", f" {level!r}: must be a proportion above 0 and below 1: 0.9, not 90"))
    if wrong:
        raise InvalidInput(wrong)


@dataclass(frozen=True)
class Summary:
    """Mean, SD, median and equal-tailed interval of a quantity."""

    mean: float | None
    sd: float | None
    """None where the moment does not exist (the mean odds ratio of a new study under a heavy-tailed tau) or is beyond
    all numbers a computer holds."""
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


@dataclass(frozen=True)
class Direction:
    """Probability of each side of no effect."""

    below: float
    """P(log odds ratio < 0): fewer events with treatment."""
    benefit: float | None
    harm: float | None
    """The same by which side is good; None where the endpoint has no declared good side."""


def direction(log_odds_ratio: Marginal, better: str | None) -> Direction:
    """Probabilities of fewer events, and of benefit and harm where a good side is declared."""
    below = float(log_odds_ratio.cdf(0.0))
    if better is None:
        return Direction(below, None, None)
    benefit = below if better == "lower" else 1 - below
    return Direction(below, benefit, 1 - benefit)


@dataclass(frozen=True)
class QuantileTable:
    """A distribution function known at points of its own."""

    x: tuple[float, ...]
    """Increasing values of the quantity."""
    probability: tuple[float, ...]
    """Probability of lying at or below each."""

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x, linear between the points; 0 and 1 outside them."""
        return np.interp(np.asarray(x, dtype=float), self.x, self.probability, left=0.0, right=1.0)

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles, linear between the points."""
        return np.interp(np.asarray(probability, dtype=float), self.probability, self.x)


def tabulate(marginal: Marginal, exact: Iterable[float] = ()) -> QuantileTable:
    """Table of a marginal.

    Parameters
    ----------
    exact : iterable of float
        Values at which the table must hold the marginal's own probability.
    """
    points = {float(x): p for x, p in zip(marginal.quantile(PROBABILITIES), PROBABILITIES, strict=True)}
    points |= {float(x): float(marginal.cdf(x)) for x in exact if np.isfinite(x)}
    ordered = sorted(points)
    # ties among draws could make the probabilities of neighbours cross
    risen = np.maximum.accumulate([points[x] for x in ordered])
    return QuantileTable(tuple(ordered), tuple(float(p) for p in risen))
