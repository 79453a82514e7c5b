"""Where does every figure come from, and what was found in it?"""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.reporting.markdown import Column, Markdown, table


def ledger_table(analysis: Analysis) -> Markdown:
    """Findings of the audit above info."""
    evidence = analysis.evidence
    rows = []
    for f in analysis.ledger.findings:
        if f.severity == "info":
            continue
        rows.append(
            [
                f.severity,
                _where(evidence, f),
                f.message,
                "; ".join(f.feasible),
                f.used_as,
            ]
        )
    return table(
        [
            Column("Severity", 0.7),
            Column("Where", 1.4),
            Column("Finding", 3),
            Column("What print allows", 1.8),
            Column("Used as", 1.2),
        ],
        rows or [["", "", "no finding above info", "", ""]],
        "What the audit found in the printed figures.",
        "tbl-ledger",
    )


def _where(evidence: Evidence, finding: Finding) -> str:
    names = (
        evidence.study_label(finding.study) if finding.study else "",
        finding.arm,
        evidence.endpoint_label(finding.endpoint) if finding.endpoint else "",
    )
    return " / ".join(name for name in names if name)


def deduction_table(analysis: Analysis) -> Markdown:
    """Denominators and subgroup counts that print allows, from the audit."""
    evidence = analysis.evidence
    kinds = ("denominator", "subgroups", "weighted-rate")
    modelled = {e.id for e in analysis.endpoints}
    rows = [
        [
            _where(evidence, f),
            f.message,
            "; ".join(f.feasible[:16]) + ("; \N{HORIZONTAL ELLIPSIS}" if len(f.feasible) > 16 else ""),
            f.used_as,
        ]
        for f in analysis.ledger.findings
        if f.kind in kinds and (f.endpoint in modelled or not f.endpoint)
    ]
    return table(
        [
            Column("Where", 1.3),
            Column("Finding", 2.4),
            Column("What print allows", 3),
            Column("Used as", 1.2),
        ],
        rows or [["", "nothing had to be deduced", "", ""]],
        "What was deduced from print: counts, denominators and sums.",
        "tbl-deductions",
    )


def evidence_table(analysis: Analysis) -> Markdown:
    """Every row of arms.csv with what was done with it."""
    evidence = analysis.evidence
    rows = [
        [
            ", ".join(part for part in (evidence.study_label(r.study), r.arm, r.subgroup) if part),
            evidence.endpoint_label(r.endpoint),
            r.printed + (", weighted" if r.weighting == "iptw" else ""),
            r.timepoint,
            f"{r.use}: {r.reason}" if r.reason else r.use,
            ": ".join(part for part in (r.source, r.locator) if part),
        ]
        for r in evidence.arms
    ]
    return table(
        [
            Column("Arm", 1.5),
            Column("Endpoint", 1.4),
            Column("Printed", 1.2),
            Column("Time", 0.9),
            Column("Use, and why", 2.6),
            Column("Where it stands", 2),
        ],
        rows,
        "Every figure of arms.csv, what it was used for and where it stands.",
        "tbl-evidence",
    )


def contrast_table(analysis: Analysis) -> Markdown | None:
    """Every row of contrasts.csv; None where there is none."""
    evidence = analysis.evidence
    if not evidence.contrasts:
        return None

    def row(r: ContrastRow) -> list[str]:
        return [
            evidence.study_label(r.study),
            evidence.endpoint_label(r.endpoint),
            r.printed,
            r.adjustment,
            f"{r.use}: {r.reason}" if r.reason else r.use,
            ": ".join(part for part in (r.source, r.locator) if part),
        ]

    return table(
        [
            Column("Study", 1),
            Column("Endpoint", 1.3),
            Column("Printed", 1.3),
            Column("Adjustment", 1.4),
            Column("Use, and why", 2.6),
            Column("Where it stands", 1.9),
        ],
        [row(r) for r in evidence.contrasts],
        "Ratios, p-values and claims without counts.",
        "tbl-contrasts",
    )


def source_table(analysis: Analysis) -> Markdown | None:
    """The bibliography; None where sources.toml gives none."""
    sources = analysis.evidence.sources
    if not sources:
        return None
    rows = []
    for key, s in sources.items():
        ids = [f"{n} {v}" for n, v in (("doi", s.doi), ("PMID", s.pmid), ("PMCID", s.pmcid), ("", s.nct)) if v]
        rows.append(
            [
                key,
                s.citation,
                "; ".join(i.strip() for i in ids) or "not printed",
                s.note,
            ]
        )
    return table(
        [Column("Key", 1.3), Column("Source", 3), Column("Identifiers", 2.1), Column("Note", 2.2)],
        rows,
        "Sources. What a source does not print is marked.",
        "tbl-sources",
    )
