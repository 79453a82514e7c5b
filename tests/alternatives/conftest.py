"""One small multiverse of the re-analysis, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec
from shared import once


@pytest.fixture(scope="session")
def crs(evidence: Evidence, spec: ModelSpec, common: Path) -> Multiverse:
    return once(common / "crs.kept", lambda: multiverse(evidence, "crs_any", spec))
