"""Other evidence of the same comparison: adjusted ratios instead of rates."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.scenario import Scenario
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec


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
