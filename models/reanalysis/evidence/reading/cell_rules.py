"""Which cells are well formed? A rule for each column, and every breach of a table at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa

from reanalysis.evidence.problems import Problem, is_printable
from reanalysis.evidence.reading.text_table import TextTable

NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
"""A number as printed, without a sign."""

COUNT = r"[0-9]{1,6}(?:\.\.[0-9]{1,6})?"
"""A count of events as printed, or a range of them."""
PERCENTAGE = r"(?:100(?:\.0{1,6})?|[0-9]{1,2}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"
"""A percentage as printed, without its sign."""

_LONGEST_ID = 100


def rule(holds: Callable[[str], bool], sentence: str) -> pa.Column:
    """A column whose cells all satisfy a condition, described in one sentence that says what is right."""
    return pa.Column(object, pa.Check(holds, element_wise=True, error=sentence))


def like(pattern: str, sentence: str) -> pa.Column:
    """A column whose cells match a pattern from end to end."""
    compiled = re.compile(pattern)
    return rule(lambda cell: compiled.fullmatch(cell) is not None, sentence)


def one_of(*values: str) -> pa.Column:
    """A column with a fixed vocabulary in any case; empty where that is among the values."""
    named = [value for value in values if value]
    return rule(lambda cell: cell.lower() in values, f"must be {', '.join(named[:-1])} or {named[-1]}")


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
        f"(?:{COUNT})?",
        "must be a whole number of at most 6 digits, a range such as 0..1, or empty",
    )


def a_size() -> pa.Column:
    """A column of printed denominators."""
    return like(r"(?:[1-9][0-9]{0,5})?", "must be a whole number from 1 to 999999, or empty")


def a_percentage() -> pa.Column:
    """A column of percentages as printed."""
    return like(
        f"{PERCENTAGE}?",
        "must be a percentage from 0 to 100 as printed, with a decimal point and no % sign, or empty",
    )


_NOT_PRINTED = re.compile(
    r"[-\N{EN DASH}\N{EM DASH}?.*]+|n\.?/?\s?[ardcp]\.?|nan|none|null|missing|unknown|unclear|"
    r"not (?:reported|available|applicable|given|printed|stated|known|done)",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'\N{RIGHT SINGLE QUOTATION MARK}\s][0-9]{3})+")
_COMMA = re.compile(r"[<>=]?\s*[0-9]*,[0-9]+")
_WHOLE = re.compile(r"([0-9]+)[.,]0+")
_WHOLE_COLUMNS = ("events", "n")
_NUMBER_COLUMNS = (*_WHOLE_COLUMNS, "percent", "reading_weight", "estimate", "lower", "upper", "level", "p")


def instead(column: str, cell: str) -> str:
    """What to write instead of a number written otherwise, as the end of a sentence; empty where nobody can tell."""
    if column not in _NUMBER_COLUMNS:
        return ""
    if _NOT_PRINTED.fullmatch(cell):
        return "; leave the cell empty where nothing is printed"
    if column in _WHOLE_COLUMNS and _GROUPED.fullmatch(cell):
        return f"; write {re.sub('[^0-9]', '', cell)}, without a thousands separator"
    if column in _WHOLE_COLUMNS and (whole := _WHOLE.fullmatch(cell)):
        return f"; write {whole[1]}"
    if column not in _WHOLE_COLUMNS and _COMMA.fullmatch(cell):
        return f"; write {cell.replace(',', '.')}, with a decimal point"
    return ""


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
                case["check"] + instead(case["column"], str(case["failure_case"])),
            )
            for case in errors.failure_cases.to_dict("records")
        ]
    return []
