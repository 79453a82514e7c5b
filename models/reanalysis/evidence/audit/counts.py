"""Rule: each count gives its percentage. GRIM for proportions (Brown and Heathers 2017, SPPS 8:363)."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import REFUSED, Finding, Severity, about, allowed, rule, used
from reanalysis.evidence.candidates.printing import CONVENTIONS, Percentage, counts_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow

_NEAR = 20
"""How far from the printed n another n is looked for that would fit."""
_MOST_NEAR = 4


@rule("count-percent", "rounding", "denominator")
def check_counts(evidence: Evidence) -> Iterator[Finding]:
    """Counts against percentages, row by row."""
    for row in evidence.arms:
        if row.n is None or row.percent is None or row.weighting == "iptw":
            continue
        if row.events is None:
            yield from _percentage_alone(row, row.n, row.percent)
        elif row.events[0] == row.events[1]:
            yield from _count_and_percentage(row, row.events[0], row.n, row.percent)
        else:
            yield from _range_and_percentage(row, row.events, row.n, row.percent)


def _finding(
    row: ArmRow, kind: str, severity: Severity, message: str, used_as: str, feasible: tuple[str, ...] = ()
) -> Finding:
    return about(row, kind, severity, message, used(row, used_as), feasible)


def _contradiction(row: ArmRow) -> Severity:
    if row.modelled:
        return "error"
    return "info" if row.use == "excluded" else "warning"


def _odd_rounding(row: ArmRow) -> Severity:
    return "info" if row.use == "excluded" else "warning"


def _of(counts: range, n: int) -> tuple[str, ...]:
    return allowed((f"{x} of {n}" for x in counts), len(counts))


def _count_and_percentage(row: ArmRow, events: int, n: int, percent: Percentage) -> Iterator[Finding]:
    fits = percent.conventions(events, n)
    where = f"{events} of {n}" + (f" ({row.subgroup})" if row.subgroup else "")
    exact = f"{100 * events / n:.{percent.decimals + 2}f} %"
    if not fits:
        yield _finding(
            row, "count-percent", _contradiction(row),
            f"{where} is {exact}, printed {percent}: no rounding convention gives it", REFUSED,
            (*_of(counts_of(percent, n)[0], n), *_other_denominators(events, n, percent)),
        )  # fmt: skip
    elif CONVENTIONS[0] not in fits:
        yield _finding(
            row, "rounding", _odd_rounding(row),
            f"{where} is {exact}, printed {percent}: only {' or '.join(fits)} gives it", "the count",
        )  # fmt: skip
    elif percent.is_tie(events, n):
        yield _finding(
            row, "rounding", "info",
            f"{where} lies half-way between two percentages and was rounded up to {percent}", "the count",
        )  # fmt: skip


def _other_denominators(events: int, n: int, percent: Percentage) -> list[str]:
    """Denominators near the printed one with which the printed count gives the printed percentage."""
    near = sorted(range(max(1, events, n - _NEAR), n + _NEAR + 1), key=lambda m: abs(m - n))
    return [f"{events} of {m}" for m in near if percent.prints(events, m, CONVENTIONS[0])][:_MOST_NEAR]


def _percentage_alone(row: ArmRow, n: int, percent: Percentage) -> Iterator[Finding]:
    possible, convention = counts_of(percent, n)
    if not possible:
        yield _finding(row, "count-percent", _contradiction(row), f"no count among n = {n} gives {percent}", REFUSED)
    elif convention != CONVENTIONS[0]:
        yield _finding(
            row, "rounding", _odd_rounding(row), f"{percent} of n = {n} is a count only under {convention}",
            "these counts", _of(possible, n),
        )  # fmt: skip
    elif len(possible) > 1:
        yield _finding(
            row, "denominator", "info", f"{percent} of n = {n} allows {len(possible)} counts",
            "all of these counts", _of(possible, n),
        )  # fmt: skip
    elif row.modelled:
        yield _finding(
            row, "denominator", "info", f"{percent} of n = {n} can only be {possible[0]}",
            "the deduced count", _of(possible, n),
        )  # fmt: skip


def _range_and_percentage(row: ArmRow, events: tuple[int, int], n: int, percent: Percentage) -> Iterator[Finding]:
    fits, convention = counts_of(percent, n, events)
    where = f"from {events[0]} to {events[1]} among n = {n}"
    if not fits:
        yield _finding(
            row, "count-percent", _contradiction(row), f"no count {where} gives {percent}", REFUSED,
            _of(counts_of(percent, n)[0], n),
        )  # fmt: skip
    elif convention != CONVENTIONS[0]:
        yield _finding(
            row, "rounding", _odd_rounding(row),
            f"a count {where} gives {percent} only under {convention}", "these counts", _of(fits, n),
        )  # fmt: skip
