"""Names that a reader takes for one and a program for two: by case, blanks, encoding or look, and words for n."""

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

_LOOKS = {
    "A": "ΑАᎪ", "B": "ΒВᏴ", "C": "СᏟⲤ", "D": "Ꭰ", "E": "ΕЕᎬ", "F": "Ϝ", "G": "ԌᏀ", "H": "ΗНᎻⲎ", "I": "ΙІⲒ", "J": "ͿЈᎫ",
    "K": "ΚКᏦⲔ", "L": "ᏞⳐ", "M": "ΜМᎷⲘ", "N": "ΝⲚ", "O": "ΟОՕⲞ", "P": "ΡРᏢⲢ", "Q": "Ԛ", "R": "Ꭱ", "S": "ЅՏᏚ",
    "T": "ΤТᎢⲦ", "U": "Ս", "V": "ѴᏙ", "W": "ԜᎳ", "X": "ΧХⲬ", "Y": "ΥУᎩⲨ", "Z": "ΖᏃ",
    "a": "αаɑ", "c": "сⲥ", "d": "ԁ", "e": "е", "f": "ք", "g": "ɡց", "h": "հ", "i": "ιіı", "j": "ϳј", "l": "Ӏӏǀ",
    "n": "ո", "o": "οоօⲟ", "p": "ρрⲣ", "q": "ԛգ", "s": "ѕ", "u": "υսʋ", "v": "νѵ", "w": "ԝա", "x": "х", "y": "уʏ",
}  # fmt: skip
"""Letters of Greek, Cyrillic, Armenian, Cherokee, Coptic and phonetic writing by the Latin one that they look like.

Source: confusables.txt of Unicode Technical Standard 39, without what looks like a letter in some fonts only.
"""
_LATIN = str.maketrans({one: latin for latin, others in _LOOKS.items() for one in others})


def looks_like_n(column: str) -> bool:
    """Whether a column is named by another word for n: ``Total``, ``N_total``, ``No. of patients``."""
    words = re.findall(r"[a-z]+", column.casefold())
    return not _SIZES.isdisjoint(words) and _SIZES.union(_PARTICLES).issuperset(words)


def folded(name: str) -> str:
    """A name without what people do not see in it: its case, its blanks, and how its letters are encoded (NFKC)."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def look(name: str) -> str:
    """A name as it looks: letters of other scripts as the Latin ones that they look like, and folded."""
    return folded(unicodedata.normalize("NFKC", name).translate(_LATIN))


def alike(column: str, named: Iterable[tuple[str, Place]]) -> list[Problem]:
    """Names that differ from an earlier one by case, blanks or look-alike letters only: a problem for each."""
    first: dict[str, tuple[str, Place]] = {}
    reported: set[str] = set()
    found = []
    for name, (file, line) in named:
        if not name or name in reported:
            continue
        keys = (folded(name), look(name))
        other, (where, at) = next((first[key] for key in keys if key in first), (name, (file, line)))
        for key in keys:
            first.setdefault(key, (name, (file, line)))
        if name != other:
            reported.add(name)
            place = spot(where, at) + ("" if where == file else f" of {where}")
            rule = f"differs from {other!r} on {place} by {_apart(name, other)} only; write one name in one way"
            found.append(Problem(file, line, column, name, rule))
    return found


def _apart(name: str, other: str) -> str:
    """What tells apart two names of one look."""
    pairs = zip(*("".join(one.casefold().split()) for one in (name, other)), strict=False)
    letters = dict.fromkeys(pair for pair in pairs if pair[0] != pair[1])
    told = [" for ".join(f"{unicodedata.name(c, 'a mark')} (U+{ord(c):04X})" for c in pair) for pair in letters]
    return f"letters that look alike ({', '.join(told)})" if told else "case or blanks"
