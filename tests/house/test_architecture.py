"""ARCHITECTURE.md says what the code is: its rooms, in their order, the files it names and the five words."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "reanalysis"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
WORDS = {
    "Evidence": "evidence.evidence",
    "ModelSpec": "model.spec",
    "specification": "model.specification",
    "Posterior": "engines.posterior",
    "Section": "reporting.section",
}


def layers() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["tool"]["importlinter"]["contracts"][0]["layers"])


def table(heading: str) -> list[str]:
    """The first column of the table under a heading."""
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip(" `*") for line in part.splitlines() if line.startswith("| ")][1:]


def test_the_rooms_are_the_layers_in_their_order() -> None:
    assert table("Rooms") == layers()


def test_every_folder_and_module_of_the_package_is_a_room() -> None:
    places = {path.stem for path in PACKAGE.iterdir() if path.name.isidentifier() or path.suffix == ".py"}
    below = set(re.findall(r"`(\w+)\.py`", PAGE.split("Below all rooms")[1].split("\n\n")[0]))
    assert len(below) == 5
    assert places - {"__init__", "__main__", "__pycache__", "py"} - below == set(layers())


def test_the_five_words_are_told() -> None:
    assert table("Five words") == ["Evidence", "Specification", "Posterior", "Estimands", "Section"]


@pytest.mark.parametrize("word", WORDS)
def test_the_five_words_are_where_they_are_said_to_be(word: str) -> None:
    assert getattr(import_module(f"reanalysis.{WORDS[word]}"), word)
    assert word in PAGE


def test_every_place_named_exists() -> None:
    named = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", PAGE)
    assert len(named) > 5
    missing = [name for name in named if not (PACKAGE / name).exists() and not (ROOT / name).exists()]
    local = (
        {"models/"}
        | {f"{engine}/" for engine in ("quadrature", "nuts")}
        | {f"{part}/" for part in ("reading", "candidates", "audit")}
    )
    assert set(missing) <= local
