"""Rule: the single way of rounding, if any, that reconciles all counts and percentages of a study.

Where a report contradicts itself and is read in several ways, its figures are taken together at the n that the arm's
other rows have: what was meant to be one convention should be one there too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reanalysis.evidence.audit.finding import Finding, rule
from reanalysis.evidence.candidates.printing import CONVENTIONS, Convention, Report
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import listed
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.table import grouped

_MOST_NAMED = 6


@dataclass(frozen=True)
class _Printed:
    """One printed percentage, the conventions under which it is a count, and whether it has several readings."""

    name: str
    conventions: tuple[Convention, ...]
    read_in_several_ways: bool
    lines: tuple[int, ...]


@rule("convention")
def check_conventions(evidence: Evidence) -> Iterator[Finding]:
    """The rounding conventions that fit all percentages of each study."""
    by_study: dict[str, list[_Printed]] = defaultdict(list)
    for rows in _percentages(evidence):
        found = _printed(evidence, rows)
        if found.conventions:  # a percentage that none gives is reported by the check of counts
            by_study[rows[0].study].append(found)
    for study, printed in by_study.items():
        decisive = [one for one in printed if len(one.conventions) < len(CONVENTIONS)]
        if not decisive:
            continue
        shared = [c for c in CONVENTIONS if all(c in one.conventions for one in decisive)]
        lines = tuple(line for one in decisive for line in one.lines)
        if shared:
            message = f"all {len(printed)} percentages that have a count are rounded by {' or '.join(shared)}"
            yield Finding("convention", "info", study, "", "", message, used_as="half-up first", lines=lines)
            continue
        declared = any(one.read_in_several_ways for one in decisive)
        needs = "; ".join(f"{' or '.join(cs)}: {_named(decisive, cs)}" for cs in _kinds(decisive))
        yield Finding(
            "convention", "info" if declared else "warning", study, "", "",
            f"no single way of rounding reconciles the percentages of the study: {needs}",
            used_as="the declared readings" if declared else "the first that fits, row by row", lines=lines,
        )  # fmt: skip


def _kinds(printed: list[_Printed]) -> list[tuple[Convention, ...]]:
    return sorted({one.conventions for one in printed}, key=lambda cs: [CONVENTIONS.index(c) for c in cs])


def _named(printed: list[_Printed], conventions: tuple[Convention, ...]) -> str:
    return listed((one.name for one in printed if one.conventions == conventions), _MOST_NAMED)


def _percentages(evidence: Evidence) -> list[tuple[ArmRow, ...]]:
    """Rows of each percentage: one, or those of its readings."""
    counted = [row for row in evidence.arms if row.use != "excluded" and row.weighting == "none" and row.n is not None]
    groups = grouped(counted, lambda row: (row.study, row.arm, row.endpoint, row.subgroup, row.timepoint, row.use))
    return [rows for rows in groups.values() if any(row.percent is not None for row in rows)]


def _printed(evidence: Evidence, rows: tuple[ArmRow, ...]) -> _Printed:
    several = len(rows) > 1
    sizes = {row.n for row in rows if row.n is not None}
    if several:
        usual = _usual_size(evidence, rows[0])
        sizes = {usual} if usual in sizes else sizes
    counts: set[tuple[int, int] | None] = {row.events for row in rows if row.events is not None} or {None}
    fits = [
        c
        for c in CONVENTIONS
        if any(
            _fits(Report(row.percent, events), n, c)
            for row in rows
            if row.percent is not None
            for n in sizes
            for events in (counts if several else (row.events,))
        )
    ]
    first = next(row for row in rows if row.percent is not None)
    where = "/".join(part for part in (first.arm, first.endpoint, first.subgroup) if part)
    size = "" if len(sizes) != 1 else f" of {next(iter(sizes))}"
    return _Printed(f"{where} {first.percent}{size}", tuple(fits), several, tuple(row.line for row in rows))


def _usual_size(evidence: Evidence, row: ArmRow) -> int | None:
    """The n that most other rows of the whole arm have."""
    others = Counter(
        r.n
        for r in evidence.rows_of_arm[row.study, row.arm]
        if r.n is not None and not r.subgroup and r.use != "excluded" and (not r.reading or r.endpoint != row.endpoint)
    )
    return others.most_common(1)[0][0] if others else None


def _fits(report: Report, n: int, convention: Convention) -> bool:
    low, high = report.counts(np.array([n]), convention)
    return bool(low[0] <= high[0])
