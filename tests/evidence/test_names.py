"""A name is what it says: one spelling for one thing, and no spelling that a reader or writer takes for nothing."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path

import openpyxl
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from cli.command import fit, run
from evidence.folders import FIVE, TWO_STUDIES, folder
from reanalysis.analysis.analysis import analyse
from reanalysis.engines.tree import save_tree
from reanalysis.evidence.evidence import Evidence, joined
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.names import _LOOKS, alike, folded, look
from reanalysis.reporting.results import results, results_table, table_text

ODD = ("NA", "nan", "null", "TRUE", "1e5", "001")
ROWS = [(name, arm, "None", 3 + i, 20) for i, name in enumerate(ODD) for arm in ("control", "treated")]


@pytest.fixture(params=["csv", "xlsx"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Evidence:
    """Studies whose names other programs take for nothing, for a truth value or for a number."""
    if request.param == "csv":
        return read_evidence(folder(tmp_path, "\n".join([FIVE, *(",".join(map(str, row)) for row in ROWS)])))
    book = openpyxl.Workbook()
    for row in (FIVE.split(","), *ROWS):
        book.worksheets[0].append(list(row))
    book.save(tmp_path / "arms.xlsx")
    return read_evidence(tmp_path)


def test_a_study_may_be_called_na_and_survives_every_reader(odd: Evidence) -> None:
    assert (odd.studies, odd.endpoints) == (ODD, ("None",))
    assert fit(odd.folder, endpoint="None").json["studies"] == sorted(ODD)
    coverage = run("audit", odd.folder, "--format", "json").json["coverage"]
    assert coverage == {name: {"None": "comparison"} for name in ODD}


def test_a_study_called_na_survives_every_writer_of_a_report(tmp_path: Path) -> None:
    text = f"{FIVE}\nNA,control,None,3,20\nNA,treated,None,5,20\n001,control,None,4,30\n001,treated,None,9,31\n"
    analysis = analyse(read_evidence(folder(tmp_path, text)), "quadrature")
    (found,) = results(analysis)["endpoints"].values()
    assert set(found["estimates"]["study"]) == {"NA", "001"}
    written = list(csv.DictReader(io.StringIO(table_text(results_table(analysis)))))
    shared = ("average", "new_study", "heterogeneity")
    estimands = {*shared, "study:NA", "study:001"}
    assert {(row["endpoint"], row["estimand"]) for row in written} == {("None", name) for name in estimands}
    save_tree(analysis.endpoints[0].fit.posterior.tree(), tmp_path / "posterior.nc")
    with xr.open_datatree(tmp_path / "posterior.nc") as tree:
        assert set(tree["posterior"].coords["study"].values) == {"NA", "001"}


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12), st.data())
def test_case_and_blanks_do_not_make_another_name(name: str, data: st.DataObject) -> None:
    parts = "".join(c + data.draw(st.sampled_from(["", " ", "  ", "\u00a0"])) for c in name)
    assert folded(parts) == folded(name)
    assert folded(name.upper().lower()) == folded(name.lower().upper())


@pytest.mark.parametrize(
    ("name", "other", "letters"),
    [
        ("icans_any", "icans_\u0430ny", "CYRILLIC SMALL LETTER A (U+0430) for LATIN SMALL LETTER A (U+0061)"),
        ("Kim 2021", "\u039aim 2021", "GREEK SMALL LETTER KAPPA (U+03BA) for LATIN SMALL LETTER K (U+006B)"),
        ("Kim 2021", "Kim 202\uff11", "FULLWIDTH DIGIT ONE (U+FF11) for DIGIT ONE (U+0031)"),
        ("c\u043ehort", "c\u03bfhort", "GREEK SMALL LETTER OMICRON (U+03BF) for CYRILLIC SMALL LETTER O (U+043E)"),
    ],
)
def test_letters_that_look_alike_do_not_make_another_name(name: str, other: str, letters: str, tmp_path: Path) -> None:
    rows = [f"{one},{arm},x,3,20" for one in (name, other) for arm in ("control", "treated")]
    with pytest.raises(InvalidInput) as error:
        read_evidence(folder(tmp_path, "\n".join([FIVE, *rows])))
    (told,) = map(str, error.value.problems)
    assert told.startswith(f"arms.csv, line 4, study: differs from {name!r} on line 2 by letters that look alike (")
    assert other in told
    assert letters.casefold() in told.casefold()


@pytest.mark.parametrize(
    "names",
    [("ΝΙΚΗ", "Αθήνα", "α", "γ"), ("Ковалёв", "Коваль", "Вера", "Нина"), ("試験一", "試験二"), ("Kim", "Кім")],
)
def test_names_of_any_script_are_names(names: tuple[str, ...], tmp_path: Path) -> None:
    rows = [f"{one},{arm},x,3,20" for one in names for arm in ("control", "treated")]
    assert read_evidence(folder(tmp_path, "\n".join([FIVE, *rows]))).studies == names


def test_letters_of_one_script_keep_their_own_looks() -> None:
    """Else two words of it would be taken for one; the two cases of a letter are one already."""
    for latin, others in _LOOKS.items():
        assert {look(one) for one in others} == {latin.lower()}
    looks: dict[tuple[str, str], str] = {}
    for one in "".join(_LOOKS.values()):
        script = unicodedata.name(one).split()[0]
        assert looks.setdefault((script, look(one)), one.casefold()) == one.casefold(), one
    assert not alike("study", [(one, ("arms.csv", 2)) for one in ("γ", "ν", "β", "б", "σ", "y", "b")])


def test_names_of_ratios_are_those_of_arms(tmp_path: Path) -> None:
    contrasts = "study,endpoint,measure,estimate\na,x,OR,1.1\nA,X ray,OR,1.2\nA,x Ray,OR,1.3\n"
    with pytest.raises(InvalidInput) as error:
        read_evidence(folder(tmp_path, TWO_STUDIES, contrasts=contrasts))
    same = "by case or blanks only; write one name in one way"
    assert [str(problem) for problem in error.value.problems] == [
        f"contrasts.csv, line 2, study: differs from 'A' on line 2 of arms.csv {same} (found 'a')",
        f"contrasts.csv, line 4, endpoint: differs from 'X ray' on line 3 {same} (found 'x Ray')",
    ]


def test_settings_of_a_name_written_otherwise_ask_for_the_one_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no row of .* has this study; did you mean 'ABC'"):
        read_evidence(folder(tmp_path, TWO_STUDIES.replace("A,", "ABC,"), toml="[studies.abc]\nk = 0.5\n"))


def test_a_new_cohort_is_not_an_old_one_written_otherwise(tmp_path: Path) -> None:
    old = read_evidence(folder(tmp_path / "old", TWO_STUDIES))
    new = read_evidence(folder(tmp_path / "new", f"{FIVE}\na,control,x,3,20\na,treated,x,3,20\n"))
    with pytest.raises(InvalidInput, match=r"study 'a' is in both .*, there as 'A'"):
        joined(old, new)


@pytest.mark.parametrize("arm", ["Control", " CONTROL", "control "])
def test_arms_are_read_in_any_case_and_with_blanks(tmp_path: Path, arm: str) -> None:
    plain = read_evidence(folder(tmp_path / "a", TWO_STUDIES)).arms
    assert read_evidence(folder(tmp_path / "b", TWO_STUDIES.replace("control", arm))).arms == plain


@pytest.mark.parametrize(
    ("written", "events", "n", "percent"),
    [
        ("12/40", (12, 12), 40, None),
        ("12 / 40", (12, 12), 40, None),
        ("12 of 40", (12, 12), 40, None),
        ("11..12/40", (11, 12), 40, None),
        ("12/40 (30%)", (12, 12), 40, "30"),
        ("12 (30.0 %)", (12, 12), None, "30.0"),
        ("0/40", (0, 0), 40, None),
    ],
)
def test_a_count_is_taken_apart(
    tmp_path: Path, written: str, events: tuple[int, int], n: int | None, percent: str | None
) -> None:
    (row,) = read_evidence(folder(tmp_path / "a", f"{FIVE}\nA,control,x,{written},\n")).arms
    assert (row.events, row.n, row.percent and row.percent.text) == (events, n, percent)
    (row,) = read_evidence(folder(tmp_path / "b", f"{FIVE}\nA,control,x,{written},40\n")).arms
    assert (row.events, row.n, row.percent and row.percent.text) == (events, 40, percent)
