"""Rule: an unadjusted ratio or p-value follows from the rates printed beside it.

The ratio has to, up to the rounding of both; the p-value has to lie among those of the tests in use for two
proportions: chi-square with and without continuity correction, Fisher's exact test and its mid-p form, the
likelihood-ratio test, and Wald's tests of the difference, the log odds ratio and the log risk ratio.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from reanalysis.evidence.audit.arithmetic import PRECISE, p_bounds, p_values, rounded, standard_errors
from reanalysis.evidence.audit.finding import Finding, about, rule, used
from reanalysis.evidence.candidates.possible import possible_pairs
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import ContrastRow

_CRUDE = ("", "none", "unadjusted", "crude", "univariate", "univariable", "unweighted")
_WEIGHTED = ("iptw", "weighted", "weighting")
_NARROWEST, _WIDEST = 0.8, 1.6
"""Exact and profile intervals are wider than Wald's at small counts, hardly any is narrower."""


def is_unadjusted(row: ContrastRow, weighted: bool) -> bool:
    """Whether a ratio or p-value belongs to the printed rates themselves and not to a regression on top.

    Parameters
    ----------
    weighted : bool
        Whether those rates are propensity-weighted.
    """
    return row.adjustment.strip().lower() in _WEIGHTED if weighted else called_unadjusted(row.adjustment)


def called_unadjusted(adjustment: str) -> bool:
    """Whether an adjustment is none, or not reported."""
    return adjustment.strip().lower() in _CRUDE


def judged_by_counts(evidence: Evidence, row: ContrastRow) -> bool:
    """Whether a p-value belongs to counts that are printed, from which it can be worked out."""
    rates = both_rates(evidence, row.study, row.endpoint)
    if rates is None or not is_unadjusted(row, rates[0].weighting == "iptw"):
        return False
    return rates[1].counts is not None and rates[3].counts is not None


@dataclass(frozen=True)
class RateRange:
    """Smallest and largest rate that one row allows, and the patients it was counted or weighted in."""

    low: float
    high: float
    n: int
    counts: tuple[int, int] | None

    @property
    def middle(self) -> float:
        """Middle of the range: the printed rate where a percentage is all there is."""
        return 0.5 * (self.low + self.high)

    @property
    def inside(self) -> bool:
        """Whether the rate is certainly neither 0 nor 1."""
        return self.low > 0 and self.high < 1


def rate_range(evidence: Evidence, row: ArmRow) -> RateRange | None:
    """What a row with a printed n says of its rate."""
    if row.n is None:
        return None
    if row.weighting == "iptw":
        if row.percent is None:
            return None
        low, high = rounded(row.percent.text)
        return RateRange(low / 100, min(high / 100, 1.0), row.n, None)
    counts = possible_pairs(evidence, row).get(row.n)
    return RateRange(counts[0] / row.n, counts[1] / row.n, row.n, counts) if counts else None


def both_rates(evidence: Evidence, study: str, endpoint: str) -> tuple[ArmRow, RateRange, ArmRow, RateRange] | None:
    """Control and treated rows of one endpoint and their rates; None where either is missing or has readings."""
    rows = [r for r in evidence.rows_of_cell.get((study, endpoint), ()) if not r.subgroup and r.use != "excluded"]
    if sorted(row.arm for row in rows) != ["control", "treated"]:
        return None
    control, treated = sorted(rows, key=lambda row: row.arm)
    p0, p1 = rate_range(evidence, control), rate_range(evidence, treated)
    if p0 is None or p1 is None or control.weighting != treated.weighting:
        return None
    return control, p0, treated, p1


@rule("ratio", "interval", "p-value")
def check_crude(evidence: Evidence) -> Iterator[Finding]:
    """Unadjusted ratios and p-values against the rates of both arms."""
    for row in evidence.contrasts:
        if row.use == "excluded" or not (row.estimate or row.p):
            continue
        rates = both_rates(evidence, row.study, row.endpoint)
        if rates is None or not is_unadjusted(row, rates[0].weighting == "iptw"):
            continue
        _, p0, _, p1 = rates
        if row.estimate and row.measure != "HR" and p0.inside and p1.inside:
            yield from _ratio(row, p0, p1)
            if row.has_interval and p0.counts is not None:
                yield from _interval(row, p0, p1)
        if row.p and p0.counts is not None and p1.counts is not None:
            yield from _p_value(row, p0, p1)


def _finding(row: ContrastRow, kind: str, message: str) -> Finding:
    return about(row, kind, "warning", message, used(row, "sensitivity route, as printed"))


def _ratio(row: ContrastRow, p0: RateRange, p1: RateRange) -> Iterator[Finding]:
    def ratio(treated: float, control: float) -> float:
        return treated / control if row.measure == "RR" else treated / (1 - treated) * (1 - control) / control

    low, high = ratio(p1.low, p0.high), ratio(p1.high, p0.low)
    printed_low, printed_high = rounded(row.estimate)
    if printed_low <= high * PRECISE and low <= printed_high * PRECISE:
        return
    shown = f"{low:.3g}" if math.isclose(low, high, rel_tol=1e-3) else f"{low:.3g} to {high:.3g}"
    message = f"{row.printed} is called unadjusted, but the printed rates give {row.measure} {shown}"
    if printed_low <= PRECISE / low and 1 / high <= printed_high * PRECISE:
        message += "; it is theirs with control and treated swapped"
    yield _finding(row, "ratio", message)


def _interval(row: ContrastRow, p0: RateRange, p1: RateRange) -> Iterator[Finding]:
    """The standard error that the interval implies against Wald's from the counts."""

    def error(r0: float, r1: float) -> float:
        odds = row.measure == "OR"
        return math.sqrt(sum((1 / r - 1) / n / ((1 - r) ** 2 if odds else 1) for r, n in ((r0, p0.n), (r1, p1.n))))

    errors = [error(r0, r1) for r0, r1 in itertools.product({p0.low, p0.high}, {p1.low, p1.high})]
    low, high = standard_errors(row)
    if high < _NARROWEST * min(errors) or low > _WIDEST * max(errors):
        shown = f"{min(errors):.3f}"
        message = (
            f"the interval of {row.printed} has a standard error of {row.standard_error:.3f}, "
            f"the printed counts give {shown}"
        )
        yield _finding(row, "interval", message)


def _p_value(row: ContrastRow, p0: RateRange, p1: RateRange) -> Iterator[Finding]:
    assert p0.counts is not None
    assert p1.counts is not None
    printed_low, printed_high = p_bounds(row.p)
    certain = p0.low == p0.high and p1.low == p1.high
    equal = not certain and p0.low <= p1.high and p1.low <= p0.high
    low, high = 1.0, 1.0 if equal else 0.0
    for x0, x1 in itertools.product({*p0.counts}, {*p1.counts}):
        for p in p_values(x0, p0.n, x1, p1.n):
            low, high = min(low, p), max(high, p)
            if printed_low <= high * PRECISE and low <= printed_high * PRECISE:
                return
    shown = f"{low:.2g}" if math.isclose(low, high, rel_tol=0.05) else f"{low:.2g} to {high:.2g}"
    yield _finding(
        row, "p-value", f"{row.printed}: the tests of two proportions give p = {shown} for the printed counts"
    )
