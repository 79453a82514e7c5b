"""What studies without figures for both groups report of an endpoint: nothing that is said in words is called missing."""

from __future__ import annotations

from typing import get_args

from reanalysis.evidence.candidates.candidates import Silence
from reanalysis.evidence.coverage import coverage_cell
from reanalysis.evidence.evidence import Evidence
from reanalysis.reporting.wording import listed

_WORDS = "narrative only"
_ORDER = (_WORDS, "adjusted ratio only", "p-value only", "single arm", *get_args(Silence))


def elsewhere(evidence: Evidence, endpoint: str) -> dict[str, list[str]]:
    """Studies that report an endpoint and do not compare it in figures, by the kind of what they report.

    Where a study gives figures of one group and compares both in words, the words count.
    """
    found: dict[str, list[str]] = {kind: [] for kind in _ORDER}
    for study in evidence.studies:
        cell = str(coverage_cell(evidence, study, endpoint))
        if cell == "single arm" and _in_words(evidence, study, endpoint):
            cell = _WORDS
        if cell in found:
            found[cell].append(study)
    return {kind: studies for kind, studies in found.items() if studies}


def _in_words(evidence: Evidence, study: str, endpoint: str) -> bool:
    rows = evidence.contrasts_of_cell.get((study, endpoint), ())
    return any(row.use != "excluded" and not (row.estimate or row.p) for row in rows)


def elsewhere_told(evidence: Evidence, endpoint: str) -> str:
    """What those studies report, as part of a sentence; empty where there are none."""
    said: dict[str, list[str]] = {}
    for kind, studies in elsewhere(evidence, endpoint).items():
        for study in studies:
            said.setdefault(_report(evidence, study, endpoint, kind), []).append(evidence.study_label(study))
    return "; ".join(f"{listed(names)}: {report}" for report, names in said.items())


def _report(evidence: Evidence, study: str, endpoint: str, kind: str) -> str:
    if kind == _WORDS:
        return "compared in words, without figures"
    if kind == "p-value only":
        return "a p-value without rates"
    if kind == "adjusted ratio only":
        rows = evidence.contrasts_of_cell.get((study, endpoint), ())
        ratios = [row.printed for row in rows if row.estimate and row.use != "excluded"]
        return f"adjusted {listed(ratios)}, without rates"
    if kind == "single arm":
        rows = [row for row in evidence.rows_of_cell[study, endpoint] if row.modelled and not row.subgroup]
        labels = {"treated": evidence.settings.treated_label, "control": evidence.settings.control_label}
        figures = [f"{row.printed} with {labels[row.arm]}" for row in rows]
        return f"one group only ({listed(figures)})" if figures else "one group only"
    return kind


def only_one_compares(evidence: Evidence, endpoint: str) -> str:
    """That one study alone has figures for both groups, and what the others say."""
    told = elsewhere_told(evidence, endpoint)
    return f"No other study has figures for both groups ({told})." if told else "No other study reports it."
