"""How do the cohorts differ?"""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.reporting.markdown import Column, Markdown, table


def cohort_table(analysis: Analysis) -> Markdown | None:
    """Facts readers compare cohorts by; None where analysis.toml gives none."""
    evidence = analysis.evidence
    studies = [s for s in evidence.studies if s in {n for e in analysis.endpoints for n in e.fit.posterior.data.names}]
    facts: dict[str, None] = {}
    for study in studies:
        facts.update(dict.fromkeys(evidence.study(study).facts))
    designs = {s: evidence.study(s).design for s in studies}
    if not facts and not any(designs.values()):
        return None
    rows = [[fact, *[evidence.study(s).facts.get(fact, "not given") for s in studies]] for fact in facts]
    rho = {s.study: s.rho for e in analysis.endpoints for s in e.fit.posterior.data.studies}
    rows.append(["Design class and discount", *[_discount(analysis, s, rho.get(s, 0.0)) for s in studies]])
    if len(studies) > 6:  # too many columns for a page: studies become rows
        return table(
            [Column("Study", 1.2), *[Column(str(row[0])) for row in rows]],
            [[evidence.study_label(s), *[row[i + 1] for row in rows]] for i, s in enumerate(studies)],
            "The cohorts side by side.",
            "tbl-cohorts",
        )
    return table(
        [Column("Fact", 1.1), *[Column(evidence.study_label(s), 1.6) for s in studies]],
        rows,
        "The cohorts side by side. A difference between cohorts cannot be told apart from a difference in any of these "
        "rows.",
        "tbl-cohorts",
    )


def _discount(analysis: Analysis, study: str, rho: float) -> str:
    settings = analysis.evidence.study(study)
    text = f"{settings.design or 'not declared'}; rho = {rho:g}"
    return text + (f"; k = {settings.k:g}" if settings.k is not None else "")
