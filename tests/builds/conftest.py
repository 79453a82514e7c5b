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
    """An environment in which all builds keep their results in one folder, so that each is computed once."""
    return dict(os.environ) | {"REANALYSIS_CACHE": str(tmp_path_factory.mktemp("results"))}
