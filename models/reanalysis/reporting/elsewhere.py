"""What studies without figures for both groups report of an endpoint: what is said in words is not called missing."""

from __future__ import annotations

from reanalysis.evidence.candidates.candidates import SILENCES
from reanalysis.evidence.coverage import CellReport, reports_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.reporting.wording import listed


def elsewhere_told(evidence: Evidence, endpoint: str) -> str:
    """``A: in words similar; B: one group only (2 of 25 with drug)``; empty where no other study reports it."""
    said: dict[str, list[str]] = {}
    for cell in reports_of(evidence, endpoint):
        if cell.kind not in ("comparison", "context"):
            said.setdefault(_report(evidence, cell), []).append(evidence.study_label(cell.study))
    return "; ".join(f"{listed(names)}: {report}" for report, names in said.items())


def _report(evidence: Evidence, cell: CellReport) -> str:
    if cell.kind in SILENCES:
        return cell.kind
    parts = []
    ratios = [row.printed for row in cell.rows if row.estimate and not row.subgroup]
    if ratios:
        parts.append(f"{listed(ratios)}, adjusted, without rates")
    if cell.kind == "p-value only":
        parts.append("a p-value without rates")
    if cell.claims:
        parts.append(f"in words {listed(cell.claims)}")
    elif cell.kind == "single arm":
        parts.append(_one_group(evidence, cell))
    return ", ".join(parts) or ", ".join(cell.figures) or "words without figures"


def _one_group(evidence: Evidence, cell: CellReport) -> str:
    rows = [r for r in evidence.rows_of_cell[cell.study, cell.endpoint] if r.modelled and not r.subgroup]
    labels = {"treated": evidence.settings.treated_label, "control": evidence.settings.control_label}
    figures = [f"{row.printed} with {labels[row.arm]}" for row in rows]
    return f"one group only, {listed(figures)}" if figures else "one group only"


def only_one_compares(evidence: Evidence, endpoint: str) -> str:
    """That one study alone has figures for both groups, and what the others say."""
    told = elsewhere_told(evidence, endpoint)
    return f"No other study has figures for both groups ({told})." if told else "No other study reports it."
