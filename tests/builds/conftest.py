from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builds.commands import Commands
from reanalysis.validation.published import check_published
from shared import once


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory, common: Path) -> Iterator[Commands]:
    """The command, imported once."""
    validated = common / "validated"
    once(validated, check_published)
    with Commands(tmp_path_factory.mktemp("streams"), validated) as found:
        yield found


@pytest.fixture(scope="session")
def shared(results: Path) -> dict[str, str]:
    """An environment in which the builds of all tests, in whichever process, keep their results in one folder."""
    return dict(os.environ) | {"REANALYSIS_CACHE": str(results)}
