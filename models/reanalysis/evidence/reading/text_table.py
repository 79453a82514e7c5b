"""A table as cells of text with their line numbers, whatever program wrote it."""

from __future__ import annotations

import csv
import io
import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from reanalysis.evidence.problems import InvalidInput, Problem, did_you_mean, refused
from reanalysis.evidence.reading.bounds import MOST_BYTES, MOST_CELLS, MOST_COLUMNS, MOST_ROWS, too_large
from reanalysis.evidence.reading.names import looks_like_n
from reanalysis.evidence.reading.workbook import sheet_records

EXCEL = ".xlsx"
_LONGEST_CELL = 100_000
_LIKE_ANOTHER = 0.8
"""Similarity from which an unknown column is taken for a misspelt known one."""


@dataclass(frozen=True)
class Records:
    """A table as it was found: lists of cells, whatever they mean."""

    file: str
    """Name of the file, or of what the table was given as."""
    rows: tuple[tuple[int, list[str]], ...]
    """Each with the line on which it starts; the first names the columns."""
    problems: tuple[Problem, ...] = ()
    """Cells and records that could not be read."""
    separator: str = ""
    """What separates cells, empty where nothing has to."""

    @property
    def header(self) -> list[str]:
        """Names of the columns in small letters and without blanks around them; none where there is no row."""
        return [column.strip().lower() for column in self.rows[0][1]] if self.rows else []


Cells = dict[str, str]
"""Stripped cells of a row by column; every known column is there, empty where the file has none."""


def table_file(folder: Path, table: str) -> str:
    """Name of the file that holds a table, whether or not it is there.

    Raises
    ------
    InvalidInput
        If there are two.
    """
    names = [name for name in (f"{table}.csv", f"{table}{EXCEL}") if is_there(folder / name)]
    if len(names) > 1:
        raise refused(names[1], f"{names[0]} is there too; keep one of the two")
    return names[0] if names else f"{table}.csv"


def is_there(path: Path) -> bool:
    """Whether a name stands in its folder, be it for something that cannot be read."""
    return os.path.lexists(path)


def read_bytes(path: Path) -> bytes:
    """Bytes of a regular file.

    Raises
    ------
    InvalidInput
        If there is no such file, or it cannot be read.
    """
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(path.parent.resolve()):
            rule = "is a link out of its folder, which may be anything; copy the file into the folder"
            raise refused(path.name, rule)
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise refused(path.name, f"is {'a folder' if stat.S_ISDIR(mode) else 'a pipe or a device'}, not a file")
        if path.stat().st_size > MOST_BYTES:
            raise refused(path.name, f"a file may have {MOST_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except FileNotFoundError:
        rule = "is a link to a file that does not exist" if path.is_symlink() else "does not exist"
        raise refused(path.name, rule) from None
    except OSError as error:
        raise refused(path.name, f"cannot be read: {(error.strerror or str(error)).lower()}") from None


def read_text(path: Path) -> str:
    """Text of a file.

    Raises
    ------
    InvalidInput
        If the file cannot be read or is not UTF-8.
    """
    return decoded(path.name, read_bytes(path))


def decoded(name: str, raw: bytes) -> str:
    """Bytes of a file as text; its byte order mark, line ends and composed letters do not matter.

    Raises
    ------
    InvalidInput
        If they are not UTF-8.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused(name, "the file must be UTF-8 text, it is UTF-16")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = repr(raw[error.start : error.start + 1])[2:-1]
        line = _lines(raw[: error.start].decode("latin-1")).count("\n") + 1
        raise refused(name, "the file must be UTF-8 text", line, bad) from None
    text = unicodedata.normalize("NFC", _lines(text))
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise refused(name, "the file must be text, it has a NUL byte", line)
    return text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_records(path: Path, printed: tuple[str, ...] = ()) -> Records:
    """Records of a comma-separated table, or of the same in an Excel workbook, as its ending says.

    Parameters
    ----------
    printed : tuple of str
        Columns whose decimals matter, which Excel may have lost.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or is larger than any table of evidence.
    """
    if path.suffix == EXCEL:
        found, problems = sheet_records(path.name, read_bytes(path), printed)
        return Records(path.name, tuple(found), tuple(problems))
    return separated(path.name, read_text(path))


def text_table(
    records: Records, known: tuple[str, ...], required: tuple[str, ...]
) -> tuple[list[tuple[int, Cells]], list[Problem]]:
    """Lines with their cells by column, and what is wrong with single records, which are left out.

    Parameters
    ----------
    known : tuple of str
        Columns that mean something. Others are ignored and listed, unless they look like a misspelt one.
    required : tuple of str
        Columns that must be there; ``a|b`` asks for one of several.

    Raises
    ------
    InvalidInput
        If the header cannot be used.
    """
    name, problems = records.file, list(records.problems)
    if not records.rows:
        empty = refused(name, "the file is empty; its first line names the columns")
        raise InvalidInput(problems) if problems else empty
    header_line, header = records.rows[0][0], records.header
    wrong = _header_problems(name, header_line, header, known, required)
    if wrong:
        raise InvalidInput(wrong)
    rows = []
    for line, record in records.rows[1:]:
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            rule = f"the line must have {len(header)} cells like the header, it has {len(record)}"
            if len(record) > len(header) and records.separator:
                rule += "; a cell that holds a comma needs quotes"
            problems.append(Problem(name, line, "", ",".join(record), rule))
            continue
        cells = dict.fromkeys(known, "")
        cells.update({c: v.strip() for c, v in zip(header, record, strict=True) if c in cells})
        rows.append((line, cells))
    if "n" in known:
        taken = _taken_for_n(name, list(records.rows), header)
        if taken and "n" not in header:
            raise InvalidInput(taken)
        problems += taken
    if not rows and not problems:
        raise refused(name, "the table has no rows below its header")
    return rows, problems


def separated(name: str, text: str) -> Records:
    """Records with the line each starts on, up to the first that cannot be separated from the rest.

    Raises
    ------
    InvalidInput
        If there are more rows, columns or cells than in any table of evidence.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    start, rule, cells = 1, "", 0
    try:
        for record in reader:
            cells += len(record)
            if len(records) > MOST_ROWS or len(record) > MOST_COLUMNS or cells > MOST_CELLS:
                rule = f"a table {too_large(MOST_ROWS + 1, 0)}"
                raise refused(name, rule, start)
            if any(len(cell) > _LONGEST_CELL for cell in record):
                rule = f"a cell may have at most {_LONGEST_CELL} characters"
                break
            if record:
                records.append((start, record))
            start = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            rule = f"a cell may have at most {_LONGEST_CELL} characters"
        elif "unexpected end" in str(error):
            rule = "a quote opens on this line and never closes"
        else:
            rule = f"not a comma-separated table: {error}"
    return Records(name, tuple(records), (Problem(name, start, "", "", rule),) if rule else (), ",")


def _taken_for_n(name: str, records: list[tuple[int, list[str]]], header: list[str]) -> list[Problem]:
    """Columns by another name that hold whole numbers where n is empty, each once."""
    own = header.index("n") if "n" in header else None
    found = []
    for at, column in enumerate(header):
        if column == "n" or not looks_like_n(column):
            continue
        for line, record in records[1:]:
            if len(record) != len(header) or not record[at].strip().isdecimal():
                continue
            if own is None:
                shown = records[0][1][at].strip()
                found.append(Problem(name, records[0][0], column, shown, "unknown column; did you mean 'n'?"))
                break
            if not record[own].strip():
                rule = "n is empty here and this column, which is ignored, has a number; did you mean 'n'?"
                found.append(Problem(name, line, column, record[at].strip(), rule))
                break
    return found


def _header_problems(
    name: str, line: int, header: list[str], known: tuple[str, ...], required: tuple[str, ...]
) -> list[Problem]:
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            rule = f"columns are separated by {word}; save the table comma-separated, with decimal points"
            return [Problem(name, line, "", header[0], rule)]
    problems = []
    for column in dict.fromkeys(c for c in header if c and header.count(c) > 1):
        problems.append(Problem(name, line, column, "", "the column is named twice"))
    missing = [c for c in known if c not in header]
    misspelt = {column: did_you_mean(column, missing, _LIKE_ANOTHER) for column in header if column not in known}
    for column, suggestion in misspelt.items():
        if suggestion:
            problems.append(Problem(name, line, column, "", f"unknown column{suggestion}"))
    suggested = " ".join(misspelt.values())
    for one in required:
        columns = one.split("|")
        if not any(c in header or f"{c!r}" in suggested for c in columns):
            rule = f"the column is missing; needed are {', '.join(r.replace('|', ' or ') for r in required)}"
            problems.append(Problem(name, line, " or ".join(columns), "", rule))
    return problems
