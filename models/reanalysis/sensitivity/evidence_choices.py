"""What if other evidence had entered? Adjusted ratios instead of rates, and single arms."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.evidence.folder import Evidence
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.scenario import Scenario


def route(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Weighted rates against adjusted ratios: different estimands, so one or the other and never both."""
    adjusted = [
        row for row in evidence.contrasts if row.endpoint == endpoint and row.use == "sensitivity" and row.has_interval
    ]
    if not adjusted:
        return []
    ratios = ", ".join(f"{evidence.study_label(row.study)} {row.printed}" for row in adjusted)
    return [
        Scenario("route", "rates", spec, primary=True),
        Scenario("route", f"adjusted ratio ({ratios})", replace(spec, route="adjusted")),
    ]


def single_arms(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Arms without a comparator in their own study let in, their baseline known only from its vague prior."""
    with_single = replace(spec, single_arms=True)
    added = set(select(evidence, with_single, endpoint).data.names) - set(select(evidence, spec, endpoint).data.names)
    if not added:
        return []
    names = ", ".join(evidence.study_label(s) for s in sorted(added))
    return [
        Scenario("single arms", "comparisons only", spec, primary=True, average=True),
        Scenario("single arms", f"with the single arm of {names}", with_single, average=True),
    ]
