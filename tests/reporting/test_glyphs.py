"""A name that the fonts of a report cannot show is refused before anything is built; every other is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import run
from evidence.folders import FIVE, TWO_STUDIES, folder
from reanalysis.api.folders import report
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures.words import fonts
from reanalysis.reporting.glyphs import missing, require_shown, spelt

SHOWN = "Müller Ångström Ελλάς Жизнь שלום مرحبا ≥ ½ → − – … “quoted” ﬁ ρτδ x\u0304"


def refusal(where: Path) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        require_shown(read_evidence(where))
    return [str(problem) for problem in error.value.problems]


def test_letters_that_the_fonts_have_are_not_missing() -> None:
    assert missing(SHOWN) == ""
    assert spelt(SHOWN) == SHOWN


def test_the_characters_are_those_that_the_faces_map() -> None:
    """Asked of fontTools, another reader of the same files."""
    from fontTools.ttLib import TTFont

    faces = [set(TTFont(fonts() / f"DejaVuSans{face}.ttf").getBestCmap()) for face in ("", "-Bold")]
    for code in (*range(0xA1, 0x600), *range(0x900, 0xA00), *range(0x2190, 0x2400), *range(0x4E00, 0x4F00), 0x1F600):
        if chr(code).isprintable():
            assert (missing(chr(code)) == "") == all(code in face for face in faces), hex(code)


@pytest.mark.parametrize("name", ["研究", "연구", "ไทย", "हिन्दी", "trial 🧪"])
def test_a_study_that_no_font_shows_is_refused_by_every_door_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    where = folder(tmp_path / "evidence", TWO_STUDIES.replace("B,", f"{name},"))
    out = tmp_path / "out"
    (told,) = refusal(where)
    assert told.startswith("arms.csv, line 4, study: the fonts of a report have no ")
    assert f"(U+{ord(missing(name)[0]):04X})" in told
    assert told.endswith(f"(found '{name}')")
    ended = run("report", where, "--out", out, "--engine", "quadrature")
    assert (ended.code, ended.out, ended.errors) == (2, "", [told])
    with pytest.raises(InvalidInput) as error:
        report(where, out, engine="quadrature")
    assert str(error.value) == told
    assert {path.name for path in tmp_path.iterdir()} == {"evidence"}


def test_every_text_that_a_report_shows_is_asked(tmp_path: Path) -> None:
    arms = f"{FIVE},locator\nA,control,x,3,20,表 2\nA,treated,x,7,21,Table 2\n"
    toml = 'title = "研"\nlimits = ["a", "究"]\n[studies.A]\nlabel = "甲"\n[studies.A.facts]\n"剂量" = "1 mg"\n'
    sources = '[s]\ntitle = "文献"\n'
    contrasts = "study,endpoint,measure,estimate,reason\nA,x,OR,1.1,因為\n"
    where = folder(tmp_path, arms, toml=toml, contrasts=contrasts, sources=sources)
    places = sorted(told.partition(": ")[0] for told in refusal(where))
    assert places == [
        "analysis.toml, line 1, title",
        "analysis.toml, line 2, limits",
        "analysis.toml, line 4, studies.A.label",
        "analysis.toml, line 6, studies.A.facts.剂量",
        "arms.csv, line 2, locator",
        "contrasts.csv, line 2, reason",
        "sources.toml, line 2, s.title",
    ]


def test_a_folder_whose_name_is_the_title_is_asked_too(tmp_path: Path) -> None:
    (told,) = refusal(folder(tmp_path / "研究", TWO_STUDIES))
    assert told.startswith("analysis.toml, title: ")


def test_a_path_that_no_font_shows_is_spelt() -> None:
    assert spelt("data/é 数") == "data/é \\u6570"
