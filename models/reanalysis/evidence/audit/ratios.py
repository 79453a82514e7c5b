"""Do a ratio, its interval and its p-value belong together? By Wald's formula on the log scale."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.stats import norm

from reanalysis.evidence.audit.finding import Finding, Severity
from reanalysis.evidence.contrasts import ContrastRow, p_number
from reanalysis.evidence.folder import Evidence

_UNRELIABLE_SPAN = 50.0
"""Ratio of the bounds of an interval above which it says next to nothing."""


PRECISE = 1 + 1e-9
"""Relative slack of comparisons of numbers worked out from prints."""


def check_ratios(evidence: Evidence) -> Iterator[Finding]:
    """Log-symmetry of intervals, p-values against intervals, and measures that disagree in one analysis."""
    for row in evidence.contrasts:
        if row.has_interval:
            symmetric = _is_symmetric(row)
            yield from _symmetry(row, symmetric)
            if row.p and row.measure:
                yield from _p_value(row)
            span = float(row.upper) / float(row.lower)
            if span > _UNRELIABLE_SPAN:
                message = f"the interval of {row.printed} spans a factor of {span:.0f}: unreliable"
                yield _finding(row, "interval", message)
    yield from _labels(evidence)


def _finding(row: ContrastRow, kind: str, message: str, severity: Severity = "warning") -> Finding:
    route = "sensitivity route, normal on the log scale"
    used = route if row.use == "sensitivity" else f"not modelled ({row.use})"
    return Finding(
        kind, severity, row.study, "", row.endpoint, message, used_as=used, table="contrasts", lines=(row.line,)
    )


def rounded(text: str) -> tuple[float, float]:
    """Bounds of the positive numbers that print as this text."""
    half = 0.5 * 10 ** -len(text.partition(".")[2])
    return max(float(text) - half, 1e-12), float(text) + half


def p_bounds(text: str) -> tuple[float, float]:
    """Bounds of the p-values that print as this text."""
    value, half = p_number(text), 0.5 * 10 ** -len(text.partition(".")[2])
    low = 0.0 if text.startswith("<") else max(0.0, value - half)
    return low, 1.0 if text.startswith(">") else min(1.0, value + half)


def standard_errors(row: ContrastRow) -> tuple[float, float]:
    """Smallest and largest standard error of the log ratio that the printed interval implies."""
    z_level = float(norm.ppf(0.5 + row.level / 2))
    (l0, l1), (u0, u1) = rounded(row.lower), rounded(row.upper)
    return max((math.log(u0) - math.log(l1)) / (2 * z_level), 0.0), (math.log(u1) - math.log(l0)) / (2 * z_level)


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
    """The p-value that the interval implies, over the rounding of its bounds."""
    e0, e1 = rounded(row.estimate)
    narrow, wide = standard_errors(row)
    distance = sorted((abs(math.log(e0)), abs(math.log(e1))))
    nearest = 0.0 if math.log(e0) * math.log(e1) < 0 else distance[0]
    highest = 2 * float(norm.sf(nearest / wide))
    lowest = 2 * float(norm.sf(distance[1] / max(narrow, 1e-9)))
    printed_low, printed_high = p_bounds(row.p)
    if highest * PRECISE < printed_low or lowest > printed_high * PRECISE:
        implied = f"{lowest:.2g}" if math.isclose(lowest, highest, rel_tol=0.05) else f"{lowest:.2g} to {highest:.2g}"
        yield _finding(row, "p-value", f"{row.printed}: the interval implies p = {implied}")


def _labels(evidence: Evidence) -> Iterator[Finding]:
    """Different measures from what is described as one analysis."""
    groups: dict[tuple[str, str], list[ContrastRow]] = {}
    for row in evidence.contrasts:
        if row.estimate and row.use != "excluded":
            groups.setdefault((row.study, row.adjustment), []).append(row)
    for (_, adjustment), rows in groups.items():
        measures = sorted({row.measure for row in rows})
        if len(measures) < 2:
            continue
        rare = min(measures, key=lambda measure: sum(row.measure == measure for row in rows))
        others = ", ".join(measure for measure in measures if measure != rare)
        analysis = f"one analysis ({adjustment})" if adjustment else "one analysis"
        for row in rows:
            if row.measure == rare:
                message = f"{row.printed} is labelled {rare} among ratios labelled {others} of {analysis}"
                yield _finding(row, "measure", message)
