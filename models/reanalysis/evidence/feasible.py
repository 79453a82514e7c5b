"""Which denominators and counts could have printed these percentages? Exhaustive integer search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reanalysis.evidence.printing import CONVENTIONS, Convention, Percentage

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Solution:
    """One denominator and, for each endpoint, the range of counts that prints as required."""

    n: int
    counts: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Report:
    """What was printed of one endpoint, n unknown: a percentage, a range of counts, or both."""

    percent: Percentage | None
    events: tuple[int, int] | None = None


def shared_denominators(
    reports: Mapping[str, Report], n_max: int
) -> tuple[list[Solution], Convention]:
    """Denominators up to ``n_max`` that allow every report of one arm at once.

    Parameters
    ----------
    reports : mapping of str to Report
        By endpoint (or any other name), all of the same patients.
    n_max : int
        Largest denominator considered.

    Returns
    -------
    solutions : list of Solution
        By increasing n; empty if nothing fits under any convention.
    convention : str
        The first rounding convention, in the order half-up, half-even, truncation, that fits.
    """
    n = np.arange(1, n_max + 1, dtype=np.int64)
    for convention in CONVENTIONS:
        fits = np.ones(len(n), dtype=bool)
        bounds: dict[str, tuple[Integers, Integers]] = {}
        for name, report in reports.items():
            low, high = np.zeros_like(n), n.copy()
            if report.percent is not None:
                low, high = report.percent.counts(n, convention)
            if report.events is not None:
                low, high = np.maximum(low, report.events[0]), np.minimum(high, report.events[1])
            bounds[name] = (low, high)
            fits &= low <= high
        if fits.any():
            return [
                Solution(
                    int(n[i]), {name: (int(low[i]), int(high[i])) for name, (low, high) in bounds.items()}
                )
                for i in np.flatnonzero(fits)
            ], convention
    return [], CONVENTIONS[0]


def counts_of(percent: Percentage, n: int) -> tuple[range, Convention]:
    """Counts among a printed n that print as a percentage, under the first convention that has any."""
    for convention in CONVENTIONS:
        low, high = percent.counts(np.array([n]), convention)
        if low[0] <= high[0]:
            return range(int(low[0]), int(high[0]) + 1), convention
    return range(0), CONVENTIONS[0]
