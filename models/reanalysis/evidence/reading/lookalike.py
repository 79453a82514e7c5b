"""Other words for n: columns that a reader takes for the denominator and a program would ignore."""

from __future__ import annotations

import re

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
