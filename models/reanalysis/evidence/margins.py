"""Differences that matter where a folder declares none: points that fit how often the event happens."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from reanalysis.evidence.reading.arms import ArmRow

POINTS = (5.0, 10.0)
"""The most that is taken, in percentage points, for the smaller and the larger margin."""
SHARES = (0.25, 0.5)
"""And as shares of the mean rate: points alone would call every effect on a rare event trivial."""


def usual_margins(rows: Iterable[ArmRow]) -> tuple[float, float]:
    """Two margins in percentage points, of which the smaller is the half-width of the trivial range.

    They are 5 and 10 points, or a quarter and half of the mean rate of all arms (or of the rest to 100 %, where most
    have the event) if that is less, to two figures. An arm that is read in several ways counts
    once, and both arms count alike, so that swapping them changes nothing.

    Parameters
    ----------
    rows : iterable of ArmRow
        What is reported of the endpoint; rows that no model may use are left out.

    Examples
    --------
    >>> from reanalysis.evidence.margins import usual_margins
    >>> usual_margins(ra.load("anakinra").arms[:0])
    (5.0, 10.0)
    """
    rates: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row.modelled and row.use == "primary" and (rate := _rate(row)) is not None:
            rates.setdefault((row.study, row.arm), []).append(rate)
    mean = fmean(map(fmean, rates.values())) if rates else 0.5
    less = min(mean, 1 - mean) or 0.5
    small, large = (min(most, float(f"{100 * share * less:.2g}")) for most, share in zip(POINTS, SHARES, strict=True))
    return small, large


def _rate(row: ArmRow) -> float | None:
    """The printed rate of an arm, a proportion; None where a row alone does not give it."""
    if row.percent is not None:
        return row.percent.value / 100
    if row.events is None or row.n is None:
        return None
    return sum(row.events) / 2 / row.n
