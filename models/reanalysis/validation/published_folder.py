"""The problems with published answers: evidence folders that come with the package."""

from __future__ import annotations

from pathlib import Path

from reanalysis.digests import of_files
from reanalysis.evidence.datasets import dataset_folder

FOLDER = dataset_folder() / "validation"
"""Of a checkout, or of an installed wheel."""


def problem_folders(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Folders of problems, by name; none where there is no such folder."""
    return tuple(sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith(".")))


def published_digest(folder: Path = FOLDER) -> str:
    """SHA-256 of every table and setting of every problem."""
    files = (path for problem in problem_folders(folder) for path in sorted(problem.glob("*")))
    return of_files((path for path in files if path.suffix in (".csv", ".toml") and path.is_file()), folder)
