"""arms.csv as a table: its columns, the rule of each cell, and how its rows become records."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.reading.arm_rules import (
    duplicates,
    names_alike,
    reading_problems,
    row_problems,
    unbounded_sizes,
)
from reanalysis.evidence.reading.arms import ArmRow, printed_range
from reanalysis.evidence.reading.cell_rules import (
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
from reanalysis.evidence.reading.checked_rows import Layout, read_rows
from reanalysis.evidence.reading.printed_counts import taken_apart
from reanalysis.evidence.reading.settings import Settings
from reanalysis.evidence.reading.text_table import TextRow

COLUMNS = (
    "study", "arm", "endpoint", "events", "n", "percent", "subgroup", "reading", "reading_weight",
    "weighting", "timepoint", "use", "reason", "source", "locator",
)  # fmt: skip
REQUIRED = ("study", "arm", "endpoint", "events|percent")

PRINTED = ("percent",)

_WEIGHT = re.compile(NUMBER + r"(?:[eE][+-]?[0-9]+)?")

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


def read_arms(path: Path, settings: Settings | None) -> tuple[tuple[ArmRow, ...], tuple[str, ...]]:
    """Read and validate arms.csv.

    Parameters
    ----------
    path : Path
        The table, comma-separated or a workbook.
    settings : Settings or None
        Where denominators are declared; None where they cannot be read, so that nothing is said of missing ones.

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
    of_all = (duplicates, reading_problems, names_alike)
    sizes = () if settings is None else (partial(unbounded_sizes, settings=settings),)
    layout = Layout(COLUMNS, REQUIRED, _SCHEMA, _parsed, row_problems, (*of_all, *sizes), PRINTED, taken_apart)
    return read_rows(path, layout)


def _parsed(row: TextRow) -> ArmRow:
    cells = row.cells
    weight = cells["reading_weight"]
    return ArmRow(
        line=row.line,
        study=cells["study"],
        arm=cells["arm"].lower(),
        endpoint=cells["endpoint"],
        events=printed_range(cells["events"]),
        n=int(cells["n"]) if cells["n"] else None,
        percent=Percentage(cells["percent"]) if cells["percent"] else None,
        subgroup=cells["subgroup"],
        reading=cells["reading"],
        reading_weight=float(weight) if weight else None,
        weighting=cells["weighting"].lower() or "none",  # type: ignore[arg-type]
        timepoint=cells["timepoint"],
        use=cells["use"].lower() or "primary",  # type: ignore[arg-type]
        reason=cells["reason"],
        source=cells["source"],
        locator=cells["locator"],
    )
