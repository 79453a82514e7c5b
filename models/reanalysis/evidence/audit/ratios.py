"""Rule: a ratio, its interval and its p-value belong together, by Wald's formula on the log scale."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.special import ndtr, ndtri

from reanalysis.evidence.audit.arithmetic import PRECISE, p_bounds, rounded, standard_errors
from reanalysis.evidence.audit.crude import called_unadjusted, judged_by_counts
from reanalysis.evidence.audit.finding import Finding, Severity, about, rule, used
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.evidence.reading.table import grouped

_OTHER_TEST, _TABLE_TEST, _SLACK = 1.1, 1.4, 0.05
"""How far the z of another test may be from Wald's: as a factor, for a regression and for a table, and beside it."""
_CONTINUITY = 0.7
"""How many standard errors of the log ratio an exact or corrected test of a small table can take off its z."""
_UNRELIABLE_SPAN = 50.0
"""Ratio of the bounds of an interval above which it says next to nothing."""


@rule("interval", "p-value", "measure")
def check_ratios(evidence: Evidence) -> Iterator[Finding]:
    """Log-symmetry of intervals, p-values against intervals, and measures that disagree in one analysis."""
    for row in evidence.contrasts:
        if row.has_interval:
            symmetric = _is_symmetric(row)
            yield from _symmetry(row, symmetric)
            if row.p and not judged_by_counts(evidence, row):
                yield from _p_value(row)
            span = float(row.upper) / float(row.lower)
            if span > _UNRELIABLE_SPAN:
                message = f"the interval of {row.printed} spans a factor of {span:.0f}: unreliable"
                yield _finding(row, "interval", message)
    yield from _labels(evidence)


def _finding(row: ContrastRow, kind: str, message: str, severity: Severity = "warning") -> Finding:
    return about(row, kind, severity, message, used(row, "sensitivity route, normal on the log scale"))


def _is_symmetric(row: ContrastRow) -> bool:
    """Whether an interval is Wald's: symmetric about the estimate on the log scale, up to the rounding of all three."""
    (e0, e1), (l0, l1), (u0, u1) = (rounded(t) for t in (row.estimate, row.lower, row.upper))
    return math.sqrt(l0 * u0) <= e1 * PRECISE and e0 <= math.sqrt(l1 * u1) * PRECISE


def _symmetry(row: ContrastRow, symmetric: bool) -> Iterator[Finding]:
    low, high = standard_errors(row)
    error = f"{row.standard_error:.3f} ({low:.3f} to {high:.3f} over the rounding)"
    if symmetric:
        message = f"the interval of {row.printed} is symmetric on the log scale; standard error {error}"
        yield _finding(row, "interval", message, "info")
    else:
        middle = math.sqrt(float(row.lower) * float(row.upper))
        message = (
            f"the interval of {row.printed} is not symmetric on the log scale: its middle is {middle:.3g}; "
            f"half its width would be a standard error of {error}"
        )
        yield _finding(row, "interval", message)


def _p_value(row: ContrastRow) -> Iterator[Finding]:
    """The p-value that the interval implies, over the rounding of its bounds.

    The p-value may be a score or a likelihood-ratio test's, whose z differs a little from Wald's.
    """
    e0, e1 = rounded(row.estimate)
    narrow, wide = standard_errors(row)
    distance = sorted((abs(math.log(e0)), abs(math.log(e1))))
    nearest = 0.0 if math.log(e0) * math.log(e1) < 0 else distance[0]
    least, most = nearest / wide, distance[1] / max(narrow, 1e-9)
    highest, lowest = 2 * float(ndtr(-least)), 2 * float(ndtr(-most))
    printed_most, printed_least = (-float(ndtri(p / 2)) for p in p_bounds(row.p))
    table = bool(row.adjustment) and called_unadjusted(row.adjustment)
    factor, exact = (_TABLE_TEST, _CONTINUITY * wide) if table else (_OTHER_TEST, 0.0)
    if least > printed_most * factor + _SLACK + exact or printed_least > most * factor + _SLACK:
        implied = f"{lowest:.2g}" if math.isclose(lowest, highest, rel_tol=0.05) else f"{lowest:.2g} to {highest:.2g}"
        yield _finding(row, "p-value", f"{row.printed}: the interval implies p = {implied}")


def _labels(evidence: Evidence) -> Iterator[Finding]:
    """Different measures from what is described as one analysis; OR and RR of the same table are none."""
    ratios = [row for row in evidence.contrasts if row.estimate and row.use != "excluded"]
    for (_, adjustment), rows in grouped(ratios, lambda row: (row.study, row.adjustment)).items():
        measures = sorted({row.measure for row in rows})
        if len(measures) < 2 or (called_unadjusted(adjustment) and "HR" not in measures):
            continue
        rare = min(measures, key=lambda measure: sum(row.measure == measure for row in rows))
        others = ", ".join(measure for measure in measures if measure != rare)
        analysis = f"one analysis ({adjustment})" if adjustment else "one analysis"
        for row in rows:
            if row.measure == rare:
                message = f"{row.printed} is labelled {rare} among ratios labelled {others} of {analysis}"
                yield _finding(row, "measure", message)
