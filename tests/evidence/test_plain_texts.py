"""No text of evidence, by whichever door, reorders or hides what a reader sees; no file is a link to somewhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

import reanalysis as ra
from reanalysis.evidence.problems import InvalidInput
from reanalysis.reporting.markdown import escape

ROWS = "study,arm,endpoint,events,n,timepoint\nA,control,x,3,20,{0}\nA,treated,x,5,20,\n"


@pytest.mark.parametrize(
    ("character", "does"),
    [
        ("\N{RIGHT-TO-LEFT OVERRIDE}", "reorders"),
        ("\N{FIRST STRONG ISOLATE}", "reorders"),
        ("\N{RIGHT-TO-LEFT MARK}", "reorders"),
        ("\N{ZERO WIDTH SPACE}", "cannot be seen"),
        ("\x1b", "is a control character"),
    ],
)
def test_a_hidden_character_is_named_with_its_place(tmp_path: Path, character: str, does: str) -> None:
    (tmp_path / "arms.csv").write_text(ROWS.format(f"day{character}28"), encoding="utf-8")
    (tmp_path / "analysis.toml").write_text(f'[endpoints.x]\nlabel = "Infection \\u{ord(character):04x}"\n')
    with pytest.raises(InvalidInput) as told:
        ra.read_evidence(tmp_path)
    said = "\n".join(map(str, told.value.problems))
    assert "arms.csv, line 2, timepoint: holds" in said
    assert f"analysis.toml, line 2, endpoints.x.label: holds U+{ord(character):04X}, which {does}" in said


def test_a_data_frame_has_the_same_check() -> None:
    rows = {"study": ["A", "A"], "arm": ["control", "treated"], "endpoint": "x", "events": [3, 5], "n": [20, 20]}
    with pytest.raises(InvalidInput, match=r"U\+202E, which reorders"):
        ra.evidence(rows, labels={"x": "Infection \N{RIGHT-TO-LEFT OVERRIDE}"})


@pytest.mark.parametrize("label", ["שלום", "عدوى", "Ærø 12 %", "naïve"])
def test_any_script_may_be_written(tmp_path: Path, label: str) -> None:
    (tmp_path / "arms.csv").write_text(ROWS.format(""), encoding="utf-8")
    (tmp_path / "analysis.toml").write_text(f'[endpoints.x]\nlabel = "{label}"\n', encoding="utf-8")
    assert ra.read_evidence(tmp_path).settings.endpoints["x"].label == label


def test_figures_behind_a_name_from_right_to_left_stay_in_order() -> None:
    assert escape("שלום") == "\N{FIRST STRONG ISOLATE}שלום\N{POP DIRECTIONAL ISOLATE}"
    assert escape("Kim") == "Kim"


@pytest.mark.parametrize("name", ["arms.csv", "analysis.toml", "sources.toml"])
def test_a_link_out_of_the_folder_is_not_followed_and_tells_nothing(tmp_path: Path, name: str) -> None:
    folder, secret = tmp_path / "evidence", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("hunter2 = 'SECRET'")
    (folder / "arms.csv").write_text(ROWS.format(""))
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    with pytest.raises(InvalidInput) as told:
        ra.read_evidence(folder)
    assert f"{name}: is a link out of its folder" in str(told.value)
    assert "hunter2" not in str(told.value)


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "kept.csv").write_text(ROWS.format(""))
    (tmp_path / "arms.csv").symlink_to("kept.csv")
    assert len(ra.read_evidence(tmp_path).arms) == 2
