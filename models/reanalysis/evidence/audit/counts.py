"""Does each count print as its percentage? GRIM for proportions (Brown and Heathers 2017, SPPS 8:363)."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.audit.finding import Finding, Severity
from reanalysis.evidence.feasible import counts_of
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.printing import CONVENTIONS

_SHOWN = 12


def check_counts(evidence: Evidence) -> Iterator[Finding]:
    """Counts against percentages, row by row."""
    for row in evidence.arms:
        if row.n is None or row.percent is None or row.weighting == "iptw":
            continue
        if row.events is None:
            yield from _percentage_alone(row)
        elif row.events[0] == row.events[1]:
            yield from _count_and_percentage(row)
        else:
            yield from _range_and_percentage(row)


def _severity(row: ArmRow) -> Severity:
    if row.modelled:
        return "error"
    return "info" if row.use == "excluded" else "warning"


def _finding(row: ArmRow, kind: str, severity: Severity, message: str, **more: object) -> Finding:
    return Finding(
        kind, severity, row.study, row.arm, row.endpoint, message, lines=(row.line,), **more  # type: ignore[arg-type]
    )


def _refused(row: ArmRow) -> str:
    return "refused until readings are declared" if row.modelled else f"not modelled ({row.use})"


def _count_and_percentage(row: ArmRow) -> Iterator[Finding]:
    assert row.n is not None
    assert row.percent is not None
    assert row.events is not None
    events = row.events[0]
    fits = row.percent.conventions(events, row.n)
    where = f"{events} of {row.n}{f' ({row.subgroup})' if row.subgroup else ''}"
    exact = 100 * events / row.n
    if not fits:
        possible, _ = counts_of(row.percent, row.n)
        others = [f"{x} of {row.n}" for x in possible]
        others += _denominators(row)
        yield _finding(
            row,
            "count-percent",
            _severity(row),
            f"{where} is {exact:.{row.percent.decimals + 2}f} %, printed {row.percent}: no rounding convention gives it",
            feasible=tuple(others[:_SHOWN]),
            used_as=_refused(row),
        )
    elif CONVENTIONS[0] not in fits:
        yield _finding(
            row,
            "rounding",
            "warning" if row.use != "excluded" else "info",
            f"{where} is {exact:.{row.percent.decimals + 2}f} %, printed {row.percent}: only {' or '.join(fits)} gives it",
            used_as="the count" if row.modelled else f"not modelled ({row.use})",
        )
    elif row.percent.is_tie(events, row.n):
        yield _finding(
            row, "rounding", "info", f"{where} lies half-way between two percentages and was rounded up to {row.percent}",
            used_as="the count" if row.modelled else f"not modelled ({row.use})",
        )  # fmt: skip


def _denominators(row: ArmRow) -> list[str]:
    """Denominators near the printed one with which the printed count gives the printed percentage."""
    assert row.n is not None
    assert row.percent is not None
    assert row.events is not None
    events = row.events[0]
    near = sorted(range(max(1, events, row.n - 20), row.n + 21), key=lambda n: abs(n - row.n))  # type: ignore[operator]
    return [f"{events} of {n}" for n in near if row.percent.prints(events, n, CONVENTIONS[0])][:4]


def _percentage_alone(row: ArmRow) -> Iterator[Finding]:
    assert row.n is not None
    assert row.percent is not None
    possible, convention = counts_of(row.percent, row.n)
    if not possible:
        yield _finding(
            row,
            "count-percent",
            _severity(row),
            f"no count among n = {row.n} prints as {row.percent}",
            used_as=_refused(row),
        )
    elif convention != CONVENTIONS[0]:
        yield _finding(
            row,
            "rounding",
            "warning",
            f"{row.percent} of n = {row.n} is a count only under {convention}",
            feasible=tuple(f"{x} of {row.n}" for x in possible),
            used_as="these counts" if row.modelled else f"not modelled ({row.use})",
        )
    elif row.modelled or len(possible) > 1:
        deduced = len(possible) == 1
        yield _finding(
            row,
            "denominator",
            "info",
            f"{row.percent} of n = {row.n} can only be {possible[0]}" if deduced else f"{row.percent} of n = {row.n} allows {len(possible)} counts",
            feasible=tuple(f"{x} of {row.n}" for x in possible)[:_SHOWN],
            used_as=("the deduced count" if deduced else "all of these counts") if row.modelled else f"not modelled ({row.use})",
        )


def _range_and_percentage(row: ArmRow) -> Iterator[Finding]:
    assert row.n is not None
    assert row.percent is not None
    assert row.events is not None
    possible, _ = counts_of(row.percent, row.n)
    both = [x for x in possible if row.events[0] <= x <= row.events[1]]
    if not both:
        yield _finding(
            row,
            "count-percent",
            _severity(row),
            f"no count from {row.events[0]} to {row.events[1]} among n = {row.n} prints as {row.percent}",
            feasible=tuple(f"{x} of {row.n}" for x in possible)[:_SHOWN],
            used_as=_refused(row),
        )
