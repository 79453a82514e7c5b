"""A new folder works as it stands, explains every setting and column that there is, and overwrites nobody's files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from reanalysis.cli.app import app
from reanalysis.evidence.reading.columns import ABOUT, columns, columns_page
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.gathering import TABLES
from reanalysis.evidence.reading.settings import Settings, Source

SCAFFOLD = resources.files("reanalysis.cli") / "scaffold"
FILES = sorted(one.name for one in SCAFFOLD.iterdir())


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.exit_code, result.output


def test_a_new_folder_can_be_audited_and_fitted(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    code, said = run("new", folder)
    assert code == 0
    assert "reanalysis audit" in said
    assert sorted(p.name for p in folder.iterdir()) == FILES
    assert len(FILES) == 7
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


def uncommented(name: str) -> str:
    """A template with every setting that it gives as a comment taken for one."""
    text = (SCAFFOLD / name).read_text(encoding="utf-8")
    return re.sub(r'^# (?=\[|[\w."]+ = )', "", text, flags=re.MULTILINE)


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    """Every model of settings that a type can hold, itself first."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models_in(field.annotation)
    for inner in get_args(kind):
        yield from models_in(inner)


def given(value: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Every setting that a value gives, by its model and key."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield type(value), name
            yield from given(getattr(value, name))
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ():
        yield from given(inner)


def test_every_setting_there_is_stands_in_the_template() -> None:
    """Derived from the models of the settings: a new key without an explanation fails here."""
    settings = Settings.model_validate(tomllib.loads(uncommented("analysis.toml")))
    sources = {k: Source.model_validate(v) for k, v in tomllib.loads(uncommented("sources.toml")).items()}
    shown = set(given(settings)) | set(given(sources))
    there = {(model, key) for root in (Settings, Source) for model in models_in(root) for key in model.model_fields}
    assert len(there) > 60
    assert {f"{model.__name__}.{key}" for model, key in there - shown} == set()


def test_the_template_with_every_setting_taken_is_a_folder_too(tmp_path: Path) -> None:
    run("new", tmp_path / "mine")
    for name in ("analysis.toml", "sources.toml"):
        text = uncommented(name).replace('part_of = "infection_any"', 'part_of = ""')  # no row has that endpoint
        (tmp_path / "mine" / name).write_text(text, encoding="utf-8")
    assert read_evidence(tmp_path / "mine").study("Trial A").k_reason


def test_every_column_of_every_table_is_explained_and_has_a_template(tmp_path: Path) -> None:
    """Derived from the rows: a new column without a meaning fails here."""
    run("new", tmp_path / "mine")
    assert tuple(ABOUT) == tuple(TABLES)
    for table in TABLES:
        header = (tmp_path / "mine" / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert tuple(header.split(",")) == TABLES[table].columns
        assert [name for name, meaning in columns(table).items() if not meaning.endswith(".")] == []
    page = (tmp_path / "mine" / "COLUMNS.md").read_text(encoding="utf-8")
    assert page == columns_page(), "write columns_page() of evidence/reading/columns.py to cli/scaffold/COLUMNS.md"
