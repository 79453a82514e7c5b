"""Percentages as printed, and the counts and denominators that give them under each rounding convention.

A percentage printed with d decimals as P / 10^d stands for values x / n between bounds that depend on the
convention. With S = 100 * 10^d all bounds are ratios of integers, so ties (1/8 = 12.5 %) are decided exactly, and the
search for denominators is exhaustive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, get_args

import numpy as np

from reanalysis.typing import Flags, Integers

Convention = Literal["half-up", "half-even", "truncation"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
"""In the order tried; needing any but the first is a finding."""


@dataclass(frozen=True)
class Percentage:
    """A percentage as printed, its decimals kept."""

    text: str
    """For example ``63`` or ``13.0``."""

    @cached_property
    def decimals(self) -> int:
        """Number of decimals printed."""
        return len(self.text.partition(".")[2])

    @cached_property
    def units(self) -> int:
        """The percentage in units of its last printed place."""
        return int(self.text.replace(".", ""))

    @property
    def value(self) -> float:
        """The percentage as a number."""
        return float(self.text)

    @property
    def whole(self) -> int:
        """100 % in units of the last printed place."""
        return 100 * 10**self.decimals

    def counts(self, n: Integers, convention: Convention) -> tuple[Integers, Integers]:
        """Smallest and largest count among n that give it; none where the first exceeds the second.

        Parameters
        ----------
        n : ndarray of int, shape (N,)
            Denominators.
        """
        units, whole = self.units, self.whole
        n = np.asarray(n, dtype=np.int64)
        if convention == "truncation":
            low = -((-n * units) // whole)
            high = -((-n * (units + 1)) // whole) - 1
        else:
            low = -((-n * (2 * units - 1)) // (2 * whole))
            high = -((-n * (2 * units + 1)) // (2 * whole)) - 1
            if convention == "half-even":
                tie_below = n * (2 * units - 1) % (2 * whole) == 0
                tie_above = n * (2 * units + 1) % (2 * whole) == 0
                if units % 2 == 0:  # a tie goes to the even place: both ties give this one
                    high = high + tie_above
                else:
                    low = low + tie_below
        return np.maximum(low, 0), np.minimum(high, n)

    def prints(self, events: int, n: int, convention: Convention) -> bool:
        """Whether events of n are printed as this percentage."""
        low, high = self.counts(np.array([n]), convention)
        return bool(low[0] <= events <= high[0])

    def is_tie(self, events: int, n: int) -> bool:
        """Whether events of n lie exactly half-way between two printable percentages."""
        return (2 * self.whole * events) % n == 0 and (2 * self.whole * events // n) % 2 == 1

    def conventions(self, events: int, n: int) -> tuple[Convention, ...]:
        """The conventions under which events of n are printed as this percentage."""
        return tuple(c for c in CONVENTIONS if self.prints(events, n, c))

    def __str__(self) -> str:
        return f"{self.text} %"


@dataclass(frozen=True)
class Solution:
    """One denominator and, for each report that it allows, the range of counts that gives what was printed."""

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
    """Counts among a printed n that give a percentage, under the first convention that has any.

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
