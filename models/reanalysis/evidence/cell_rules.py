"""Which cells are well formed? A rule for each column, and every breach of a table at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa

from reanalysis.evidence.problems import Problem, is_printable
from reanalysis.evidence.text_table import TextTable

NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
"""A number as printed, without a sign."""

_LONGEST_ID = 100


def rule(holds: Callable[[str], bool], sentence: str) -> pa.Column:
    """A column whose cells all satisfy a condition, described in one sentence that says what is right."""
    return pa.Column(object, pa.Check(holds, element_wise=True, error=sentence))


def like(pattern: str, sentence: str) -> pa.Column:
    """A column whose cells match a pattern from end to end."""
    compiled = re.compile(pattern)
    return rule(lambda cell: compiled.fullmatch(cell) is not None, sentence)


def one_of(*values: str) -> pa.Column:
    """A column with a fixed vocabulary; empty where that is among the values."""
    named = [value for value in values if value]
    return rule(lambda cell: cell in values, f"must be {', '.join(named[:-1])} or {named[-1]}")


def an_id(what: str) -> pa.Column:
    """A column of ids."""
    sentence = f"{what} id of 1 to {_LONGEST_ID} characters is needed, without control characters"
    return rule(lambda cell: 0 < len(cell) <= _LONGEST_ID and is_printable(cell), sentence)


def a_name() -> pa.Column:
    """A column of names that may be empty."""
    sentence = f"must be a name of at most {_LONGEST_ID} characters without control characters, or empty"
    return rule(lambda cell: len(cell) <= _LONGEST_ID and is_printable(cell), sentence)


def a_count() -> pa.Column:
    """A column of printed counts of events, or ranges of them."""
    return like(
        r"(?:[0-9]{1,6}(?:\.\.[0-9]{1,6})?)?",
        "must be a whole number of at most 6 digits, a range such as 0..1, or empty",
    )


def a_size() -> pa.Column:
    """A column of printed denominators."""
    return like(r"(?:[1-9][0-9]{0,5})?", "must be a whole number from 1 to 999999, or empty")


def a_percentage() -> pa.Column:
    """A column of percentages as printed."""
    return like(
        r"(?:100(?:\.0{1,6})?|[0-9]{1,2}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})?",
        "must be a percentage from 0 to 100 as printed, with a decimal point and no % sign, or empty",
    )


def schema(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """Rules of a table by column; columns without a rule hold any text."""
    return pa.DataFrameSchema(columns, strict=False)


def breaches(table: TextTable, rules: pa.DataFrameSchema) -> list[Problem]:
    """Cells of a table that break their column's rule."""
    if not table.rows:
        return []
    frame = pd.DataFrame([row.cells for row in table.rows], dtype=object)
    try:
        rules.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return [
            Problem(
                table.file,
                table.rows[int(case["index"])].line,
                case["column"],
                str(case["failure_case"]),
                case["check"],
            )
            for case in errors.failure_cases.to_dict("records")
        ]
    return []
