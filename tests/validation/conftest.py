"""The priors and discounts that engines are calibrated under."""

from __future__ import annotations

from pathlib import Path

import pytest

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
