"""Where are the problems with published answers? In data/validation of the source code; a wheel has none."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "data" / "validation"
"""Of the source tree."""


def problem_folders(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Folders of problems, by name; none where there is no such folder."""
    return tuple(sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith(".")))


def published_digest(folder: Path = FOLDER) -> str:
    """SHA-256 of every table and setting of every problem."""
    found = hashlib.sha256()
    for problem in problem_folders(folder):
        for path in sorted(problem.glob("*")):
            if path.suffix in (".csv", ".toml") and path.is_file():
                content = path.read_bytes()
                found.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
                found.update(content)
    return found.hexdigest()
