"""What does an evidence folder hold? Everything read and validated at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reanalysis.evidence.arms import ArmRow, read_arms
from reanalysis.evidence.contrasts import ContrastRow, read_contrasts
from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.settings import Endpoint, Settings, Source, Study, read_settings, read_sources

FILES = ("arms.csv", "contrasts.csv", "analysis.toml", "sources.toml")


@dataclass(frozen=True)
class Evidence:
    """One evidence folder.

    Parameters
    ----------
    folder : Path
        Where it was read.
    arms : tuple of ArmRow
        Rows of arms.csv in file order.
    contrasts : tuple of ContrastRow
        Rows of contrasts.csv, empty without that file.
    settings : Settings
        analysis.toml, or its defaults.
    sources : dict of str to Source
        sources.toml, empty without that file.
    ignored_columns : tuple of str
        Columns of arms.csv that mean nothing here.
    sha256 : dict of str to str
        Digest of each file read.
    """

    folder: Path
    arms: tuple[ArmRow, ...]
    contrasts: tuple[ContrastRow, ...]
    settings: Settings
    sources: dict[str, Source]
    ignored_columns: tuple[str, ...]
    sha256: dict[str, str]

    @property
    def studies(self) -> tuple[str, ...]:
        """Study ids, those of analysis.toml first in their order, then by first row."""
        return _ordered(self.settings.studies, [r.study for r in (*self.arms, *self.contrasts)])

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoint ids of arms.csv and contrasts.csv, those of analysis.toml first in their order."""
        return _ordered(self.settings.endpoints, [r.endpoint for r in (*self.arms, *self.contrasts)])

    def study(self, study: str) -> Study:
        """Settings of a study, defaults where analysis.toml does not name it."""
        return self.settings.studies.get(study, Study())

    def endpoint(self, endpoint: str) -> Endpoint:
        """Settings of an endpoint, defaults where analysis.toml does not name it."""
        return self.settings.endpoints.get(endpoint, Endpoint())

    def study_label(self, study: str) -> str:
        """Name of a study for readers."""
        return self.study(study).label or study

    def endpoint_label(self, endpoint: str) -> str:
        """Name of an endpoint for readers."""
        return self.endpoint(endpoint).label or endpoint

    @property
    def title(self) -> str:
        """Title for readers."""
        return self.settings.title or f"Re-analysis of {self.folder.resolve().name}"


def _ordered(first: Iterable[str], used: Iterable[str]) -> tuple[str, ...]:
    present = dict.fromkeys(used)
    named = [name for name in first if name in present]
    return tuple(dict.fromkeys([*named, *present]))


def read_evidence(folder: str | Path) -> Evidence:
    """Read and validate an evidence folder.

    Parameters
    ----------
    folder : str or Path
        A folder with arms.csv and, optionally, contrasts.csv, analysis.toml and sources.toml.

    Raises
    ------
    InvalidInput
        With every problem of every file of the folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise InvalidInput([f"{folder}: {what}; an evidence folder holds arms.csv"])
    if not (folder / "arms.csv").exists():
        raise InvalidInput([f"{folder}: holds no arms.csv"])
    problems: list[Problem | str] = []
    arms: tuple[ArmRow, ...] = ()
    ignored: tuple[str, ...] = ()
    contrasts: tuple[ContrastRow, ...] = ()
    settings, sources = Settings(), {}
    try:
        arms, ignored = read_arms(folder / "arms.csv")
    except InvalidInput as error:
        problems += error.problems
    if (folder / "contrasts.csv").exists():
        try:
            contrasts = read_contrasts(folder / "contrasts.csv")
        except InvalidInput as error:
            problems += error.problems
    try:
        settings = read_settings(folder / "analysis.toml")
    except InvalidInput as error:
        problems += error.problems
    try:
        sources = read_sources(folder / "sources.toml")
    except InvalidInput as error:
        problems += error.problems
    if not problems:
        problems += _cross_references(arms, contrasts, settings, sources)
    if problems:
        raise InvalidInput(problems)
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in FILES
        if (folder / name).exists()
    }
    return Evidence(folder, arms, contrasts, settings, sources, ignored, digests)


def _cross_references(
    arms: tuple[ArmRow, ...],
    contrasts: tuple[ContrastRow, ...],
    settings: Settings,
    sources: dict[str, Source],
) -> list[Problem]:
    problems = []
    for file, rows in (("arms.csv", arms), ("contrasts.csv", contrasts)):
        for row in rows:
            if row.source and sources and row.source not in sources:
                rule = f"unknown source; sources.toml has {', '.join(sources)}"
                problems.append(Problem(file, row.line, "source", row.source, rule))
    studies = {row.study for row in (*arms, *contrasts)}
    endpoints = {row.endpoint for row in (*arms, *contrasts)}
    for kind, named, used in (
        ("studies", settings.studies, studies),
        ("endpoints", settings.endpoints, endpoints),
    ):
        for name in named:
            if name not in used:
                rule = f"no row of arms.csv or contrasts.csv has this id under {kind}"
                problems.append(Problem("analysis.toml", None, f"{kind}.{name}", "", rule))
    return problems
