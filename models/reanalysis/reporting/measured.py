"""Figures of both groups that are no counts, such as days and doses, in a sentence an endpoint."""

from __future__ import annotations

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.reporting.wording import listed

_DIFFERENT = ("lower", "higher")


def measured(evidence: Evidence) -> str:
    """``Stay, days: 4 with, 6 without (A); 3 and 5 (B); no difference (C).``; empty where there is none.

    Of outcomes, in the order of the evidence, of which some study has figures of both groups and calls one lower or
    higher. Studies that say something in words alone follow; subgroups are left out.
    """
    rows = [row for row in evidence.contrasts if row.use != "excluded" and not row.subgroup]
    different = dict.fromkeys(row.endpoint for row in rows if _both(row) and row.claim in _DIFFERENT)
    sentences: list[str] = []
    for endpoint in (one for one in different if evidence.endpoint(one).kind == "outcome"):
        said: dict[str, list[str]] = {}
        own = sorted((row for row in rows if row.endpoint == endpoint), key=_both, reverse=True)
        for row in own:
            if text := _figures(row, first=not sentences and not said) if _both(row) else row.claim:
                said.setdefault(f"{text}{_unit(evidence, row)}", []).append(evidence.study_label(row.study))
        parts = [f"{text} ({listed(studies)})" for text, studies in said.items()]
        sentences.append(f"{evidence.endpoint_label(endpoint)}: {'; '.join(parts)}.")
    return " ".join(sentences)


def _both(row: ContrastRow) -> bool:
    return bool(row.treated and row.control)


def _figures(row: ContrastRow, first: bool) -> str:
    """Both figures without their spread; which is which at the first mention."""
    treated, control = (figure.partition("(")[0].strip() for figure in (row.treated, row.control))
    return f"{treated} with, {control} without" if first else f"{treated} and {control}"


def _unit(evidence: Evidence, row: ContrastRow) -> str:
    """The unit of figures, where the name of the endpoint does not tell it."""
    unit = row.unit.partition(",")[0].strip()
    if not _both(row) or not unit or unit.lower() in evidence.endpoint_label(row.endpoint).lower():
        return ""
    return f", {unit[1:-1]}" if unit.startswith("(") and unit.endswith(")") else f" {unit}"
