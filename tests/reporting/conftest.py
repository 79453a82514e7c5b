"""Analyses that reports and figures are made of, and reports of them, each made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import reanalysis as ra
from figures import folders
from reanalysis.analysis.analysis import Analysis, analyse
from reanalysis.evidence.reading.folder import read_evidence
from reporting.built import Report, build
from shared import once, recalling

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="session")
def anakinra(common: Path) -> Analysis:
    return once(common / "anakinra.kept", lambda: analyse(read_evidence(ANAKINRA), "quadrature"))


@pytest.fixture(scope="session")
def reanalysis_report(anakinra: Analysis, common: Path) -> Report:
    folder = common / "report-anakinra"
    return Report(once(folder.with_suffix(".kept"), lambda: build(anakinra, folder).folder), anakinra)


@pytest.fixture(scope="session")
def plain_report(common: Path) -> Report:
    """Of a folder with five columns and nothing declared."""
    return reported(folders.five_columns, common)


@pytest.fixture(scope="session")
def odd_report(common: Path) -> Report:
    """Of a folder whose names are markup, formulas and scripts, with empty cells."""
    return reported(folders.hostile_names, common)


def reported(write: Callable[[Path], Path], common: Path) -> Report:
    """The report of what a function writes to a folder."""
    folder = common / f"report-{write.__name__}"

    def made() -> Report:
        return build(analyse(read_evidence(write(folder / "evidence")), "quadrature"), folder / "report")

    return once(folder.with_suffix(".kept"), made)


@pytest.fixture(scope="session")
def published(common: Path, results: Path) -> Path:
    """What a build publishes of a folder with five columns; it stands beside its evidence, ``five``."""
    folder = common / "published"

    def made() -> Path:
        with recalling(results):
            ra.report(folders.five_columns(folder / "five"), folder / "out", "quadrature")
        return folder / "out"

    return once(folder.with_suffix(".kept"), made)
