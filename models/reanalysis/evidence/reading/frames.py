"""Tables that are given as pandas frames, or as what a frame can be made of: records of text, like those of a file."""

from __future__ import annotations

import datetime
import math
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import pandas as pd

from reanalysis.evidence.problems import InvalidInput, Problem, TableName
from reanalysis.evidence.reading.bounds import too_large
from reanalysis.evidence.reading.text_table import Records

Frame = pd.DataFrame | Mapping[str, Iterable[object]] | Iterable[Mapping[str, object]]
"""A frame, columns by name, or one mapping a row."""


class _Refused(ValueError):
    """A value that is no cell of a table, and the rule that it breaks."""


def frame_records(name: str, frame: Frame, printed: tuple[str, ...] = ()) -> Records:
    """Rows of a frame as text.

    Parameters
    ----------
    name : str
        Name of the argument, for problems; rows are called as the frame's index calls them.
    frame : DataFrame, or what one can be made of
        An index with a name is a column.
    printed : tuple of str
        Columns whose decimals matter: what stands there is text, a whole number or a ``Decimal``.

    Raises
    ------
    InvalidInput
        If it is no frame, or larger than any table of evidence.
    """
    table = _as_frame(name, frame)
    if rule := too_large(*table.shape):
        raise InvalidInput([f"{name}: a table {rule}; this one has {table.shape[0]} rows and {table.shape[1]} columns"])
    labels = table.index if table.index.is_unique else range(len(table))
    if any(label is not None for label in table.index.names):
        labels, table = range(len(table)), table.reset_index()
    file = TableName(name, [f"row {label}" for label in labels])
    header = [str(column) for column in table.columns]
    rows, problems = [(1, header)], []
    exact = [column.strip().lower() in printed for column in header]
    for line, values in enumerate(table.itertuples(index=False, name=None), 2):
        cells = []
        for column, value, decimals_matter in zip(header, values, exact, strict=True):
            try:
                cells.append(_text(value, decimals_matter))
            except _Refused as refused:
                cells.append("")
                problems.append(Problem(file, line, column.strip().lower(), str(value), str(refused)))
        rows.append((line, cells))
    return Records(file, tuple(rows), tuple(problems))


def _as_frame(name: str, given: object) -> pd.DataFrame:
    rule = "must be a pandas DataFrame, a mapping of columns or a list of rows by column"
    if isinstance(given, pd.DataFrame):
        frame = given
    else:
        rows: Any = list(given) if isinstance(given, Iterable) and not isinstance(given, (Mapping, str)) else given
        if not isinstance(rows, Mapping) and not (isinstance(rows, list) and all(isinstance(r, Mapping) for r in rows)):
            raise InvalidInput([f"{name}: {rule}, not a {type(given).__name__}"])
        try:
            frame = pd.DataFrame(rows, dtype=object)
        except ValueError as error:
            raise InvalidInput([f"{name}: {rule}: {error}"]) from None
    if frame.columns.nlevels > 1:
        raise InvalidInput([f"{name}: columns need one name each, they have {frame.columns.nlevels}"])
    if not len(frame):
        raise InvalidInput([f"{name}: the table has no rows"])
    return frame


def _text(value: object, decimals_matter: bool) -> str:
    """A value as the text of a cell.

    Raises
    ------
    _Refused
        With what is to be done about it.
    """
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, Real) and math.isnan(float(value))):
        return ""
    if isinstance(value, str):
        if "\0" in value or any(unicodedata.category(one) == "Cs" for one in value):
            raise _Refused("holds what no text file can hold")
        return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        raise _Refused("is a truth value; write what was printed as text")
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        raise _Refused("is a date or time; write what was printed as text")
    if isinstance(value, Real):
        number = float(value)
        if decimals_matter:
            raise _Refused("is a number that does not tell its printed decimals; write it as text, such as '13.0'")
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    raise _Refused(f"is a {type(value).__name__}; write what was printed as text")
