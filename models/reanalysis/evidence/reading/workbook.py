"""An Excel sheet as the text of a table: numbers as they are shown, so that printed decimals survive.

Excel keeps 13.0 as 13 and shows whatever the number format of the cell says. In columns of printed figures a number is
read as it is shown where its format fixes the decimals (``0.0``, ``0.00%``); where the format does not (``General``)
nobody can tell 13 from 13.0 any more, and the figure is asked for as text.
"""

from __future__ import annotations

import datetime
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Collection
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from xml.parsers import expat

from reanalysis.evidence.problems import InvalidInput, Problem, listed, refused
from reanalysis.evidence.reading.bounds import MOST_CELLS, MOST_ELEMENTS, MOST_UNPACKED, too_large

_FIXED = re.compile(r"(?:#,##|#)?0(\.0+)?(%?)")
_DECORATION = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|\s')


_UNREADABLE = "is not an Excel workbook (.xlsx) that can be read"


class _Refused(ValueError):
    """A cell that cannot be read, and the rule that it breaks."""


def sheet_records(name: str, raw: bytes, printed: Collection[str]) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Rows of a workbook's table as text, with the row number of each.

    Parameters
    ----------
    raw : bytes
        The workbook. Its only sheet with cells is read, or the one named like the file.
    printed : collection of str
        Columns whose decimals matter.

    Raises
    ------
    InvalidInput
        If the workbook cannot be read or it is not clear which sheet is meant.
    """
    has_formulas = _checked(name, raw)
    plain = _sheets(name, raw, values=True)
    formulas = _sheets(name, raw, values=False) if has_formulas else {}
    sheet = _the_sheet(name, plain)
    rows, written = plain[sheet], formulas.get(sheet, [])
    records: list[tuple[int, list[str]]] = []
    problems = []
    header: list[str] = []
    for index, row in enumerate(rows):
        texts = []
        for at, cell in enumerate(row):
            column = header[at] if at < len(header) else ""
            try:
                formula = written[index][at].value if index < len(written) and at < len(written[index]) else None
                texts.append(_text(cell, formula, column in printed))
            except _Refused as refused:
                texts.append("")
                place = f"sheet {sheet!r}, cell {cell.coordinate}: {refused}"
                problems.append(Problem(name, index + 1, column, "", place))
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if not header:
            header = [text.strip().lower() for text in texts]
        records.append((index + 1, texts + [""] * (len(header) - len(texts))))
    return records, problems


def _checked(name: str, raw: bytes) -> bool:
    """Whether a workbook has formulas; its parts are counted one by one before anything is made of them.

    Raises
    ------
    InvalidInput
        If it is no archive, or holds more than any table of evidence.
    """
    counts = {"cells": 0, "formulas": 0, "elements": 0}

    def counted(element: str, _: object) -> None:
        name = element.rpartition(":")[2]
        counts["cells"] += name == "c"
        counts["formulas"] += name == "f"
        counts["elements"] += 1
        if counts["cells"] > MOST_CELLS or counts["elements"] > MOST_ELEMENTS:
            raise _Refused

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise refused(name, f"the workbook unpacks to more than {MOST_UNPACKED // 1_000_000} MB")
            for entry in packed.infolist():
                parser = expat.ParserCreate()
                parser.StartElementHandler = counted
                with (
                    packed.open(entry) as part,
                    suppress(expat.ExpatError),
                ):  # a picture, or openpyxl says it
                    parser.ParseFile(part)
    except _Refused:
        rule = f"a workbook may have {MOST_CELLS} cells with a value or format and {MOST_ELEMENTS} XML elements"
        raise refused(name, rule) from None
    except InvalidInput:
        raise
    except Exception:  # whatever a damaged archive makes zipfile raise
        raise refused(name, _UNREADABLE) from None
    return counts["formulas"] > 0


def _sheets(name: str, raw: bytes, *, values: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Cells of every sheet, row by row."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # features of Excel that no table needs
            book = openpyxl.load_workbook(io.BytesIO(raw), data_only=values)
            return {sheet.title: _cells(name, sheet) for sheet in book.worksheets}
    except InvalidInput:
        raise
    except Exception:  # whatever a damaged archive or its XML makes openpyxl raise
        raise refused(name, _UNREADABLE) from None


def _cells(name: str, sheet: Any) -> list[tuple[Any, ...]]:
    """Cells of a sheet up to the last that holds anything but blanks, row by row.

    Raises
    ------
    InvalidInput
        If that one stands beyond what a table of evidence may have.
    """
    places = [
        place
        for place, cell in sheet._cells.items()  # the cells that there are; a sheet's dimensions may be a billion more
        if cell.value is not None and (not isinstance(cell.value, str) or cell.value.strip())
    ]
    rows, columns = (max((place[axis] for place in places), default=0) for axis in (0, 1))
    if rule := too_large(rows, columns):
        rule = f"a sheet {rule}; {sheet.title!r} has {rows} rows and {columns} columns"
        raise refused(name, rule)
    return list(sheet.iter_rows(max_row=rows, max_col=columns)) if places else []


def _the_sheet(name: str, sheets: dict[str, list[tuple[Any, ...]]]) -> str:
    """Name of the sheet that holds the table."""
    table = Path(name).stem
    filled = [title for title, rows in sheets.items() if any(cell.value is not None for row in rows for cell in row)]
    named = [title for title in filled if title.lower() == table]
    if len(named) == 1 or len(filled) == 1:
        return (named or filled)[0]
    rule = "the workbook is empty"
    if filled:
        rule = f"the workbook has several sheets ({listed(filled)}); name the one with the table {table!r}"
    raise refused(name, rule)


def _text(cell: Any, formula: object, printed: bool) -> str:
    """A cell as text.

    Raises
    ------
    _Refused
        With what is to be done about it.
    """
    value = cell.value
    if value is None:
        if isinstance(formula, str) and formula.startswith("="):
            raise _Refused("a formula without a stored value; put the value in its place")
        return ""
    if isinstance(value, bool):
        raise _Refused("is a truth value; format the cell as text")
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        raise _Refused("is a date or time; format the cell as text and type it again as printed")
    if isinstance(value, (int, float)):
        return _number(value, str(cell.number_format or "General"), printed)
    text = unicodedata.normalize("NFC", str(value))
    if cell.data_type == "e":
        raise _Refused(f"is the error value {text}")
    return text.strip()


def _number(value: float, number_format: str, printed: bool) -> str:
    exact = Decimal(repr(value))
    if printed:
        shown = _FIXED.fullmatch(_DECORATION.sub("", number_format.split(";")[0]))
        if shown is None:
            raise _Refused(
                f"is a number whose format {number_format!r} does not tell its printed decimals; "
                "format the cell as text, or with as many decimals as were printed (0, 0.0, 0.00)"
            )
        decimals = len(shown[1] or ".") - 1
        exact = exact * 100 if shown[2] else exact
        if not exact.is_finite() or abs(exact) > 10**12:
            return str(value)
        return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"
    return str(int(value)) if value == int(value) and abs(value) < 10**15 else f"{exact:f}"
