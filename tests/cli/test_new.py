"""A new folder works as it stands, and nobody's files are overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reanalysis.cli.app import app

FILES = {"arms.csv", "analysis.toml", "sources.toml"}


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.exit_code, result.output


def test_a_new_folder_can_be_audited_and_fitted(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    code, said = run("new", folder)
    assert code == 0
    assert "reanalysis audit" in said
    assert {p.name for p in folder.iterdir()} == FILES
    code, said = run("audit", folder)
    assert code == 0
    assert "0 errors, 0 warnings" in said
    code, said = run("fit", folder, "--endpoint", "infection", "--engine", "quadrature")
    assert code == 0, said


@pytest.mark.parametrize("name", FILES)
def test_what_is_there_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    code, said = run("new", tmp_path)
    assert code == 2
    assert name in said
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine", encoding="utf-8")
    code, said = run("new", tmp_path / "x")
    assert code == 2
    assert "not a folder" in said
