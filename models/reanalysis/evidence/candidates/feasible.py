"""Which denominators and counts could have printed these percentages? Exhaustive integer search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reanalysis.evidence.candidates.printing import CONVENTIONS, Convention, Percentage
from reanalysis.typing import Flags, Integers


@dataclass(frozen=True)
class Solution:
    """One denominator and, for each report that it allows, the range of counts that prints as required."""

    n: int
    counts: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Report:
    """What was printed of one endpoint, n unknown: a percentage, a range of counts, or both.

    Reports of the same ``subject`` are alternatives of which one is right; without one a report stands alone.
    """

    percent: Percentage | None
    events: tuple[int, int] | None = None
    subject: str = ""

    def counts(self, n: Integers, convention: Convention) -> tuple[Integers, Integers]:
        """Smallest and largest count among n; none where the first exceeds the second."""
        low, high = np.zeros_like(n), n
        if self.percent is not None:
            low, high = self.percent.counts(n, convention)
        if self.events is not None:
            low, high = np.maximum(low, self.events[0]), np.minimum(high, self.events[1])
        return low, high


def shared_denominators(reports: Mapping[str, Report], n_max: int) -> tuple[list[Solution], Convention]:
    """Denominators up to ``n_max`` that allow the reports of one arm at once.

    Parameters
    ----------
    reports : mapping of str to Report
        By endpoint (or any other name), all of the same patients.
    n_max : int
        Largest denominator considered.

    Returns
    -------
    solutions : list of Solution
        By increasing n, each allowing one report or more of every subject; empty if nothing fits.
    convention : str
        The first rounding convention, in the order half-up, half-even, truncation, that has a solution for
        every report.
    """
    n = np.arange(1, n_max + 1, dtype=np.int64)
    for convention in CONVENTIONS:
        bounds = {name: report.counts(n, convention) for name, report in reports.items()}
        fits = {name: low <= high for name, (low, high) in bounds.items()}
        by_subject: dict[str, Flags] = {}
        for name, report in reports.items():
            subject = report.subject or name
            by_subject[subject] = by_subject.get(subject, False) | fits[name]
        together = np.ones(len(n), dtype=bool)
        for fit in by_subject.values():
            together &= fit
        if all((fits[name] & together).any() for name in reports):
            return [
                Solution(
                    int(n[i]),
                    {name: (int(low[i]), int(high[i])) for name, (low, high) in bounds.items() if fits[name][i]},
                )
                for i in np.flatnonzero(together)
            ], convention
    return [], CONVENTIONS[0]


@lru_cache(maxsize=100_000)
def counts_of(percent: Percentage, n: int, events: tuple[int, int] | None = None) -> tuple[range, Convention]:
    """Counts among a printed n that print as a percentage, under the first convention that has any.

    Parameters
    ----------
    percent : Percentage
        As printed.
    n : int
        As printed.
    events : tuple of (int, int), optional
        Smallest and largest count printed beside it.
    """
    report = Report(percent, events)
    for convention in CONVENTIONS:
        low, high = report.counts(np.array([n]), convention)
        if low[0] <= high[0]:
            return range(int(low[0]), int(high[0]) + 1), convention
    return range(0), CONVENTIONS[0]
