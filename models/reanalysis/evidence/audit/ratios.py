"""Do a ratio, its interval and its p-value belong together?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.stats import norm

from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.contrasts import ContrastRow
from reanalysis.evidence.folder import Evidence


def check_ratios(evidence: Evidence) -> Iterator[Finding]:
    """Log-symmetry of intervals, p-values against intervals, and measures that disagree within one analysis."""
    for row in evidence.contrasts:
        if row.has_interval:
            yield from _symmetry(row)
            if row.p:
                yield from _p_value(row)
            if float(row.upper) / float(row.lower) > 50:
                yield _finding(
                    row, "interval", "warning",
                    f"the interval of {row.printed} spans a factor of {float(row.upper) / float(row.lower):.0f}: unreliable",
                )  # fmt: skip
    yield from _labels(evidence)


def _finding(row: ContrastRow, kind: str, severity: str, message: str) -> Finding:
    used = "sensitivity route, normal on the log scale" if row.use == "sensitivity" else f"not modelled ({row.use})"
    return Finding(kind, severity, row.study, "", row.endpoint, message, used_as=used, lines=(row.line,))  # type: ignore[arg-type]


def _rounded(text: str) -> tuple[float, float]:
    """Bounds of the numbers that print as this text."""
    half = 0.5 * 10 ** -len(text.partition(".")[2])
    return max(float(text) - half, 1e-12), float(text) + half


def _symmetry(row: ContrastRow) -> Iterator[Finding]:
    """A Wald interval is symmetric about the estimate on the log scale, up to the rounding of all three numbers."""
    (e0, e1), (l0, l1), (u0, u1) = (_rounded(t) for t in (row.estimate, row.lower, row.upper))
    centre = 0.5 * (math.log(l0) + math.log(u0)), 0.5 * (math.log(l1) + math.log(u1))
    if math.log(e1) < centre[0] or math.log(e0) > centre[1]:
        middle = math.sqrt(float(row.lower) * float(row.upper))
        yield _finding(
            row, "interval", "warning",
            f"the interval of {row.printed} is not symmetric on the log scale: its middle is {middle:.3g}",
        )  # fmt: skip


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
    text = row.p.lstrip("<>= ")
    half = 0.5 * 10 ** -len(text.partition(".")[2])
    printed_low, printed_high = float(text) - half, float(text) + half
    if row.p.startswith("<"):
        printed_low = 0.0
    elif row.p.startswith(">"):
        printed_high = 1.0
    if highest < printed_low or lowest > printed_high:
        implied = f"{lowest:.2g}" if lowest == highest else f"{lowest:.2g} to {highest:.2g}"
        yield _finding(
            row, "p-value", "warning", f"{row.printed}: the interval implies p = {implied}",
        )  # fmt: skip


def _labels(evidence: Evidence) -> Iterator[Finding]:
    """Different measures from what is described as one analysis."""
    groups: dict[tuple[str, str], list[ContrastRow]] = {}
    for row in evidence.contrasts:
        if row.estimate and row.use != "excluded":
            groups.setdefault((row.study, row.adjustment), []).append(row)
    for (study, adjustment), rows in groups.items():
        measures = {r.measure for r in rows}
        if len(measures) > 1:
            counts = {m: [r for r in rows if r.measure == m] for m in measures}
            rare = min(counts.values(), key=len)
            for row in rare:
                others = ", ".join(sorted(measures - {row.measure}))
                yield _finding(
                    row, "measure", "warning",
                    f"{row.printed} is labelled {row.measure} among ratios labelled {others} of one analysis ({adjustment})",
                )  # fmt: skip
