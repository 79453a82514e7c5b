"""Names within a sentence: lists, running forms of endpoints, what studies are called, short names of sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import Source

_GRADED = re.compile(r"(?P<what>[^,]+), (?P<grade>any grade|grade [^\s,]+)")
_INITIALS = re.compile(r"[A-Z]{1,3}")


def listed(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``; semicolons where a name holds a comma."""
    if len(names) == 1:
        return names[0]
    separator = ";" if any("," in name for name in names) else ","
    last = f"{separator} and " if separator == ";" else " and "
    return f"{separator} ".join(names[:-1]) + last + names[-1]


def capital(text: str) -> str:
    """With a capital, as at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def running(label: str) -> str:
    """An endpoint within a sentence: ``any-grade pain`` for ``Pain, any grade``; acronyms keep their capitals.

    >>> running("Infection, grade 3+")
    'grade 3+ infection'
    """
    graded = _GRADED.fullmatch(label)
    if graded:
        return f"{graded['grade'].replace('any grade', 'any-grade')} {running(graded['what'])}"
    lowered = re.match(r"(?:A (?=[a-z])|\w[a-z]+\b)", label)
    return label[:1].lower() + label[1:] if lowered else label


def kind_of_study(evidence: Evidence, studies: Iterable[str]) -> tuple[str, str]:
    """Singular and plural: trials where all are declared randomised, cohorts where none is, else studies."""
    designs = {evidence.study(study).design for study in studies}
    if designs == {"randomised"}:
        return "trial", "trials"
    return ("study", "studies") if designs & {None, "randomised"} else ("cohort", "cohorts")


def author_year(source: Source) -> str:
    """``Smith 2023``; empty where authors or year are not known."""
    first = re.split(r",| and ", source.authors)[0].split()
    if not first or source.year is None or "not" in source.authors.lower().split():  # "not given", "authors not found"
        return ""
    surname = " ".join(first[:-1]) if len(first) > 1 and _INITIALS.fullmatch(first[-1]) else first[-1]
    return f"{surname} {source.year}"


def address(source: Source) -> str:
    """Where a source is found: its DOI, else PubMed, its address, or the trial's registration; empty without any."""
    known = (
        ("https://doi.org/", source.doi),
        ("https://pubmed.ncbi.nlm.nih.gov/", source.pmid),
        ("", source.url),
        ("https://clinicaltrials.gov/study/", source.nct),
    )
    return next((f"{site}{name}" for site, name in known if name), "")
