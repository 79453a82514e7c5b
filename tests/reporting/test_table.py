"""A table has the same cells wherever it is read: in the report, in a pull request, on a terminal, in a mail."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from reanalysis.cli.output import Page
from reanalysis.files import as_json
from reanalysis.reporting.table import Column, Table, typed

TABLE = Table(
    [Column("Study", 2), Column("Effect", 1, "right")],
    [["A | *b*", "\N{MINUS SIGN}0.25"], ["[red]x[/red]", "0.5\N{NO-BREAK SPACE}%"], ["", "\N{EN DASH}"]],
    "A caption.",
    "tbl-x",
)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs", "Cf"]), min_size=1)


def terminal(table: Table, width: int | None = None) -> list[str]:
    file = StringIO()
    Page(file, width).table(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_terminal_shows_every_cell_as_it_is_with_signs_that_can_be_typed() -> None:
    head, *rows = terminal(TABLE)
    assert head.split() == ["Study", "Effect"]
    assert [row.split("  ")[0] for row in rows] == ["A | *b*", "[red]x[/red]", ""]
    assert [row.rsplit("  ")[-1].strip() for row in rows] == ["-0.25", "0.5 %", "-"]
    assert len({len(row) for row in rows[:2]}) == 1  # flush on the right, as in the report


def test_no_cell_can_steer_a_terminal_or_leave_its_line() -> None:
    assert typed("a\x1b[2J\nb") == "a\N{REPLACEMENT CHARACTER}[2J b"


def test_a_narrow_terminal_breaks_cells_and_loses_none() -> None:
    lines = terminal(Table([Column("a"), Column("b")], [["one two three four", "five six seven"]]), 16)
    assert max(map(len, lines)) <= 16
    assert set(" ".join(lines).split()) == {"a", "b", "one", "two", "three", "four", "five", "six", "seven"}


def test_plain_text_is_aligned_and_keeps_its_signs() -> None:
    assert list(TABLE.text()) == [
        "Study         Effect",
        "A | *b*       \N{MINUS SIGN}0.25",
        "[red]x[/red]  0.5\N{NO-BREAK SPACE}%",
        "              \N{EN DASH}",
    ]


def test_plain_markdown_is_literal_and_knows_the_alignment() -> None:
    head, rule, first, *_ = TABLE.plain_markdown().splitlines()
    assert head == "| Study | Effect |"
    assert rule == "|---|---:|"
    assert first == "| A \\| \\*b\\* | \N{MINUS SIGN}0.25 |"


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=3))
def test_every_rendering_has_every_row(rows: list[list[str]]) -> None:
    table = Table([Column("a"), Column("b")], rows, "Caption.", "tbl-x")
    assert len(list(table.text())) == 1 + len(rows)
    for markdown in (table.plain_markdown(), table.markdown().split("\n\n")[0]):
        assert len(markdown.splitlines()) == 2 + len(rows)
    assert table.rich().row_count == len(rows)


@dataclass(frozen=True)
class Inner:
    share: float
    names: tuple[str, ...]


@dataclass(frozen=True)
class Other:
    kept: Inner
    hidden: int = 0

    def as_dict(self) -> dict[str, object]:
        return {"shown": self.kept}


def test_records_tables_and_arrays_become_plain_values() -> None:
    inner = {"share": None, "names": ["a"]}
    found = as_json(
        {
            1: Inner(float("nan"), ("a",)),
            "other": [Other(Inner(np.inf, ("a",)))],  # type: ignore[arg-type]
            "table": pd.DataFrame({"x": [1, 2], "y": [0.5, np.nan]}),
            "number": np.float64(2.5),
            "flag": np.True_,
        }
    )
    assert found == {
        "1": inner,
        "other": [{"shown": inner}],
        "table": [{"x": 1, "y": 0.5}, {"x": 2, "y": None}],
        "number": 2.5,
        "flag": True,
    }
    assert type(found["number"]) is float
    assert type(found["table"][0]["x"]) is int
