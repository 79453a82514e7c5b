"""arms.csv as a table: how it is read, and the rules that its rows obey alone and together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.cells import taken_apart
from reanalysis.evidence.reading.names import alike
from reanalysis.evidence.reading.settings import Settings
from reanalysis.evidence.reading.sizes import unbounded_sizes
from reanalysis.evidence.reading.table import Breach, Table, grouped, of_events, repeated
from reanalysis.evidence.reading.text_table import Records, read_records
from reanalysis.evidence.reading.wide import spelling

_ANOTHER = "another study needs another name"


def read_arms(source: Path | Records, settings: Settings | None) -> tuple[tuple[ArmRow, ...], tuple[str, ...]]:
    """Read and validate arms.csv: its rows in file order, and the columns that mean nothing here.

    Parameters
    ----------
    settings : Settings or None
        Where denominators are declared; None where they cannot be read, so that nothing is said of missing ones.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    rules = (_duplicates, _readings, _names_alike)
    sizes = () if settings is None else (partial(unbounded_sizes, settings=settings),)
    records = source if isinstance(source, Records) else read_records(source, ARMS.printed)
    if spelling(records.header):
        rule = "the table is wide, one row a study with both arms; `reanalysis import` makes an evidence folder of it"
        raise InvalidInput([Problem(records.file, records.rows[0][0], "", ", ".join(records.header), rule)])
    return replace(ARMS, of_all=(*rules, *sizes)).read(records)


def _of_row(row: ArmRow) -> Iterator[Breach]:
    yield from of_events(row.events, row.n, row.percent)
    if row.reading_weight is not None and not row.reading:
        yield "reading_weight", row.reading_weight, "a weight needs the name of its reading"
    if row.weighting == "iptw" and row.n is None and row.modelled:
        yield "n", "", "a weighted arm needs its printed n"
    if row.use != "primary" and not row.reason:
        yield "reason", "", f"a reason is needed where use is {row.use}"


def _arm_endpoint(row: ArmRow) -> tuple[str, str, str]:
    return row.study, row.arm, row.endpoint


def _place(row: ArmRow) -> tuple[str, ...]:
    return *_arm_endpoint(row), row.subgroup, row.reading


def _duplicates(file: str, rows: Sequence[ArmRow]) -> Iterable[Problem]:
    """Rows that stand there already."""

    def key(row: ArmRow) -> tuple[str, ...]:
        return _place(row) if row.modelled else (*_place(row), row.timepoint, row.use)

    def rule(row: ArmRow, there: str) -> str:
        twice = f"{'/'.join(part for part in _place(row) if part)} stands on {there} already"
        different = "alternative readings of one report need different names in the column reading"
        return f"{twice}; {_ANOTHER}, and {different}" if row.modelled else twice

    return repeated(file, rows, key, rule)


def _readings(file: str, rows: Sequence[ArmRow]) -> Iterator[Problem]:
    """Rows of one arm-endpoint that are no set of alternative readings."""
    for group in grouped((row for row in rows if row.modelled), _arm_endpoint).values():
        if len({row.reading for row in group}) < 2:
            continue  # one row, or duplicates
        for row in group:
            if not row.reading:
                rule = f"{_ANOTHER}, and one of several readings of an arm-endpoint needs the name of its reading"
                yield Problem(file, row.line, "reading", "", rule)
        bare = [row for row in group if row.reading_weight is None]
        if 0 < len(bare) < len(group):
            rule = "either all readings of an arm-endpoint have a weight or none"
            yield Problem(file, bare[0].line, "reading_weight", "", rule)
        odd = next((row for row in group if row.weighting != group[0].weighting), None)
        if odd:
            rule = "readings of one arm-endpoint must share their weighting"
            yield Problem(file, odd.line, "weighting", odd.weighting, rule)


def _names_alike(file: str, rows: Sequence[ArmRow]) -> Iterator[Problem]:
    """Names of studies and endpoints, and of parts and readings of one arm, that differ by case or blanks only."""
    yield from alike("study", ((row.study, (file, row.line)) for row in rows))
    yield from alike("endpoint", ((row.endpoint, (file, row.line)) for row in rows))
    for cell in grouped(rows, _arm_endpoint).values():
        yield from alike("subgroup", ((row.subgroup, (file, row.line)) for row in cell))
        yield from alike("reading", ((row.reading, (file, row.line)) for row in cell))


ARMS = Table(
    ArmRow, ("study", "arm", "endpoint", "events|percent"), _of_row, printed=("percent",), rewritten=taken_apart
)
