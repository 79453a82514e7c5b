"""Checks of options before anything heavy is loaded; all problems are reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reanalysis.evidence.problems import InvalidInput

FORMATS = ("table", "json")


def require(*problems: str) -> None:
    """Refuse what is wrong, all of it at once.

    Parameters
    ----------
    *problems : str
        One sentence each, empty where nothing is wrong.

    Raises
    ------
    InvalidInput
        If one is not empty.
    """
    wrong = [problem for problem in problems if problem]
    if wrong:
        raise InvalidInput(wrong)


def not_one_of(option: str, value: str, allowed: Sequence[str]) -> str:
    """What is wrong with an option that takes one of a few words."""
    return "" if value in allowed else f"{option} {value!r}: must be one of {', '.join(allowed)}"


def bad_format(output: str) -> str:
    """What is wrong with ``--format``."""
    return not_one_of("--format", output, FORMATS)


def bad_file(out: Path | None) -> str:
    """What is wrong with the file of ``--out``."""
    right = out is None or (out.suffix == ".nc" and out.parent.is_dir() and not out.is_dir())
    return "" if right else f"--out {out}: must name a .nc file in an existing folder"


def bad_table(out: Path | None, suffixes: Sequence[str], option: str = "--out") -> str:
    """What is wrong with the file of an option that takes one of a few kinds."""
    right = out is None or (out.suffix in suffixes and out.parent.is_dir() and not out.is_dir())
    return "" if right else f"{option} {out}: must name a {' or '.join(suffixes)} file in an existing folder"


def bad_workers(workers: int | None) -> str:
    """What is wrong with ``--workers``."""
    return "" if workers is None or 1 <= workers <= 1024 else f"--workers {workers}: must lie between 1 and 1024"
