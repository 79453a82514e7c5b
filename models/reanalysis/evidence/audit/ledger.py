"""The ledger of an evidence folder: all that its rules find wrong, odd or decided, most severe first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reanalysis.evidence.audit.adjustment import check_adjustment
from reanalysis.evidence.audit.benchmarks import check_benchmarks
from reanalysis.evidence.audit.claims import check_claims
from reanalysis.evidence.audit.conventions import check_conventions
from reanalysis.evidence.audit.counts import check_counts
from reanalysis.evidence.audit.crude import check_crude
from reanalysis.evidence.audit.declared import check_declared
from reanalysis.evidence.audit.denominators import check_denominators
from reanalysis.evidence.audit.effective_size import check_effective_size
from reanalysis.evidence.audit.finding import SEVERITIES, Finding, Rule
from reanalysis.evidence.audit.narrowed import check_narrowing
from reanalysis.evidence.audit.nesting import check_nesting
from reanalysis.evidence.audit.order import check_order
from reanalysis.evidence.audit.ratios import check_ratios
from reanalysis.evidence.audit.subgroups import check_subgroups
from reanalysis.evidence.audit.weighting import check_weighted_rates
from reanalysis.evidence.coverage import coverage
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.problems import InconsistentReport, spots

RULES: tuple[Rule, ...] = (
    check_counts,
    check_conventions,
    check_denominators,
    check_subgroups,
    check_nesting,
    check_narrowing,
    check_order,
    check_weighted_rates,
    check_effective_size,
    check_ratios,
    check_crude,
    check_adjustment,
    check_claims,
    check_benchmarks,
    check_declared,
)
"""A new rule stands in a file of its own and has its place here."""

KINDS = tuple(dict.fromkeys(kind for rule in RULES for kind in rule.kinds))
"""Every kind of finding there is."""

_REMEDY = (
    "correct the row, or declare readings, each without the figure that it takes for a misprint, "
    "or set use to context or excluded"
)


@dataclass(frozen=True)
class Ledger:
    """Result of an audit."""

    findings: tuple[Finding, ...]
    """Most severe first, then in the order of the rules."""
    coverage: pd.DataFrame
    """Studies by endpoints."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that keep a model from using the rows."""
        return tuple(f for f in self.findings if f.severity == "error")

    def table(self) -> pd.DataFrame:
        """Findings as a table."""
        return pd.DataFrame([f.as_dict() for f in self.findings])

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        cells: dict[str, dict[str, str]] = {
            str(study): {str(endpoint): str(cell) for endpoint, cell in row.items()}
            for study, row in self.coverage.iterrows()
        }
        findings = [f.as_dict() for f in self.findings]
        times = Counter[str]()
        for found in findings:  # the same thing found again in the same place has its number in its name
            times[found["id"]] += 1
            if times[found["id"]] > 1:
                found["id"] += f"#{times[found['id']]}"
        return {"findings": findings, "coverage": cells}


@once_per_folder
def audit(evidence: Evidence) -> Ledger:
    """Check every printed figure of a folder.

    Parameters
    ----------
    evidence : Evidence
        A folder that was read and validated.
    """
    findings = [finding for rule in RULES for finding in rule(evidence)]
    findings.sort(key=lambda f: -SEVERITIES.index(f.severity))
    used = {r.endpoint for r in evidence.arms if r.modelled}
    used |= {c.endpoint for c in evidence.contrasts if c.use == "sensitivity"}
    endpoints = tuple(e for e in evidence.endpoints if e in used)
    return Ledger(tuple(findings), coverage(evidence, endpoints))


def require_consistent(evidence: Evidence, endpoints: tuple[str, ...], ledger: Ledger | None = None) -> None:
    """Refuse endpoints whose report contradicts itself and has no declared readings.

    Raises
    ------
    InconsistentReport
        Naming every row concerned.
    """
    ledger = ledger or audit(evidence)
    file = evidence.file_of("arms")
    by_line = {row.line: row for row in evidence.arms}
    problems = []
    for finding in ledger.errors:
        touched = {by_line[line].endpoint for line in finding.lines} | {finding.endpoint}
        if touched & set(endpoints):
            where = f"{file}, {spots(file, finding.lines)}: {finding.where}"
            problems.append(f"{where}: {finding.message}; {_REMEDY}")
    if problems:
        raise InconsistentReport(problems)
