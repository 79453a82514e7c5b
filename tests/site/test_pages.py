"""The site: every page is made of what the code says, without a warning, and loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

import reanalysis as ra
from reanalysis.cli.app import app
from reanalysis.evidence.reading.settings import Settings, Source

ROOT = Path(__file__).parents[2]
SITE = ROOT / ".site"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module")
def gather() -> ModuleType:
    pytest.importorskip("numpydoc", reason="the extra docs is not installed")
    spec = spec_from_file_location("gather", SITE / "gather.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(gather: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages, but for the pictures, whose examples are tested as examples."""
    folder = tmp_path_factory.mktemp("site") / "pages"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "picture", lambda name: None)
        gather.gather(folder)
    return folder


@pytest.mark.xdist_group("site")
def test_every_column_says_what_it_holds_and_what_a_cell_may_be(gather: ModuleType) -> None:
    tables = gather.evidence_tables()
    assert set(tables) >= {"arms.csv", "contrasts.csv", "benchmarks.csv", "risk_of_bias.csv"}
    for file, table in tables.items():
        for column in table.columns:
            assert gather.meaning(table, column), f"{table.row.__name__} does not describe {column} of {file}"
            assert gather.rule(table, column)
    assert "control or treated" in gather.rule(tables["arms.csv"], "arm")
    assert gather.rule(tables["arms.csv"], "reason") == "any text"


def models(model: type[BaseModel], gather: ModuleType) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner, _ = gather._model_in(field.annotation)
        if inner:
            yield from models(inner, gather)


@pytest.mark.xdist_group("site")
def test_every_key_of_the_settings_says_what_it_is_for(gather: ModuleType) -> None:
    for model in {*models(Settings, gather), *models(Source, gather)}:
        for name, field in model.model_fields.items():
            plain = gather._model_in(field.annotation)[0] is None
            own_name = model.__name__ == "Rho" or name in ("doi", "pmid", "pmcid", "nct")
            assert field.description or not plain or own_name, f"{model.__name__}.{name} has no description"


@pytest.mark.xdist_group("site")
def test_the_pages_show_every_column_key_function_and_command(gather: ModuleType, pages: Path) -> None:
    columns, settings = ((pages / name).read_text(encoding="utf-8") for name in ("columns.md", "settings.md"))
    for table in gather.evidence_tables().values():
        assert all(f"| `{field.name}` |" in columns for field in fields(table.row) if field.name != "line")
    for model in models(Settings, gather):
        assert all(f"| `{name}` |" in settings for name in model.model_fields)
    index = (pages / "reference" / "index.md").read_text(encoding="utf-8")
    assert all(index.count(f"[`ra.{name}`]") == 1 for name in gather.public())
    assert {"audit", "fit", "report"} <= set(re.findall(r"^## (\w+)$", (pages / "commands.md").read_text(), re.M))


@pytest.mark.xdist_group("site")
def test_what_was_published_stands_beside_what_is_computed(pages: Path) -> None:
    page = (pages / "coming_from.md").read_text(encoding="utf-8")
    assert "<!-- compared" not in page
    rows = re.findall(r"^\| [\w ]+ \| (?:mean|median) \| (-?[\d.]+) \| (-?[\d.]+) \|$", page, re.M)
    assert len(rows) >= 5
    assert all(abs(float(printed) - float(here)) < 0.2 for printed, here in rows)


@pytest.mark.xdist_group("site")
def test_the_site_is_made_without_a_warning_and_loads_nothing_from_elsewhere(pages: Path) -> None:
    out = pages.parent / "site"
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-c", SITE, pages, out]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//[^>]*", text), page
    assert "ra.fit" in (out / "reference" / "fit.html").read_text(encoding="utf-8")


@pytest.mark.xdist_group("site")
def test_a_page_that_links_to_what_is_not_there_is_no_page(gather: ModuleType) -> None:
    assert gather._linked("[a](SECURITY.md) [b](data/anakinra) [c](notebooks)") == (
        "[a](security.md) b (`data/anakinra`) [c](gallery.md)"
    )
    with pytest.raises(FileNotFoundError, match=r"nowhere\.md"):
        gather._linked("[a](nowhere.md)")


BLOCKS = [(page.name, block) for page in sorted(SITE.glob("*.md")) for block in BLOCK.findall(page.read_text())]


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(BLOCKS)])
def test_the_python_of_the_pages_runs(page: str, block: str) -> None:
    exec(compile(block, page, "exec"), {})


def test_calls_of_the_tables_name_functions_and_options_that_exist() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in SITE.glob("*.md"))
    assert set(re.findall(r"\bra\.(\w+)", text)) <= set(dir(ra))
    for name, options in set(re.findall(r"`reanalysis (\w+)([^`\n]*)`", text)):
        known = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
        assert all(option in known for option in re.findall(r"--[a-z-]+", options)), name


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation
