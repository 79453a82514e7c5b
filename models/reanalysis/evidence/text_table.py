"""How does a CSV file become cells with line numbers, whatever program wrote it?"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from reanalysis.evidence.problems import InvalidInput, Problem

_LONGEST_CELL = 100_000


@dataclass(frozen=True)
class TextRow:
    """One record as text.

    Parameters
    ----------
    line : int
        Line on which the record starts.
    cells : dict of str to str
        Stripped cells by column name; every known column is present, empty where the file has none.
    """

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class TextTable:
    """A CSV file as text, with the columns that were not understood."""

    file: str
    rows: tuple[TextRow, ...]
    present: tuple[str, ...]
    ignored: tuple[str, ...]


def read_text(path: Path) -> str:
    """Text of a file, byte order mark and line ends normalised.

    Raises
    ------
    InvalidInput
        If the file cannot be read or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = "is a folder, not a file" if path.is_dir() else f"cannot be read: {error.strerror}"
        raise InvalidInput([Problem(path.name, None, "", "", reason)]) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        rule = "the file must be UTF-8 text"
        raise InvalidInput(
            [Problem(path.name, line, "", repr(raw[error.start : error.start + 1])[2:-1], rule)]
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InvalidInput([Problem(path.name, line, "", "", "the file must be text: it has a NUL byte")])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_table(path: Path, known: tuple[str, ...], required: tuple[str, ...]) -> TextTable:
    """Read a comma-separated table.

    Parameters
    ----------
    path : Path
        The file.
    known : tuple of str
        Columns that mean something. Others are ignored and listed, unless they look like a misspelt known one.
    required : tuple of str
        Columns that must be there.

    Raises
    ------
    InvalidInput
        With every problem of form found.
    """
    text = read_text(path)
    name = path.name
    records = _records(name, text)
    if not records:
        raise InvalidInput([Problem(name, None, "", "", "the file is empty; its first line names the columns")])
    header_line, header = records[0]
    header = [column.strip().lower() for column in header]
    problems = _header_problems(name, header_line, header, known, required)
    if problems:
        raise InvalidInput(problems)
    rows = []
    for line, record in records[1:]:
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            problems.append(
                Problem(name, line, "", ",".join(record), f"the line must have {len(header)} cells, it has {len(record)}")
            )
            continue
        cells = dict.fromkeys(known, "")
        cells.update({c: v.strip() for c, v in zip(header, record, strict=True) if c in cells})
        rows.append(TextRow(line, cells))
    if problems:
        raise InvalidInput(problems)
    present = tuple(c for c in header if c in known)
    return TextTable(name, tuple(rows), present, tuple(c for c in header if c and c not in known))


def _records(name: str, text: str) -> list[tuple[int, list[str]]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for record in reader:
            if record:
                records.append((start, record))
            start = reader.line_num + 1
    except csv.Error as error:
        rule = (
            f"a cell may have at most {_LONGEST_CELL} characters"
            if "field larger" in str(error)
            else f"not a comma-separated table: {error}"
        )
        raise InvalidInput([Problem(name, start, "", "", rule)]) from None
    return records


def _header_problems(
    name: str, line: int, header: list[str], known: tuple[str, ...], required: tuple[str, ...]
) -> list[Problem]:
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            rule = f"columns are separated by {word}; save the table comma-separated, with decimal points"
            return [Problem(name, line, "", header[0], rule)]
    problems = []
    for column in sorted({c for c in header if c and header.count(c) > 1}):
        problems.append(Problem(name, line, column, "", "the column is named twice"))
    for column in required:
        if column not in header:
            problems.append(
                Problem(name, line, column, "", f"the column is missing; needed are {', '.join(required)}")
            )
    for column in header:
        if column and column not in known:
            close = [c for c in get_close_matches(column, known, 1, 0.8) if c not in header]
            if close:
                problems.append(Problem(name, line, column, "", f"unknown column; did you mean {close[0]!r}?"))
    return problems
