"""What all tests share. Properties are not timed: a busy machine is no counterexample."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec
from shared import once

if TYPE_CHECKING:
    from reanalysis.analysis.analysis import Analysis

ANAKINRA = Path(__file__).parents[1] / "data" / "anakinra"
LONG = ("figures", "nuts", "reports", "kills", "refits", "changes", "site")
"""Groups that take long, the longest first."""

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fixture of their module share a worker. Long groups start first: no worker ends alone."""
    for item in items:
        if group_of(item) is None and any(one.scope == "module" for one in fixtures_of(item)):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath).with_suffix(""))))
    items.sort(key=place)


def group_of(item: pytest.Item) -> str | None:
    """The name of the group of a test."""
    marker = item.get_closest_marker("xdist_group")
    return None if marker is None else str(marker.args[0])


def fixtures_of(item: pytest.Item) -> list[pytest.FixtureDef[object]]:
    """Definitions of the fixtures that a test asks for, and of those that they ask for."""
    found = getattr(item, "_fixtureinfo", None)  # a notebook has none
    return [] if found is None else [one for many in found.name2fixturedefs.values() for one in many[-1:]]


def place(item: pytest.Item) -> int:
    """Long groups, notebooks, other groups, other tests."""
    group = group_of(item)
    if group in LONG:
        return LONG.index(group)
    return len(LONG) + (0 if item.path.suffix == ".ipynb" else 1 if group else 2)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tests that share a long fixture must share a worker; the name of their group is all that keeps them together."""
    grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if "PYTEST_XDIST_WORKER" in os.environ and any("@" not in item.nodeid for item in grouped):
        raise pytest.UsageError("pytest-xdist does not see the groups of this pytest: run with --dist loadgroup")


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """The re-analysis' evidence."""
    return read_evidence(ANAKINRA)


@pytest.fixture(scope="session")
def spec(evidence: Evidence) -> ModelSpec:
    """The priors and discounts that it is analysed under."""
    return default_spec(evidence)


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of all workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def results(common: Path) -> Path:
    """Folder of results that builds may share whose claims are of something else than what is computed."""
    folder = common / "results"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def answers(common: Path) -> Callable[[Callable[[Path], Path]], Analysis]:
    """Analyses by quadrature of what functions write to a folder, without what a first page does not show."""
    from readme.answer import analysed

    @cache
    def made(write: Callable[[Path], Path]) -> Analysis:
        folder = common / f"answer-{write.__name__}"
        return once(folder.with_suffix(".kept"), lambda: analysed(read_evidence(write(folder))))

    return made


@pytest.fixture(scope="session")
def reanalysed(answers: Callable[[Callable[[Path], Path]], Analysis]) -> Analysis:
    """That of the re-analysis' evidence."""

    def anakinra(_: Path) -> Path:
        return ANAKINRA

    return answers(anakinra)
