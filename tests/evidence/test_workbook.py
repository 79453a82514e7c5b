"""A table saved by Excel is read as it is shown, or the cell that hides its decimals is named."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from evidence.folders import TWO_STUDIES, folder
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.folder import read_evidence

HEADER = ["study", "arm", "endpoint", "events", "n", "percent"]
Cell = object | tuple[object, str]
"""A value, or a value and its number format."""


def fill(sheet: Worksheet, rows: list[list[Cell]]) -> None:
    for r, row in enumerate(rows, 1):
        for c, given_ in enumerate(row, 1):
            value, number_format = given_ if isinstance(given_, tuple) else (given_, None)
            cell = sheet.cell(r, c, value)
            if number_format:
                cell.number_format = number_format


def workbook(where: Path, rows: list[list[Cell]], name: str = "arms") -> Path:
    where.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    fill(book.worksheets[0], rows)
    book.save(where / f"{name}.xlsx")
    return where


def one_row(where: Path, percent: Cell, events: Cell = None, n: Cell = 20) -> ArmRow:
    (row,) = read_evidence(workbook(where, [HEADER, ["A", "control", "x", events, n, percent]])).arms
    return row


def refused(where: Path) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        read_evidence(where)
    return [str(problem) for problem in error.value.problems]


def test_a_workbook_says_what_the_same_csv_file_says(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [list(line.split(",")) for line in TWO_STUDIES.split()]
    numbers: list[list[Cell]] = [rows[0], *([*r[:3], int(str(r[3])), int(str(r[4]))] for r in rows[1:])]
    plain = read_evidence(folder(tmp_path / "csv", TWO_STUDIES)).arms
    for name, table in (("text", rows), ("numbers", numbers), ("blank lines", [*numbers, [], [None] * 5, [""]])):
        evidence = read_evidence(workbook(tmp_path / name, table))
        assert evidence.arms == plain
        assert audit(evidence).findings == ()
        assert list(evidence.sha256) == ["arms.xlsx"]
        assert evidence.file_of("arms") == "arms.xlsx"


@pytest.mark.parametrize(
    ("percent", "text"),
    [
        ("13.0", "13.0"),
        ("13", "13"),
        ((13, "0.0"), "13.0"),
        ((13, "0"), "13"),
        ((22.5, "0.00"), "22.50"),
        ((22.47, "0.0"), "22.5"),
        ((0.35, "0%"), "35"),
        ((0.225, "0.0%"), "22.5"),
        ((0.145, "0%"), "15"),
        ((1, "0%"), "100"),
        ((35, "#,##0.0_);[Red]\\(#,##0.0\\)"), "35.0"),
        ((35.4, '0.0" pct"'), "35.4"),
        ((0, "0.0"), "0.0"),
    ],
)
def test_a_percentage_has_the_decimals_that_the_sheet_shows(tmp_path: Path, percent: Cell, text: str) -> None:
    row = one_row(tmp_path, percent)
    assert row.percent is not None
    assert row.percent.text == text


@pytest.mark.parametrize("value", [(13, "General"), 13, 22.5, (13, "0.0E+00"), (13, "@"), (0.5, "# ?/?")])
def test_a_percentage_whose_decimals_are_lost_is_asked_for_as_text(tmp_path: Path, value: Cell) -> None:
    workbook(tmp_path, [HEADER, ["A", "control", "x", 3, 20, None], ["A", "treated", "x", None, 20, value]])
    (error,) = refused(tmp_path)
    assert error.startswith("arms.xlsx, line 3, percent: sheet 'Sheet', cell F3: is a number whose format ")
    assert "format the cell as text, or with as many decimals as were printed" in error


def test_numbers_of_a_ratio_need_their_decimals_too(tmp_path: Path) -> None:
    header = ["study", "endpoint", "measure", "estimate", "lower", "upper", "p"]
    workbook(tmp_path, [HEADER[:5], ["A", "control", "x", 3, 20]])
    workbook(tmp_path, [header, ["A", "x", "OR", (1.3, "0.00"), (1, "0.00"), "1.70", (0.05, "0.000")]], "contrasts")
    (row,) = read_evidence(tmp_path).contrasts
    assert row.printed == "OR 1.30 (1.00 to 1.70); p = 0.050"
    workbook(tmp_path, [header, ["A", "x", "OR", 1.3, 1.0, 1.7, 0.05]], "contrasts")
    assert [error.split(":")[0] for error in refused(tmp_path)] == [
        f"contrasts.xlsx, line 2, {column}" for column in ("estimate", "lower", "p", "upper")
    ]


def test_other_cells_are_read_as_what_they_are(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["Study ", "ARM", "endpoint", "events", "n", "grade"],
        [2023, "control", " x ", "0..1", 20.0, 3.5],
        [2023.5, "treated", "x", 7.0, "21", True],
    ]
    workbook(tmp_path, rows)
    (error,) = refused(tmp_path)
    assert error.endswith("cell F3: is a truth value; format the cell as text")
    rows[2][5] = None
    evidence = read_evidence(workbook(tmp_path, rows))
    assert evidence.studies == ("2023", "2023.5")
    assert [(row.events, row.n) for row in evidence.arms] == [((0, 1), 20), ((7, 7), 21)]
    assert evidence.ignored_columns == ("grade",)


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        (["A", "placebo", "x", 3, 20], "line 2, arm: must be control or treated (found 'placebo')"),
        (["A", "control", "x", 30, 20], "line 2, events: events must not exceed n = 20 (found '30')"),
        (["A", "control", "x", 3.5, 20], "line 2, events: must be a whole number up to 1000000"),
        (["A", "control", "x", datetime.date(2024, 1, 2), 20], "cell D2: is a date or time; format the cell as text"),
        (["A", "control", "x", "=1+2", 20], "cell D2: a formula without a stored value"),
        (["A", "control", "x", "#DIV/0!", 20], "cell D2: is the error value #DIV/0!"),
        (["A", "control", "x", 3, 20, "stray"], "the line must have 5 cells like the header, it has 6"),
        ([None, "control", "x", 3, 20], "line 2, study: a study id of 1 to 100 characters is needed"),
        (["A", "control", "x", 10**20, 20], "line 2, events: must be a whole number up to 1000000"),
        (["A", "control", "x", -3, 20], "line 2, events: must be a whole number up to 1000000"),
    ],
    ids=["arm", "events", "fraction", "date", "formula", "error value", "stray cell", "no study", "huge", "negative"],
)
def test_a_wrong_cell_is_named_as_in_a_csv_file(tmp_path: Path, cells: list[Cell], error: str) -> None:
    (found,) = refused(workbook(tmp_path, [HEADER[:5], cells]))
    assert found.startswith("arms.xlsx, line 2")
    assert error in found


def test_the_sheet_is_the_only_one_with_cells_or_the_one_with_the_name_of_the_table(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [HEADER[:5], ["A", "control", "x", 3, 20]]
    book = openpyxl.Workbook()
    book.worksheets[0].title = "notes"
    fill(book.create_sheet("data"), rows)
    book.save(tmp_path / "arms.xlsx")
    assert len(read_evidence(tmp_path).arms) == 1
    book.worksheets[0]["A1"] = "a note"
    book.save(tmp_path / "arms.xlsx")
    assert refused(tmp_path) == [
        "arms.xlsx: the workbook has several sheets (notes, data); name the one with the table 'arms'"
    ]
    book.worksheets[1].title = "Arms"
    book.save(tmp_path / "arms.xlsx")
    assert len(read_evidence(tmp_path).arms) == 1


@pytest.mark.parametrize("name", ["arms", "contrasts"])
def test_a_table_in_two_files_is_refused(tmp_path: Path, name: str) -> None:
    folder(tmp_path, TWO_STUDIES, contrasts="study,endpoint\nA,x\n")
    workbook(tmp_path, [["study"]], name)
    assert refused(tmp_path) == [f"{name}.xlsx: {name}.csv is there too; keep one of the two"]


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _csv_inside(path: Path) -> None:
    path.write_text(TWO_STUDIES)


def _another_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", "a")


def _cut_short(path: Path) -> None:
    workbook(path.parent, [HEADER])
    path.write_bytes(path.read_bytes()[:-200])


def _broken_xml(path: Path) -> None:
    workbook(path.parent, [HEADER])
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part[: len(part) // 2] if "sheet1" in name else part)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * 210_000_000)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (_empty, "is not an Excel workbook (.xlsx) that can be read"),
        (_csv_inside, "is not an Excel workbook (.xlsx) that can be read"),
        (_another_archive, "is not an Excel workbook (.xlsx) that can be read"),
        (_cut_short, "is not an Excel workbook (.xlsx) that can be read"),
        (_broken_xml, "is not an Excel workbook (.xlsx) that can be read"),
        (_bomb, "the workbook unpacks to more than 50 MB"),
        (Path.mkdir, "is a folder, not a file"),
        (lambda path: path.symlink_to("elsewhere.xlsx"), "is a link to a file that does not exist"),
        (lambda path: workbook(path.parent, []), "the workbook is empty"),
        (lambda path: workbook(path.parent, [HEADER]), "the table has no rows below its header"),
    ],
    ids=["empty", "csv", "zip", "cut", "xml", "bomb", "folder", "link", "blank", "header only"],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, make: Callable[[Path], object], error: str) -> None:
    make(tmp_path / "arms.xlsx")
    assert refused(tmp_path) == [f"arms.xlsx: {error}"]


@given(st.decimals(0, 100, places=2), st.integers(0, 3), st.booleans())
def test_what_is_shown_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, value: object, decimals: int, as_share: bool
) -> None:
    """A number typed with its decimals and formatted to them comes back as it was typed."""
    text = f"{float(str(value)):.{decimals}f}"
    number = float(text) / 100 if as_share else float(text)
    number_format = "0" + ("." + "0" * decimals if decimals else "") + ("%" if as_share else "")
    row = one_row(tmp_path_factory.mktemp("shown"), (number, number_format))
    assert row.percent is not None
    assert row.percent.text == text


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576", "ALM1"])
def test_a_cell_beyond_any_table_is_refused_at_once_and_a_blank_there_is_nothing(tmp_path: Path, place: str) -> None:
    rows: list[list[Cell]] = [list(line.split(",")) for line in TWO_STUDIES.split()]
    for name, value in (("full", "x"), ("blank", " ")):
        where = workbook(tmp_path / name, rows)
        book = openpyxl.load_workbook(where / "arms.xlsx")
        book.worksheets[0][place] = value
        book.save(where / "arms.xlsx")
    (told,) = refused(tmp_path / "full")
    assert told.startswith("arms.xlsx: a sheet may have 50000 rows, 1000 columns and 300000 cells; 'Sheet' has ")
    assert len(read_evidence(tmp_path / "blank").arms) == 4


def test_a_table_of_more_rows_than_any_evidence_has_is_refused(tmp_path: Path) -> None:
    line = "A,control,x,3,20\n"
    with pytest.raises(InvalidInput, match="a table may have 50000 rows"):
        read_evidence(folder(tmp_path, TWO_STUDIES.split("\n")[0] + "\n" + line * 50_001))
