"""Analyses that reports and figures are made of, each computed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reanalysis.evidence.folder import read_evidence
from reanalysis.report.analysis import Analysis, analyse

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="session")
def anakinra() -> Analysis:
    return analyse(read_evidence(ANAKINRA), "quadrature")
