"""Analyses that reports and figures are made of, and reports of them, each made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from figures import folders
from reanalysis.analysis.analysis import Analysis, analyse
from reanalysis.evidence.reading.folder import read_evidence
from reporting.built import Report, build

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="session")
def anakinra() -> Analysis:
    return analyse(read_evidence(ANAKINRA), "quadrature")


@pytest.fixture(scope="session")
def reanalysis_report(anakinra: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build(anakinra, tmp_path_factory.mktemp("anakinra"))


@pytest.fixture(scope="session")
def plain_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of a folder with five columns and nothing declared."""
    folder = folders.five_columns(tmp_path_factory.mktemp("five"))
    return build(analyse(read_evidence(folder), "quadrature"), tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def odd_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of a folder whose names are markup, formulas and scripts, with empty cells."""
    folder = folders.hostile_names(tmp_path_factory.mktemp("hostile"))
    return build(analyse(read_evidence(folder), "quadrature"), tmp_path_factory.mktemp("odd"))
