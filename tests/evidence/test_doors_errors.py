"""Every door refuses what a folder refuses, in the same words, and says where the mistake stands there."""

from __future__ import annotations

import copy
import datetime
import pickle
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reanalysis as ra
from cli.command import run
from evidence.folders import FIVE, folder

HEADER = FIVE.split(",")
ROWS: list[list[Any]] = [["A", "control", "x", "3", "20"], ["A", "treated", "x", "7", "21"]]
FAULTS = [
    ("events", "30"),
    ("events", "3.5"),
    ("events", "1,234"),
    ("events", "12,5"),
    ("events", "NR"),
    ("events", "n/a"),
    ("events", "-3"),
    ("events", "3/25"),
    ("n", "1 000"),
    ("n", "20,0"),
    ("n", "not reported"),
    ("n", "0"),
    ("n", ""),
]


def refused(call: Any, *given: Any, **named: Any) -> list[str]:
    with pytest.raises(ra.InvalidInput) as error:
        call(*given, **named)
    return [str(problem) for problem in error.value.problems]


def rules(problems: list[str]) -> list[str]:
    """Problems without their places."""
    return [problem.split(": ", 1)[1] for problem in problems]


def as_wide(rows: list[list[Any]]) -> dict[str, list[Any]]:
    (study, _, _, x0, n0), (_, _, _, x1, n1) = rows
    return {"study": [study], "ai": [x1], "n1i": [n1], "ci": [x0], "n2i": [n0]}


@pytest.mark.parametrize(("column", "value"), FAULTS)
def test_the_same_mistake_has_the_same_rule_and_its_own_place(tmp_path: Path, column: str, value: str) -> None:
    rows = [[*ROWS[0]], [*ROWS[1]]]
    rows[1][HEADER.index(column)] = value
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in [HEADER, *rows])
    frame = pd.DataFrame(rows, columns=HEADER, index=["first", "second"])
    wide = pd.DataFrame(as_wide(rows))
    wide.to_csv(tmp_path / "wide.csv", index=False)
    doors = {
        f"arms.csv, line 3, {column}": refused(ra.read_evidence, folder(tmp_path / "plain", text)),
        f"arms, row second, {column}": refused(ra.evidence, frame),
        f"arms, row 0, {as_written(column)} (treated)": refused(ra.evidence, wide, endpoint="x"),
        f"wide.csv, line 2, {as_written(column)} (treated)": refused(
            ra.import_evidence, tmp_path / "wide.csv", endpoint="x"
        ),
    }
    expected = rules(doors[f"arms.csv, line 3, {column}"])
    assert len(expected) == 1
    for place, told in doors.items():
        assert [problem.split(": ", 1)[0] for problem in told] == [place]
        assert rules(told) == expected


def as_written(column: str) -> str:
    return {"events": "ai", "n": "n1i"}[column]


def test_thousands_decimal_commas_and_words_for_nothing_say_what_to_write() -> None:
    told = [refused(ra.evidence, as_wide([ROWS[0], [*ROWS[1][:3], value, "2000"]]), endpoint="x")[0]
            for value in ("1,234", "12.0 ", "NR")]  # fmt: skip
    assert [re.search(r"; (.*) \(found", one)[1] for one in told] == [  # type: ignore[index]
        "write 1234, without a thousands separator",
        "write 12",
        "leave the cell empty where nothing is printed",
    ]


def test_rows_that_contradict_each_other_are_called_as_the_frame_calls_them() -> None:
    twice = pd.DataFrame([ROWS[0], ROWS[0], ["a", "treated", "x", "1", "9"]], columns=HEADER, index=[10, 20, 30])
    told = refused(ra.evidence, twice)
    assert told[0].startswith("arms, row 20: A/control/x stands on row 10 already")
    assert told[1].startswith("arms, row 30, study: differs from 'A' on row 10 by case or blanks only")


def test_a_print_that_contradicts_itself_is_refused_by_its_row_when_it_is_fitted() -> None:
    frame = pd.DataFrame([[*ROWS[0], ""], [*ROWS[1], "63"]], columns=[*HEADER, "percent"])
    evidence = ra.evidence(frame)
    for one in (evidence, pickle.loads(pickle.dumps(evidence)), copy.deepcopy(evidence)):
        (told,) = refused(ra.fit, one, "x")
        assert told.startswith("arms, row 1: A/treated/x: ")


def test_a_print_that_contradicts_itself_is_refused_by_its_line_of_the_file_that_was_imported(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("study,ai,ci,n1i,n2i\n\nA,7 (63%),3,21,20\n", encoding="utf-8")
    (told,) = refused(ra.fit, ra.import_evidence(tmp_path / "t.csv", endpoint="x"), "x")
    assert told.startswith("arms, line 3 of t.csv: A/treated/x: ")


def test_values_of_a_frame_are_read_as_what_they_are() -> None:
    frame = pd.DataFrame(
        {
            "study": [2023, 2023],
            "arm": pd.Categorical(["control", "treated"]),
            "endpoint": "x",
            "events": [3.0, np.nan],
            "n": pd.array([20, 21], dtype="Int64"),
            "percent": [None, Decimal("33.0")],
        }
    ).set_index("study")
    rows = ra.evidence(frame).arms
    assert [(r.study, r.events, r.n) for r in rows] == [("2023", (3, 3), 20), ("2023", None, 21)]
    assert rows[1].percent is not None
    assert rows[1].percent.text == "33.0"


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("percent", 33.0, "is a number that does not tell its printed decimals; write it as text, such as '13.0'"),
        ("events", True, "is a truth value; write what was printed as text"),
        ("events", datetime.date(2024, 3, 1), "is a date or time; write what was printed as text"),
        ("events", [3], "is a list; write what was printed as text"),
        ("reason", "\0", "holds what no text file can hold"),
    ],
)
def test_a_value_that_is_no_cell_is_refused(column: str, value: object, rule: str) -> None:
    rows: list[dict[str, object]] = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    rows[1][column] = value
    (told,) = refused(ra.evidence, rows)
    assert told.startswith(f"arms, row 1, {column}: {rule}")


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("arms.csv", "arms: must be a pandas DataFrame, a mapping of columns or a list of rows by column, not a str"),
        (3, "arms: must be a pandas DataFrame, a mapping of columns or a list of rows by column, not a int"),
        ([1], "arms: must be a pandas DataFrame, a mapping of columns or a list of rows by column, not a list"),
        (pd.DataFrame(), "arms: the table has no rows"),
        (pd.DataFrame({("a", "b"): [1]}), "arms: columns need one name each, they have 2"),
        ({"study": ["A"], "events": [1]}, "arms, arm: the column is missing; needed are study, arm, endpoint"),
        ({"study": ["A"], "x_trt": [1]}, "arms: the columns are neither long (study, arm, endpoint, events, n) nor"),
        (pd.DataFrame(index=range(50_001), columns=["study"]), "arms: a table may have 50000 rows, 1000 columns and"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_arms_is_refused(given: Any, rule: str) -> None:
    assert any(told.startswith(rule) for told in refused(ra.evidence, given))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"better": "fewer"}, "better, x: must be 'lower' or 'higher' (found 'fewer')"),
        ({"better": {"y": "lower"}}, "better, y: no row of arms or contrasts has this endpoint"),
        ({"better": 3}, "better: must be one word for all, or a mapping from ids to words (found '3')"),
        ({"design": {"a": "matched"}}, "design, a: no row of arms or contrasts has this study; did you mean 'A'?"),
        ({"labels": {"B": "b"}}, "labels, B: no row of arms or contrasts has this study or endpoint"),
        ({"priors": {"tua": "halfnormal(1)"}}, "priors, tua: unknown key; did you mean 'tau'?"),
        ({"settings": {"sed": 1}}, "settings, sed: unknown key; did you mean 'seed'?"),
        ({"settings": {"weights": {"y": {"weight": 1, "reason": "r"}}}},
         "settings, weights.y: no row of arms or contrasts has this endpoint"),
        ({"settings": {"title": "a"}, "title": "b"}, "title: is in settings too; leave one of them out"),
        ({"sources": {"a": {"yaer": 1}}}, "sources, a.yaer: unknown key; did you mean 'year'?"),
        ({"endpoint": "x"}, "endpoint 'x': arms is no wide table, whose columns are such as events_treated, n_treated"),
        ({"contrasts": {"study": ["A"], "endpoint": ["x"], "estimate": ["1,5"]}},
         "contrasts, row 0, estimate: must be a number above 0 as printed (from 1e-9 to 1e9), or empty; write 1.5"),
        ({"risk_of_bias": [{"study": "Z", "domain": "selection", "judgement": "low", "reason": "r"}]},
         "risk_of_bias, row 0, study: no row of arms or contrasts has this study"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(arguments: dict[str, Any], told: str) -> None:
    (found,) = refused(ra.evidence, pd.DataFrame(ROWS, columns=HEADER), **arguments)
    assert found.startswith(told)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"ai": [7], "bi": [14], "ci": [3]}, "arms, di: the column is missing beside ai"),
        ({"ai": [7], "n1i": [21], "ci": [3]}, "arms, n2i: the column is missing beside ai"),
        ({"ai": [7], "n1i": [21], "bi": [13], "ci": [3], "n2i": [20]},
         "arms, row 0, n1i (treated): ai + bi = 20, and n1i = 21; correct one of them (found '21')"),
        ({"ai": [7], "bi": ["x"], "ci": [3], "di": [17]},
         "arms, row 0, bi (treated): must be a whole number, the patients without the event (found 'x')"),
        ({"ai": [7], "n1i": [21], "ci": [3], "n2i": [20], "percent": ["9"]}, "arms, percent: does not say of which"),
    ],
)  # fmt: skip
def test_a_wide_table_that_is_not_whole_is_refused(table: dict[str, list[Any]], told: str) -> None:
    (found,) = refused(ra.evidence, {"study": ["A"], **table}, endpoint="x")
    assert found.startswith(told)


def test_a_wide_table_in_a_folder_is_told_how_to_become_one(tmp_path: Path) -> None:
    wide = "study,ai,n1i,ci,n2i\nA,7,21,3,20\n"
    (told,) = refused(ra.read_evidence, folder(tmp_path / "in", wide))
    assert told.startswith("arms.csv, line 1: the table is wide")
    assert "`reanalysis import`" in told
    assert (
        run("import", tmp_path / "in" / "arms.csv", tmp_path / "out", "--endpoint", "x", "--better", "lower").code == 0
    )
    assert ra.read_evidence(tmp_path / "out").endpoint("x").better == "lower"


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("study,ai,n1i,ci,n2i\nA,7,21,3,20\n", [], "--endpoint: t.csv has no column endpoint; say what is counted"),
        ("study,r1,n1,r2,n2\nA,7,21,3,20\n", ["--endpoint", "x"], "--treated: t.csv does not say which of r1 and r2"),
        ("study,ai,n1i,ci,n2i\nA,7,21,3,20\n", ["--endpoint", "x", "--treated", "3"], "--treated 3: must be 1 or 2"),
        ("study,ai,n1i,ci,n2i\nA,70,21,3,20\n", ["--endpoint", "x"], "t.csv, line 2, ai (treated): events must not"),
        ("study;ai;n1i\nA;7;21\n", ["--endpoint", "x"], "t.csv, line 1: columns are separated by semicolons"),
        ("study,arm\nA,control\n", ["--endpoint", "x"], "--endpoint 'x': t.csv is no wide table"),
        ("Analysis group,Study\n1,A\n", [], "t.csv: is a part of a data package of RevMan: import its"),
        ("study,ai,n1i,ci,n2i\nA,7,21,3,20\n", ["--endpoint", "x", "--better", "up"], "better, x: must be 'lower' or"),
        ("study,ai,n1i,ci,n2i\nA,7,21,3,20\n", ["--endpoint", "x", "--better", "lower", "--better", "higher"],
         "--better 'lower': one word for all, or ID=WORD for each"),
    ],
)  # fmt: skip
def test_an_import_that_fails_writes_nothing(tmp_path: Path, text: str, options: list[str], told: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    ended = run("import", tmp_path / "t.csv", tmp_path / "out", *options)
    assert (ended.code, ended.out) == (2, "")
    assert ended.errors[0].startswith(told)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_an_import_overwrites_nothing_and_takes_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("study,ai,n1i,ci,n2i\nA,7,21,3,20\n", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "note.txt").write_text("mine", encoding="utf-8")
    ended = run("import", tmp_path / "t.csv", tmp_path / "out", "--endpoint", "x")
    assert (ended.code, ended.errors) == (2, [f"{tmp_path / 'out'}: holds note.txt already; nothing was written"])
    ended = run("import", tmp_path / "t.sav", tmp_path / "new")
    assert ended.errors == ["t.sav: must end in .csv, .xlsx, or for reviews in .zip or .rm5"]
    assert run("import", tmp_path / "none.csv", tmp_path / "new").errors == ["none.csv: does not exist"]
    assert not (tmp_path / "new").exists()
