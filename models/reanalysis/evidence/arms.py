"""What does arms.csv say? One record per reported arm-endpoint, validated cell by cell."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import pandera.pandas as pa

from reanalysis.evidence.printing import Percentage
from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.text_table import TextRow, TextTable, read_table

COLUMNS = (
    "study", "arm", "endpoint", "events", "n", "percent", "subgroup", "reading", "reading_weight",
    "weighting", "timepoint", "use", "reason", "source", "locator",
)  # fmt: skip
REQUIRED = ("study", "arm", "endpoint")

Use = Literal["primary", "sensitivity", "context", "excluded"]

_LARGEST = 1_000_000_000


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
        events = ""
        if self.events is not None:
            low, high = self.events
            events = str(low) if low == high else f"{low} to {high}"
        parts = []
        if events:
            parts.append(events)
        if self.n is not None:
            parts.append(f"of {self.n}" if events else f"n = {self.n}")
        text = " ".join(parts)
        if self.percent is not None:
            text = f"{text} ({self.percent})" if events else f"{self.percent}" + (f", {text}" if text else "")
        return text


def _cell(pattern: str, rule: str) -> pa.Check:
    return pa.Check.str_matches(pattern, error=rule)


_ID = r"^[^\s\x00-\x1f]([^\x00-\x1f]{0,98}[^\s\x00-\x1f])?$"
_NUMBER = r"^(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"

_SCHEMA = pa.DataFrameSchema(
    {
        "study": pa.Column(str, _cell(_ID, "a study id of 1 to 100 characters is needed")),
        "arm": pa.Column(str, pa.Check.isin(["control", "treated"], error="must be control or treated")),
        "endpoint": pa.Column(str, _cell(_ID, "an endpoint id of 1 to 100 characters is needed")),
        "events": pa.Column(
            str, _cell(r"^(\d{1,9}(\.\.\d{1,9})?)?$", "must be a whole number, a range such as 0..1, or empty")
        ),
        "n": pa.Column(str, _cell(r"^([1-9]\d{0,8})?$", "must be a whole number of 1 or more, or empty")),
        "percent": pa.Column(
            str,
            _cell(
                r"^((100(\.0{0,6})?|\d{1,2}(\.\d{1,6})?))?$",
                "must be a percentage from 0 to 100 as printed, with a decimal point and no % sign, or empty",
            ),
        ),
        "reading_weight": pa.Column(str, _cell(f"({_NUMBER[:-1]}$)|^$", "must be a number above 0, or empty")),
        "weighting": pa.Column(str, pa.Check.isin(["", "none", "iptw"], error="must be none or iptw")),
        "use": pa.Column(
            str,
            pa.Check.isin(
                ["", "primary", "sensitivity", "context", "excluded"],
                error="must be primary, sensitivity, context or excluded",
            ),
        ),
    },
    strict=False,
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
    table = read_table(path, COLUMNS, REQUIRED)
    if not {"events", "percent"} & set(table.present):
        raise InvalidInput([Problem(table.file, 1, "events", "", "a column events or percent is needed")])
    if not table.rows:
        raise InvalidInput([Problem(table.file, None, "", "", "the table has no rows below its header")])
    problems = _cell_problems(table)
    bad_lines = {p.line for p in problems}
    rows = [_parsed(row) for row in table.rows if row.line not in bad_lines]
    for row in rows:
        problems += _row_problems(table.file, row)
    problems += _duplicates(table.file, rows)
    problems += _reading_problems(table.file, rows)
    if problems:
        raise InvalidInput(sorted(problems, key=lambda p: (p.line or 0, p.column)))
    return tuple(rows), table.ignored


def _cell_problems(table: TextTable) -> list[Problem]:
    frame = pd.DataFrame([row.cells for row in table.rows], columns=list(COLUMNS), dtype=object)
    frame = frame.astype(str)
    try:
        _SCHEMA.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
        return [
            Problem(table.file, table.rows[int(case["index"])].line, case["column"], str(case["failure_case"]), case["check"])
            for case in failures.to_dict("records")
        ]
    return []


def _parsed(row: TextRow) -> ArmRow:
    cells = row.cells
    low, _, high = cells["events"].partition("..")
    weight = cells["reading_weight"]
    return ArmRow(
        line=row.line,
        study=cells["study"],
        arm=cells["arm"],
        endpoint=cells["endpoint"],
        events=(int(low), int(high or low)) if low else None,
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
    if row.events is not None:
        low, high = row.events
        if low > high:
            add("events", f"{low}..{high}", "a range runs from the smaller to the larger count")
        if row.n is not None and high > row.n:
            add("events", high, f"events must not exceed n = {row.n}")
    if row.reading_weight is not None and not 0 < row.reading_weight < float("inf"):
        add("reading_weight", row.reading_weight, "must be a number above 0")
    if row.reading_weight is not None and not row.reading:
        add("reading_weight", row.reading_weight, "a weight needs the name of its reading")
    if row.weighting == "iptw" and row.n is None and row.modelled:
        add("n", "", "a weighted arm needs its printed n")
    if row.use != "primary" and not row.reason:
        add("reason", "", f"a reason is needed where use is {row.use}")
    for column in ("study", "endpoint", "subgroup", "reading"):
        value = getattr(row, column)
        if re.search(r"[\x00-\x1f\x7f]", value):
            add(column, value, "must not contain control characters")
    return found


def _duplicates(file: str, rows: list[ArmRow]) -> list[Problem]:
    seen: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        key = (row.study, row.arm, row.endpoint, row.subgroup, row.reading)
        if not row.modelled:
            key = (*key, row.timepoint, row.use)
        if key in seen:
            where = "/".join(part for part in key[:5] if part)
            rule = f"{where} stands on line {seen[key]} already; alternatives need different readings"
            found.append(Problem(file, row.line, "", "", rule))
        else:
            seen[key] = row.line
    return found


def _reading_problems(file: str, rows: list[ArmRow]) -> list[Problem]:
    groups: dict[tuple[str, str, str], list[ArmRow]] = defaultdict(list)
    for row in rows:
        if row.modelled:
            groups[row.study, row.arm, row.endpoint].append(row)
    found = []
    for group in groups.values():
        if len(group) > 1 and any(not row.reading for row in group):
            unnamed = next(row for row in group if not row.reading)
            found.append(
                Problem(file, unnamed.line, "reading", "", "one of several rows of an arm-endpoint needs the name of its reading")
            )
        weighted = [row.reading_weight is not None for row in group]
        if any(weighted) and not all(weighted):
            bare = group[weighted.index(False)]
            found.append(
                Problem(file, bare.line, "reading_weight", "", "either all readings of an arm-endpoint have a weight or none")
            )
        if len({row.weighting for row in group}) > 1:
            found.append(
                Problem(file, group[-1].line, "weighting", group[-1].weighting, "readings of one arm-endpoint must share their weighting")
            )
    return found
