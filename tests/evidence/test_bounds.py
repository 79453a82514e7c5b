"""Tables larger than any evidence are refused before anything is made of them, and told how large one may be."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from evidence.folders import FIVE, TWO_STUDIES, folder
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.bounds import MOST_BYTES, MOST_CELLS, MOST_COLUMNS, MOST_ELEMENTS, MOST_ROWS
from reanalysis.evidence.reading.folder import read_evidence

TABLE = f"may have {MOST_ROWS} rows, {MOST_COLUMNS} columns and {MOST_CELLS} cells"
WORKBOOK = f"a workbook may have {MOST_CELLS} cells with a value or format and "


def sheet(where: Path, rows: int, columns: int, part: str = "xl/worksheets/sheet1.xml") -> None:
    """A workbook whose sheet, or another part, holds so many of the smallest cells."""
    book = openpyxl.Workbook()
    book.save(where / "small.xlsx")
    row = f"<row>{'<c/>' * columns}</row>"
    text = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{row * rows}'
    with zipfile.ZipFile(where / "small.xlsx") as small, zipfile.ZipFile(where / "arms.xlsx", "w", 8) as large:
        for name in small.namelist():
            large.writestr(name, f"{text}</sheetData></worksheet>" if name == part else small.read(name))
    (where / "small.xlsx").unlink()


def corner(where: Path) -> None:
    """Two cells at the corners of the largest table, whose product is not there."""
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"], book.worksheets[0]["ALL50000"] = "study", "x"
    book.save(where / "arms.xlsx")


def text(where: Path, content: str) -> None:
    folder(where, content)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (corner, f"arms.xlsx: a sheet {TABLE}; 'Sheet' has 50000 rows and 1000 columns"),
        (lambda where: sheet(where, MOST_CELLS // 100 + 1, 100), f"arms.xlsx: {WORKBOOK}"),
        (lambda where: sheet(where, MOST_ELEMENTS, 0, "xl/styles.xml"), f"arms.xlsx: {WORKBOOK}"),
        (lambda where: text(where, f"{FIVE}\n" + "A,control,x,3,20\n" * (MOST_ROWS + 1)), "arms.csv, line 50002: a "),
        (lambda where: text(where, ",".join(map(str, range(MOST_COLUMNS + 1)))), f"arms.csv, line 1: a table {TABLE}"),
        (lambda where: text(where, (FIVE + "," * 900 + "\n") * 400), f"arms.csv, line 332: a table {TABLE}"),
        (lambda where: text(where, " " * (MOST_BYTES + 1)), "arms.csv: a file may have 20 MB"),
    ],
    ids=["corners", "cells", "styles", "lines", "columns", "cells of text", "bytes"],
)  # fmt: skip
def test_what_is_too_large_is_refused_and_no_such_workbook_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], told: str
) -> None:
    make(tmp_path)
    loaded: list[int] = []
    load = openpyxl.load_workbook

    def loading(*given: Any, **named: Any) -> Any:
        loaded.append(1)
        return load(*given, **named)

    monkeypatch.setattr(openpyxl, "load_workbook", loading)
    with pytest.raises(InvalidInput) as error:
        read_evidence(tmp_path)
    (problem,) = error.value.problems
    assert str(problem).startswith(told)
    assert len(loaded) == (make is corner)  # two cells; what is large is never loaded


def test_a_column_of_formatted_blanks_far_below_is_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in TWO_STUDIES.split():
        book.worksheets[0].append(line.split(","))
    for row in range(6, 3_000):
        book.worksheets[0].cell(row, 30).number_format = "0.0"
    book.worksheets[0]["A1048576"] = " "
    book.save(tmp_path / "arms.xlsx")
    assert len(read_evidence(tmp_path).arms) == 4


def test_the_largest_evidence_there_is_to_be_is_read(tmp_path: Path) -> None:
    """200 studies with 30 endpoints in two arms."""
    lines = (f"S{s},{arm},e{e},3,20\n" for s in range(200) for e in range(30) for arm in ("control", "treated"))
    assert len(read_evidence(folder(tmp_path, f"{FIVE}\n{''.join(lines)}")).arms) == 12_000
