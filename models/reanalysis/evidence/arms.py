"""What does arms.csv say? One record per reported arm-endpoint, validated cell by cell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reanalysis.evidence.cell_rules import (
    NUMBER,
    a_count,
    a_name,
    a_percentage,
    a_size,
    an_id,
    one_of,
    rule,
    schema,
)
from reanalysis.evidence.checked_rows import Layout, read_rows
from reanalysis.evidence.printing import Percentage
from reanalysis.evidence.problems import Problem
from reanalysis.evidence.text_table import TextRow

COLUMNS = (
    "study", "arm", "endpoint", "events", "n", "percent", "subgroup", "reading", "reading_weight",
    "weighting", "timepoint", "use", "reason", "source", "locator",
)  # fmt: skip
REQUIRED = ("study", "arm", "endpoint", "events|percent")

PRINTED = ("percent",)

Use = Literal["primary", "sensitivity", "context", "excluded"]

_WEIGHT = re.compile(NUMBER + r"(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class ArmRow:
    """One row of arms.csv.

    Parameters
    ----------
    line : int
        Line in the file.
    events : tuple of (int, int) or None
        Smallest and largest count printed, equal where one count is printed.
    n : int or None
        Denominator printed; None where it is latent.
    percent : Percentage or None
        As printed.
    """

    line: int
    study: str
    arm: str
    endpoint: str
    events: tuple[int, int] | None
    n: int | None
    percent: Percentage | None
    subgroup: str
    reading: str
    reading_weight: float | None
    weighting: Literal["none", "iptw"]
    timepoint: str
    use: Use
    reason: str
    source: str
    locator: str

    @property
    def modelled(self) -> bool:
        """Whether a model may use the row: the whole arm, neither context nor excluded."""
        return self.use in ("primary", "sensitivity") and not self.subgroup

    @property
    def printed(self) -> str:
        """What was printed, for tables: ``17 of 25 (68 %)``."""
        return printed_text(self.events, self.n, self.percent)


_SCHEMA = schema(
    {
        "study": an_id("a study"),
        "arm": one_of("control", "treated"),
        "endpoint": an_id("an endpoint"),
        "events": a_count(),
        "n": a_size(),
        "percent": a_percentage(),
        "subgroup": a_name(),
        "reading": a_name(),
        "reading_weight": rule(
            lambda cell: not cell or (bool(_WEIGHT.fullmatch(cell)) and 1e-9 <= float(cell) <= 1e9),
            "must be a number above 0 (from 1e-9 to 1e9), or empty",
        ),
        "weighting": one_of("", "none", "iptw"),
        "use": one_of("", "primary", "sensitivity", "context", "excluded"),
    }
)


def read_arms(path: Path) -> tuple[tuple[ArmRow, ...], tuple[str, ...]]:
    """Read and validate arms.csv.

    Returns
    -------
    rows : tuple of ArmRow
        In file order.
    ignored : tuple of str
        Columns that mean nothing here.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return read_rows(path, _LAYOUT)


def printed_range(cell: str) -> tuple[int, int] | None:
    """Smallest and largest count of a well-formed cell, None where it is empty."""
    low, _, high = cell.partition("..")
    return (int(low), int(high or low)) if low else None


def range_problem(events: tuple[int, int] | None, n: int | None) -> tuple[str, str]:
    """The value and the rule that a count of events breaks, empty where it breaks none."""
    low, high = events or (0, 0)
    value = str(high) if low == high else f"{low}..{high}"
    if low > high:
        return value, "a range runs from the smaller to the larger count"
    if n is not None and high > n:
        return value, f"events must not exceed n = {n}"
    return "", ""


def printed_text(events: tuple[int, int] | None, n: int | None, percent: Percentage | None) -> str:
    """What was printed, for tables: ``17 of 25 (68 %)``."""
    count = ""
    if events is not None:
        low, high = events
        count = str(low) if low == high else f"{low} to {high}"
    parts = [count] if count else []
    if n is not None:
        parts.append(f"of {n}" if count else f"n = {n}")
    text = " ".join(parts)
    if percent is None:
        return text
    return f"{text} ({percent})" if count else f"{percent}" + (f", {text}" if text else "")


def _parsed(row: TextRow) -> ArmRow:
    cells = row.cells
    weight = cells["reading_weight"]
    return ArmRow(
        line=row.line,
        study=cells["study"],
        arm=cells["arm"],
        endpoint=cells["endpoint"],
        events=printed_range(cells["events"]),
        n=int(cells["n"]) if cells["n"] else None,
        percent=Percentage(cells["percent"]) if cells["percent"] else None,
        subgroup=cells["subgroup"],
        reading=cells["reading"],
        reading_weight=float(weight) if weight else None,
        weighting=cells["weighting"] or "none",  # type: ignore[arg-type]
        timepoint=cells["timepoint"],
        use=cells["use"] or "primary",  # type: ignore[arg-type]
        reason=cells["reason"],
        source=cells["source"],
        locator=cells["locator"],
    )


def _row_problems(file: str, row: ArmRow) -> list[Problem]:
    found = []

    def add(column: str, value: object, rule: str) -> None:
        found.append(Problem(file, row.line, column, str(value), rule))

    if row.events is None and row.percent is None:
        add("events", "", "a report of the events is needed: a count, a range or a percentage")
    value, rule = range_problem(row.events, row.n)
    if rule:
        add("events", value, rule)
    if row.reading_weight is not None and not row.reading:
        add("reading_weight", row.reading_weight, "a weight needs the name of its reading")
    if row.weighting == "iptw" and row.n is None and row.modelled:
        add("n", "", "a weighted arm needs its printed n")
    if row.use != "primary" and not row.reason:
        add("reason", "", f"a reason is needed where use is {row.use}")
    return found


def _duplicates(file: str, rows: Sequence[ArmRow]) -> list[Problem]:
    seen: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        where = (row.study, row.arm, row.endpoint, row.subgroup, row.reading)
        key = where if row.modelled else (*where, row.timepoint, row.use)
        if key in seen:
            rule = f"{'/'.join(part for part in where if part)} stands on line {seen[key]} already"
            if row.modelled:
                rule += "; alternative readings need different names in the column reading"
            found.append(Problem(file, row.line, "", "", rule))
        else:
            seen[key] = row.line
    return found


def _reading_problems(file: str, rows: Sequence[ArmRow]) -> list[Problem]:
    groups: dict[tuple[str, str, str], list[ArmRow]] = defaultdict(list)
    for row in rows:
        if row.modelled:
            groups[row.study, row.arm, row.endpoint].append(row)
    found = []

    def add(row: ArmRow, column: str, value: str, rule: str) -> None:
        found.append(Problem(file, row.line, column, value, rule))

    for group in groups.values():
        if len({row.reading for row in group}) < 2:
            continue  # one row, or duplicates
        for row in group:
            if not row.reading:
                add(row, "reading", "", "one of several rows of an arm-endpoint needs the name of its reading")
        bare = [row for row in group if row.reading_weight is None]
        if 0 < len(bare) < len(group):
            add(bare[0], "reading_weight", "", "either all readings of an arm-endpoint have a weight or none")
        odd = next((row for row in group if row.weighting != group[0].weighting), None)
        if odd:
            add(odd, "weighting", odd.weighting, "readings of one arm-endpoint must share their weighting")
    return found


_LAYOUT = Layout(COLUMNS, REQUIRED, _SCHEMA, _parsed, _row_problems, (_duplicates, _reading_problems), PRINTED)
