"""Properties are not timed: a busy machine is no counterexample. Long groups start first: no worker ends alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tests that share a long fixture must share a worker; the name of their group is all that keeps them together."""
    grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if "PYTEST_XDIST_WORKER" in os.environ and any("@" not in item.nodeid for item in grouped):
        raise pytest.UsageError("pytest-xdist does not see the groups of this pytest: run with --dist loadgroup")


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """The re-analysis' evidence."""
    return read_evidence(Path(__file__).parents[1] / "data" / "anakinra")


@pytest.fixture(scope="session")
def spec(evidence: Evidence) -> ModelSpec:
    """The priors and discounts that it is analysed under."""
    return default_spec(evidence)
