"""What studies report that enters no effect: words, one group alone, and figures that are no counts."""

from __future__ import annotations

from reanalysis.evidence.candidates.candidates import SILENCES
from reanalysis.evidence.coverage import CellReport, reports_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.reporting.wording import listed

# ---- what is said in words is not called missing --------------------------------------------------------------------


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


# ---- figures of both groups that are no counts, such as days and doses ----------------------------------------------


def measured(evidence: Evidence) -> str:
    """``Stay, days: 4 with, 6 without (A); 3 and 5 (B); no difference (C).``; empty where there is none.

    Of outcomes, in the order of the evidence, of which some study has figures of both groups and calls one lower or
    higher. Studies that say something in words alone follow; subgroups are left out.
    """
    rows = [row for row in evidence.contrasts if row.use != "excluded" and not row.subgroup]
    different = dict.fromkeys(row.endpoint for row in rows if _both(row) and row.claim in ("lower", "higher"))
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
