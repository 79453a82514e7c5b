"""Whatever program saved a table, its cells, lines and columns are read as meant."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.folders import FIVE, TWO_STUDIES, folder
from reanalysis.engines.fit import fit
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.candidates.observation import observations
from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem, printable
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.settings import Settings
from reanalysis.evidence.reading.toml import line_of
from reanalysis.model.selection import default_spec, select


def rows_of(where: Path, content: str | bytes, **files: str) -> tuple[ArmRow, ...]:
    return read_evidence(folder(where, content, **files)).arms


def posterior(evidence: Evidence) -> tuple[float, float]:
    spec = default_spec(evidence)
    effect = fit(spec, select(evidence, spec, "x").data).overall["log_odds_ratio"]
    return effect.mean(), effect.sd()


def test_five_columns_are_enough_and_the_rest_has_its_defaults(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path / "cohorts", TWO_STUDIES))
    first = evidence.arms[0]
    assert (first.study, first.arm, first.endpoint, first.events, first.n) == (
        "A",
        "control",
        "x",
        (3, 3),
        20,
    )
    assert (first.use, first.weighting, first.percent, first.subgroup) == ("primary", "none", None, "")
    assert evidence.settings == Settings()
    assert (evidence.contrasts, evidence.sources, evidence.ignored_columns) == ((), {}, ())
    assert evidence.title == "Re-analysis of cohorts"
    assert audit(evidence).findings == ()


@pytest.mark.parametrize(
    "save",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode() + b"\n\n  \n,,,,\n",
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace(",", " , ").encode(),
        lambda text: text.replace(FIVE, FIVE.upper()).encode(),
        lambda text: "\n".join(f'"{line.replace(",", chr(34) + "," + chr(34))}"' for line in text.split()).encode(),
        lambda text: "\n".join(f"{line},," for line in text.split()).encode(),
    ],
    ids=[
        "BOM",
        "CRLF",
        "CR",
        "blank lines",
        "no last newline",
        "blanks",
        "capitals",
        "quotes",
        "empty columns",
    ],
)
def test_the_program_that_saved_a_table_makes_no_difference(tmp_path: Path, save) -> None:  # type: ignore[no-untyped-def]
    assert rows_of(tmp_path / "saved", save(TWO_STUDIES)) == rows_of(tmp_path / "plain", TWO_STUDIES)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_numbers_stay_right_past_quoted_commas_and_newlines(tmp_path: Path, newline: str) -> None:
    text = (
        'study,arm,endpoint,events,n,reason\nA,control,x,3,20,"one, two"\n\n'
        'A,treated,x,7,21,"first line\nsecond ""quoted"" line\n\nfourth"\nB,control,x,4,30,\nB,treated,x,40,31,\n'
    )
    with pytest.raises(InvalidInput) as refused:
        rows_of(tmp_path / "bad", text.replace("\n", newline))
    assert [str(problem) for problem in refused.value.problems] == [
        "arms.csv, line 9, events: events must not exceed n = 31 (found '40')"
    ]
    rows = rows_of(tmp_path / "good", text.replace(",40,31", ",4,31").replace("\n", newline))
    assert [row.line for row in rows] == [2, 4, 8, 9]
    assert [row.reason for row in rows[:2]] == ["one, two", 'first line\nsecond "quoted" line\n\nfourth']


def test_a_notebook_shows_who_reports_what(tmp_path: Path) -> None:
    contrasts = "study,endpoint,measure,estimate,p\nA,y,OR,1.2,\nB,y,,,0.3\n"
    shown = read_evidence(folder(tmp_path, f"{TWO_STUDIES}B,control,z,1,9\n", contrasts=contrasts))._repr_html_()
    assert "<b>Re-analysis of" in shown
    assert "5 rows, 2 ratios" in shown
    cells = [row.split("</td>")[0] for row in shown.split("<td>")[1:]]
    assert cells == ["comparison", "comparison", "missing", "single arm", "adjusted ratio only", "p-value only"]


def test_columns_that_mean_nothing_are_ignored_and_listed(tmp_path: Path) -> None:
    text = TWO_STUDIES.replace("\n", ",7\n").replace("n,7", "n,grade", 1)
    evidence = read_evidence(folder(tmp_path / "more", text))
    assert evidence.ignored_columns == ("grade",)
    assert evidence.arms == rows_of(tmp_path / "plain", TWO_STUDIES)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("percnt", "percent"), ("reson", "reason"), ("event", "events"), ("sub_group", "subgroup")],
)
def test_a_column_name_that_nearly_means_something_is_no_silent_loss(tmp_path: Path, written: str, meant: str) -> None:
    header = f"study,arm,endpoint,n,{'percent' if meant != 'percent' else 'timepoint'},{written}"
    with pytest.raises(InvalidInput) as refused:
        rows_of(tmp_path, f"{header}\nA,control,x,20,35,\n")
    assert [str(problem) for problem in refused.value.problems] == [
        f"arms.csv, line 1, {written}: unknown column; did you mean '{meant}'?"
    ]


@given(st.permutations(FIVE.split(",")))
def test_the_order_of_columns_is_irrelevant(tmp_path_factory: pytest.TempPathFactory, order: list[str]) -> None:
    table = [dict(zip(FIVE.split(","), line.split(","), strict=True)) for line in TWO_STUDIES.split("\n")[:-1]]
    text = "".join(",".join(line[column] for column in order) + "\n" for line in table)
    assert rows_of(tmp_path_factory.mktemp("order"), text) == rows_of(tmp_path_factory.mktemp("plain"), TWO_STUDIES)


def test_the_order_of_rows_is_irrelevant_to_a_fit(tmp_path: Path) -> None:
    """Readings, latent sizes and all: the same posterior to rounding."""
    lines = [
        "A,control,x,45,72,63,a", "A,control,x,47,72,,b", "A,control,x,47,75,63,c", "A,treated,x,17,25,68,",
        "B,control,x,,,60,", "B,control,y,,,55,", "B,treated,x,,20,35,", "C,treated,x,0..1,25,,", "C,control,x,9,31,,",
    ]  # fmt: skip
    header = "study,arm,endpoint,events,n,percent,reading\n"
    wanted = posterior(read_evidence(folder(tmp_path / "given", header + "\n".join(lines) + "\n")))
    for seed in range(3):
        shuffled = random.Random(seed).sample(lines, len(lines))
        evidence = read_evidence(folder(tmp_path / f"{seed}", header + "\n".join(shuffled) + "\n"))
        assert posterior(evidence) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_a_folder_may_be_a_link_and_its_files_may_be_links_within_it(tmp_path: Path) -> None:
    real = folder(tmp_path / "real", TWO_STUDIES, toml='title = "Linked"\n')
    expected = read_evidence(real).arms
    (real / "..data").mkdir()  # as a configuration that is mounted into a container
    for name in ("arms.csv", "analysis.toml"):
        (real / name).rename(real / "..data" / name)
        (real / name).symlink_to(f"..data/{name}")
    (tmp_path / "whole").symlink_to(real, target_is_directory=True)
    for where in (real, tmp_path / "whole"):
        evidence = read_evidence(where)
        assert evidence.arms == expected
        assert evidence.title == "Linked"


def test_a_path_may_be_text(tmp_path: Path) -> None:
    assert read_evidence(str(folder(tmp_path, TWO_STUDIES))).arms == read_evidence(tmp_path).arms


def test_the_digests_are_those_of_the_files(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, TWO_STUDIES, toml="seed = 7\n"))
    assert evidence.sha256 == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("arms.csv", "analysis.toml")
    }


def test_percentages_keep_the_text_they_were_printed_as(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "study,arm,endpoint,n,percent\nA,control,x,100,13.0\nA,treated,x,100,13\n")
    assert [row.percent for row in rows] == [Percentage("13.0"), Percentage("13")]
    assert [row.printed for row in rows] == ["13.0 %, n = 100", "13 %, n = 100"]


def test_ids_are_any_printable_text(tmp_path: Path) -> None:
    ids = ("Müller 2024", "研究", "a/b [c] {d} %s", "1", "nan", "=1+1", "it's")
    text = f"{FIVE}\n" + "".join(f"{name},{arm},x,3,20\n" for name in ids for arm in ("control", "treated"))
    evidence = read_evidence(folder(tmp_path, text))
    assert evidence.studies == ids
    assert {study for study, _ in observations(evidence, "x")} == set(ids)


def test_an_id_is_the_same_whichever_way_its_letters_are_composed(tmp_path: Path) -> None:
    composed, decomposed = "M\u00fcller", "Mu\u0308ller"
    text = f"{FIVE}\n{composed},control,x,3,20\n{decomposed},treated,x,3,20\n"
    evidence = read_evidence(folder(tmp_path, text, toml=f'[studies."{decomposed}"]\nk = 0.5\n'))
    assert evidence.studies == (composed,)
    assert evidence.study(composed).k == 0.5


def test_ids_of_the_settings_come_first_and_in_their_order(tmp_path: Path) -> None:
    toml = '[studies.B]\n[studies.A]\n[endpoints.y]\nlabel = "Why"\n'
    text = f"{FIVE}\nA,control,x,3,20\nC,control,y,3,20\nB,control,x,3,20\n"
    evidence = read_evidence(folder(tmp_path, text, toml=toml))
    assert evidence.studies == ("B", "A", "C")
    assert evidence.endpoints == ("y", "x")
    assert (evidence.endpoint_label("y"), evidence.endpoint_label("x")) == ("Why", "x")


def test_contrasts_keep_their_printed_numbers(tmp_path: Path) -> None:
    contrasts = (
        "study,endpoint,measure,estimate,lower,upper,level,p,use,reason\n"
        "A,x,or,.41,.17,.96,95,<0.001,,\nA,y,,,,,,0.05,context,p only\nA,y,,,,,,,context,words\n"
    )
    ratio, p_only, words = read_evidence(folder(tmp_path, TWO_STUDIES, contrasts=contrasts)).contrasts
    assert (ratio.measure, ratio.estimate, ratio.level, ratio.use) == ("OR", ".41", 0.95, "sensitivity")
    assert ratio.printed == "OR .41 (.17 to .96); p <0.001"
    assert ratio.standard_error == pytest.approx(0.4416, abs=1e-4)
    assert p_only.printed == "p = 0.05"
    assert words.printed == "words only"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("title",), 1),
        (("studies", "1", "k"), 4),
        (("studies", "a.b", "label"), 7),
        (("studies", "a.b", "facts", "Patients, all"), 9),
        (("endpoints", "x", "baselines", "percent"), 13),
        (("studies", "1", "absent"), 3),
        (("absent",), None),
    ],
)
def test_a_problem_of_the_settings_names_the_line_of_its_key_or_of_what_is_around_it(
    key: tuple[str, ...], line: int | None
) -> None:
    text = (
        'title = "a"\n\n[studies.1] # first\nk = 0.5\n\n[studies."a.b"]\n"label" = "b"\n[studies."a.b".facts]\n'
        '"Patients, all" = "25"\n\n[endpoints.x]\nlabel = "x"\nbaselines = [\n  { label = "a", percent = 3 },\n]\n'
    )
    assert line_of(text, key) == line


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_problem_reaches_a_terminal_unprintable_or_on_two_lines(column: str, value: str) -> None:
    text = str(Problem("arms.csv", 2, column, value, "must be right"))
    assert text == printable(text)
    assert "\n" not in text
    assert not set(text) & {"\x1b", "\x9b", "\x07", "\u202e", "\u2028", "\x7f"}
