"""Do a ratio, its interval and its p-value belong together? By Wald's formula on the log scale."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.stats import norm

from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.contrasts import ContrastRow, p_number
from reanalysis.evidence.folder import Evidence

_UNRELIABLE_SPAN = 50.0
"""Ratio of the bounds of an interval above which it says next to nothing."""


def check_ratios(evidence: Evidence) -> Iterator[Finding]:
    """Log-symmetry of intervals, p-values against intervals, and measures that disagree in one analysis."""
    for row in evidence.contrasts:
        if row.has_interval:
            yield from _symmetry(row)
            if row.p:
                yield from _p_value(row)
            span = float(row.upper) / float(row.lower)
            if span > _UNRELIABLE_SPAN:
                message = f"the interval of {row.printed} spans a factor of {span:.0f}: unreliable"
                yield _finding(row, "interval", message)
    yield from _labels(evidence)


def _finding(row: ContrastRow, kind: str, message: str) -> Finding:
    route = "sensitivity route, normal on the log scale"
    used = route if row.use == "sensitivity" else f"not modelled ({row.use})"
    return Finding(kind, "warning", row.study, "", row.endpoint, message, used_as=used, lines=(row.line,))


def _rounded(text: str) -> tuple[float, float]:
    """Bounds of the numbers that print as this text."""
    half = 0.5 * 10 ** -len(text.partition(".")[2])
    return max(float(text) - half, 1e-12), float(text) + half


def _symmetry(row: ContrastRow) -> Iterator[Finding]:
    """A Wald interval is symmetric about the estimate on the log scale, up to the rounding of all three."""
    (e0, e1), (l0, l1), (u0, u1) = (_rounded(t) for t in (row.estimate, row.lower, row.upper))
    centre = 0.5 * (math.log(l0) + math.log(u0)), 0.5 * (math.log(l1) + math.log(u1))
    if math.log(e1) < centre[0] or math.log(e0) > centre[1]:
        middle = math.sqrt(float(row.lower) * float(row.upper))
        message = f"the interval of {row.printed} is not symmetric on the log scale: its middle is {middle:.3g}"
        yield _finding(row, "interval", message)


def _p_value(row: ContrastRow) -> Iterator[Finding]:
    """The p-value that the interval implies, over the rounding of its bounds."""
    z_level = float(norm.ppf(0.5 + row.level / 2))
    (e0, e1), (l0, l1), (u0, u1) = (_rounded(t) for t in (row.estimate, row.lower, row.upper))
    wide = (math.log(u1) - math.log(l0)) / (2 * z_level)
    narrow = max((math.log(u0) - math.log(l1)) / (2 * z_level), 1e-9)
    distance = sorted((abs(math.log(e0)), abs(math.log(e1))))
    nearest = 0.0 if math.log(e0) * math.log(e1) < 0 else distance[0]
    highest = 2 * float(norm.sf(nearest / wide))
    lowest = 2 * float(norm.sf(distance[1] / narrow))
    half = 0.5 * 10 ** -len(row.p.partition(".")[2])
    printed_low, printed_high = p_number(row.p) - half, p_number(row.p) + half
    if row.p.startswith("<"):
        printed_low = 0.0
    elif row.p.startswith(">"):
        printed_high = 1.0
    if highest < printed_low or lowest > printed_high:
        implied = f"{lowest:.2g}" if lowest == highest else f"{lowest:.2g} to {highest:.2g}"
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
