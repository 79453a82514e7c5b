"""Extras of the installation: one sentence where a request needs one that is not there."""

from __future__ import annotations

from typing import Literal

from reanalysis.evidence.problems import InvalidInput
from reanalysis.versions import missing

Extra = Literal["nuts", "report"]


def need(what: str, *extras: Extra) -> None:
    """Refuse a request before anything is computed where packages are missing that it needs.

    Parameters
    ----------
    what : str
        What is asked for, as the subject of a sentence.
    *extras : {"nuts", "report"}
        Extras that it needs, as pyproject.toml declares them.

    Raises
    ------
    InvalidInput
        With the command that installs what is missing.
    """
    lacking = {extra: packages for extra in extras if (packages := missing(extra))}
    if lacking:
        names = ", ".join(name for packages in lacking.values() for name in packages)
        install = f"pip install 'reanalysis[{','.join(lacking)}]'"
        raise InvalidInput([f"{what} needs packages that are not installed ({names}): {install}"])
