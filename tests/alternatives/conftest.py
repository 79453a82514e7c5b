"""The re-analysis' evidence, and one small multiverse of it, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    return read_evidence(ANAKINRA)


@pytest.fixture(scope="session")
def spec(evidence: Evidence) -> ModelSpec:
    return default_spec(evidence)


@pytest.fixture(scope="session")
def crs(evidence: Evidence, spec: ModelSpec) -> Multiverse:
    return multiverse(evidence, "crs_any", spec)
