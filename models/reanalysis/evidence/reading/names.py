"""Names that a reader takes for one and a program for two: equal but for case, blanks or a letter's encoding."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from reanalysis.evidence.problems import Problem

Place = tuple[str, int]
"""File and line where a name stands."""


def folded(name: str) -> str:
    """A name without what people do not see in it: its case, its blanks, and how its letters are encoded (NFKC)."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def alike(column: str, named: Iterable[tuple[str, Place]]) -> list[Problem]:
    """Names that differ from an earlier one by case or blanks only: a problem where each first stands.

    Parameters
    ----------
    column : str
        Column that the names stand in.
    named : iterable of (str, (str, int))
        Each name with its file and line, in the order read.
    """
    first: dict[str, tuple[str, Place]] = {}
    told: set[str] = set()
    found = []
    for name, (file, line) in named:
        if not name:
            continue
        other, (where, at) = first.setdefault(folded(name), (name, (file, line)))
        if name != other and name not in told:
            told.add(name)
            place = f"line {at}" if where == file else f"line {at} of {where}"
            rule = f"differs from {other!r} on {place} by case or blanks only; write one name in one way"
            found.append(Problem(file, line, column, name, rule))
    return found
