"""Names that a reader takes for one and a program for two: by case, blanks or encoding, and other words for n."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from reanalysis.evidence.problems import Problem, spot

Place = tuple[str, int]
"""File and line where a name stands."""

_SIZES = {
    "n", "ns", "total", "totals", "ntotal", "totaln", "ntot", "tot", "size", "samplesize", "sample", "samples",
    "patients", "npatients", "pts", "subjects", "participants", "persons", "people", "individuals", "denominator",
    "denom", "population", "pop", "number", "randomised", "randomized", "enrolled", "evaluable", "analysed",
    "analyzed", "assessed", "treatedn", "nobs", "observations", "nn",
}  # fmt: skip
_PARTICLES = {"of", "no", "nr", "num", "nb", "the", "in", "arm", "group", "per", "all", "itt", "at", "risk", "with"}


def looks_like_n(column: str) -> bool:
    """Whether a column is named by another word for n: ``Total``, ``N_total``, ``No. of patients``."""
    words = re.findall(r"[a-z]+", column.casefold())
    return not _SIZES.isdisjoint(words) and _SIZES.union(_PARTICLES).issuperset(words)


def folded(name: str) -> str:
    """A name without what people do not see in it: its case, its blanks, and how its letters are encoded (NFKC)."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def alike(column: str, named: Iterable[tuple[str, Place]]) -> list[Problem]:
    """Names that differ from an earlier one by case or blanks only: a problem where each first stands."""
    first: dict[str, tuple[str, Place]] = {}
    reported: set[str] = set()
    found = []
    for name, (file, line) in named:
        if not name:
            continue
        other, (where, at) = first.setdefault(folded(name), (name, (file, line)))
        if name != other and name not in reported:
            reported.add(name)
            place = spot(where, at) + ("" if where == file else f" of {where}")
            rule = f"differs from {other!r} on {place} by case or blanks only; write one name in one way"
            found.append(Problem(file, line, column, name, rule))
    return found
