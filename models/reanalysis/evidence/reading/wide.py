"""Wide tables, one row a study with both arms beside each other, as the long table that arms.csv is.

The columns may be called as the people who have such tables call them: in words, as in R's metafor (Viechtbauer 2010,
J Stat Softw 36:3) and meta (Balduzzi et al. 2019, Evid Based Ment Health 22:153), or as in RevMan's data package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from reanalysis.evidence.problems import BadChoice, InvalidInput, Problem, TableName, listed, spot
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.text_table import Records

Group = Literal[1, 2]
"""Which of two numbered groups is the treated one."""

STUDY = ("study", "studlab", "slab", "trial")
"""What the column of studies may be called, the first that is there."""


@dataclass(frozen=True)
class Spelling:
    """How the columns of two arms may be called."""

    treated: tuple[str, str]
    control: tuple[str, str]
    """Columns of the events and of the patients of an arm, or of those without the event."""
    others: bool = False
    """Whether the second column counts patients without the event."""
    convention: str = ""
    """Why the first pair is the treated arm where its name does not say so."""
    numbered: bool = False
    """Whether the names do not say which arm is which at all, so that it has to be told."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All four."""
        return *self.treated, *self.control


_METAFOR = "as metafor counts its groups, 1 treated and 2 control"
SPELLINGS = (
    Spelling(("events_treated", "n_treated"), ("events_control", "n_control")),
    Spelling(("event.e", "n.e"), ("event.c", "n.c"), convention="e is for experimental, c for control"),
    Spelling(("experimental cases", "experimental n"), ("control cases", "control n")),
    Spelling(("ai", "n1i"), ("ci", "n2i"), convention=_METAFOR),
    Spelling(("ai", "bi"), ("ci", "di"), others=True, convention=_METAFOR),
    Spelling(("tpos", "tneg"), ("cpos", "cneg"), others=True, convention="t is for treated, c for control"),
    Spelling(("r1", "n1"), ("r2", "n2"), numbered=True),
)
"""A new spelling has its place here and nowhere else."""

_BESIDE = {"n1i": "bi", "n2i": "di"}
"""Columns of metafor that hold what another two say already: they are checked."""
_EACH_ARM = ("study", "arm", "endpoint", "events", "n", "percent")


def spelling(header: list[str]) -> Spelling | None:
    """How the arms of a wide table are spelled, None where it is none.

    A spelling needs the columns of the events of both arms; the one with most of its columns goes first.
    """
    if "arm" in header or "events" in header:
        return None
    found = [one for one in SPELLINGS if {one.treated[0], one.control[0]} <= set(header)]
    return max(found, key=lambda one: len(set(one.columns) & set(header)), default=None)


def long_records(records: Records, endpoint: str = "", treated: Group | None = None) -> tuple[Records, tuple[str, ...]]:
    """Any table of arms as the long one, and what was read into it: nothing where it is long already.

    Problems of a long table that was made of a wide one name the rows and columns of that.

    Parameters
    ----------
    endpoint : str
        What is counted, where no column says so.
    treated : {1, 2}, optional
        Which group is the treated one where the columns are numbered.

    Raises
    ------
    InvalidInput
        If it is not clear which column is what, or a long table is told what only a wide one needs.
    """
    if found := spelling(records.header):
        return _as_long(records, found, endpoint, treated)
    if len(records.header) > 1 and not {"arm", "events"} & set(records.header):
        spellings = "; ".join(", ".join(one.columns) for one in SPELLINGS)
        rule = f"the columns are neither long (study, arm, endpoint, events, n) nor wide (study and {spellings})"
        raise InvalidInput([Problem(records.file, records.rows[0][0], "", ", ".join(records.header), rule)])
    rule = f": {records.file} is no wide table, whose columns are such as {', '.join(SPELLINGS[0].columns)}"
    told = {"endpoint": endpoint, "treated": treated}
    wrong = [BadChoice(name, f" {value!r}{rule}") for name, value in told.items() if value]
    if wrong and "arm" in records.header:
        raise InvalidInput(wrong)
    return records, ()


def _as_long(
    records: Records, found: Spelling, endpoint: str, treated: Group | None
) -> tuple[Records, tuple[str, ...]]:
    """A row for the control and one for the treated arm of each study; what was read into each, with its columns."""
    header = records.header
    columns = _columns(records, found, treated)
    study = next((name for name in STUDY if name in header), "study")
    _require_columns(records, found, study, endpoint)
    kept = [f.name for f in fields(ArmRow) if f.name in header and f.name not in ("line", *_EACH_ARM)]
    assumed = [
        f"{arm} arm: {events} of {events} + {others}" if found.others else f"{arm} arm: {events} of {others}"
        for arm, (events, others) in columns.items()
    ]
    if found.convention or found.numbered:
        assumed[-1] += f", {found.convention}" if found.convention and treated is None else ", as was told"
    if study != "study":
        assumed.append(f"studies are in the column {study}")
    read = {study, "endpoint", *found.columns, *_BESIDE.values(), *kept}
    if others := [name for name in dict.fromkeys(header) if name and name not in read]:
        assumed.append(f"left out: the columns {listed(others)}")
    at = {name: header.index(name) for name in header}
    rows: list[tuple[int, list[str]]] = [(1, [*_EACH_ARM[:-1], *kept])]
    spots: list[str] = []
    called: list[dict[str, str]] = []
    problems = list(records.problems)
    wrong: list[tuple[int, str, str, str]] = []
    for line, record in records.rows[1:]:
        if not any(cell.strip() for cell in record):
            continue
        where = spot(records.file, line)
        if len(record) != len(header):
            rule = f"the line must have {len(header)} cells like the header, it has {len(record)}"
            problems.append(Problem(records.file, line, "", ",".join(record), rule))
            continue
        cell = {name: record[place].strip() for name, place in at.items()}
        empty = [arm for arm, names in columns.items() if not any(cell.get(name) for name in names)]
        for arm, names in columns.items():
            if empty == [arm]:
                assumed.append(f"{where}: {cell[study]} has no {arm} arm")
                continue
            events, n, broken = _counts(cell, names, found)
            wrong += [(len(rows) + 1, *one) for one in broken]
            what = [cell[study], arm, cell.get("endpoint", endpoint), events, n, *(cell[name] for name in kept)]
            rows.append((len(rows) + 1, what))
            spots.append(where)
            called.append({"events": f"{names[0]} ({arm})", "n": f"{names[1]} ({arm})", "study": study})
    file = TableName(records.file, spots, called)
    problems += [Problem(file, line, column, value, rule) for line, column, value, rule in wrong]
    return Records(file, tuple(rows), tuple(problems)), tuple(assumed)


def _columns(records: Records, found: Spelling, treated: Group | None) -> dict[str, tuple[str, str]]:
    """Columns of each arm, the control arm first as in arms.csv."""
    names = f"{found.treated[0]} and {found.control[0]}"
    if treated not in (None, 1, 2):
        raise InvalidInput([BadChoice("treated", f" {treated!r}: must be 1 or 2")])
    if found.numbered and treated is None:
        rule = f": {records.file} does not say which of {names} is the treated arm; write 1 or 2"
        raise InvalidInput([BadChoice("treated", rule)])
    if treated is not None and not found.numbered and found.convention != _METAFOR:
        raise InvalidInput([BadChoice("treated", f" {treated}: the columns {names} say already which arm is which")])
    first = treated != 2
    return {
        "control": found.control if first else found.treated,
        "treated": found.treated if first else found.control,
    }


def _require_columns(records: Records, found: Spelling, study: str, endpoint: str) -> None:
    header, line = records.header, records.rows[0][0]

    def problems() -> Iterator[Problem | str]:
        for name in dict.fromkeys(name for name in header if name and header.count(name) > 1):
            yield Problem(records.file, line, name, "", "the column is named twice")
        if study not in header:
            rule = f"the column is missing; studies may be in {listed(STUDY)}"
            yield Problem(records.file, line, "study", "", rule)
        missing = [name for name in found.columns if name not in header]
        if missing and (found.others or len(missing) == 1):
            yield Problem(records.file, line, missing[0], "", f"the column is missing beside {found.treated[0]}")
        if "percent" in header:
            rule = "does not say of which arm; write 12 (30%) in the columns of the events"
            yield Problem(records.file, line, "percent", "", rule)
        if "endpoint" not in header and not endpoint:
            yield BadChoice("endpoint", f": {records.file} has no column endpoint; say what is counted")
        if "endpoint" in header and endpoint:
            yield BadChoice("endpoint", f" {endpoint!r}: {records.file} has a column endpoint; leave one of them out")

    if wrong := list(problems()):
        raise InvalidInput(wrong)


def _counts(
    cell: dict[str, str], names: tuple[str, str], found: Spelling
) -> tuple[str, str, list[tuple[str, str, str]]]:
    """Events and n of one arm as text, and columns with their values and the rules that they break."""
    events, second = cell[names[0]], cell.get(names[1], "")
    if not found.others:
        beside = _BESIDE.get(names[1], "")
        counts = [text for text in (events, cell.get(beside, ""), second) if text.isdecimal()]
        if len(counts) == 3 and int(counts[0]) + int(counts[1]) != int(counts[2]):
            rule = f"{names[0]} + {beside} = {int(counts[0]) + int(counts[1])}, and {names[1]} = {second}"
            return events, second, [("n", second, f"{rule}; correct one of them")]
        return events, second, []
    rule = "must be a whole number, the patients {} the event"
    broken = [
        (column, cell[name], rule.format(which))
        for name, column, which in zip(names, ("events", "n"), ("with", "without"), strict=True)
        if not cell[name].isdecimal()
    ]
    return ("", "", broken) if broken else (events, str(int(events) + int(second)), [])
