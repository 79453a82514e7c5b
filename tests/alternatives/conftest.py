"""One small multiverse of the re-analysis, made once."""

from __future__ import annotations

import pytest

from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec


@pytest.fixture(scope="session")
def crs(evidence: Evidence, spec: ModelSpec) -> Multiverse:
    return multiverse(evidence, "crs_any", spec)
