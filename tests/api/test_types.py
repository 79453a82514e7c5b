"""Types as a user's checker and editor see them: a script without Any, every public name known, signatures shown."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import tomllib
from pathlib import Path

import pytest
import tomli_w

import reanalysis as ra
from api import new_user

ROOT = Path(__file__).parents[2]
SCRIPT = Path(new_user.__file__)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says of the script and of all public names, every Any told; what it knows of the package it keeps."""
    from mypy import api

    folder = tmp_path_factory.mktemp("types")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    del settings["packages"]
    settings["mypy_path"] = f"models:{folder}"
    settings["overrides"].append({"module": ["tests.api.new_user", "revealed"], "disallow_any_expr": True})
    config = folder / "pyproject.toml"
    config.write_text(tomli_w.dumps({"tool": {"mypy": settings}}), encoding="utf-8")
    revealed = folder / "revealed.py"
    names = [f"reveal_type(ra.{name})" for name in ra.__all__]
    revealed.write_text("\n".join(["import reanalysis as ra", *names, "ra.no_such_thing"]), encoding="utf-8")
    with contextlib.chdir(ROOT):
        out, err, _ = api.run(["--config-file", str(config), str(SCRIPT), str(revealed)])
    assert not err, err
    return out


def test_the_script_of_a_new_user_is_strictly_typed_and_any_comes_from_pandas_alone(said: str) -> None:
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    found = re.findall(rf"^.*{re.escape(SCRIPT.name)}:(\d+): error: (.*)$", said, re.MULTILINE)
    assert found, "mypy sees the Any of pandas: it has looked"
    for line, error in found:
        assert "Any" in error, error
        assert re.search(r"pd\.DataFrame\(|\.draws\(\)\[", lines[int(line) - 1]), (line, error)


def test_no_public_function_takes_or_gives_any(said: str) -> None:
    revealed = dict(re.findall(r"revealed\.py:(\d+): note: Revealed type is \"(.*)\"$", said, re.MULTILINE))
    types = {name: revealed[str(line)] for line, name in enumerate(ra.__all__, 2)}
    with_any = {name: found for name, found in types.items() if re.search(r"\bAny\b", found)}
    assert not with_any
    assert "Module has no attribute" in said


def test_help_shows_the_parameters_of_every_function() -> None:
    for name in ra.__all__:
        one = getattr(ra, name)
        if inspect.isfunction(one):
            assert not {"args", "kwargs"} & set(inspect.signature(one).parameters), name
            assert inspect.getdoc(one), name
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        help(ra.effects)
    assert re.search(r"effects\(\s*fitted.*baseline.*level", shown.getvalue().split("\n\n")[1], re.DOTALL)


def test_completion_lists_the_public_names() -> None:
    from jedi import Interpreter, Project, Script

    live = {one.name for one in Interpreter("ra.", [{"ra": ra}]).complete()}
    assert set(ra.__all__) <= live
    project = Project(os.fspath(ROOT / "models"))
    static = {one.name for one in Script("import reanalysis as ra\nra.", project=project).complete(2, 3)}
    assert set(ra.__all__) <= static


def test_the_script_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = new_user.answers(tmp_path)
    assert 0.5 < found["beyond 5 points"] < 1
    assert found["number needed"] > 1
    assert abs(found["correlation of rows"]) < 0.05
    assert (tmp_path / "effects.docx").stat().st_size > 5_000
    assert "NNT" in capsys.readouterr().out
