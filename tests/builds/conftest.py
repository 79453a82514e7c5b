from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from builds.commands import Commands


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The command, imported once."""
    with Commands(tmp_path_factory.mktemp("streams")) as found:
        yield found


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the builds of all tests, in whichever process, keep their results in one folder."""
    base = tmp_path_factory.getbasetemp()
    results = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "results"
    results.mkdir(exist_ok=True)
    return dict(os.environ) | {"REANALYSIS_CACHE": str(results)}
