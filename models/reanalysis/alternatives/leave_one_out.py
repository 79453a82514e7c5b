"""What if one study had not been done?"""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.scenario import Scenario
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec


def leave_one_out(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """One scenario a study, each without it; the first has all studies."""
    names = select(evidence, spec, endpoint).data.names
    scenarios = [Scenario("leave one out", "all studies", spec, primary=True)]
    for study in names:
        without = replace(spec, leave_out=tuple(sorted({*spec.leave_out, study})))
        label = f"without {evidence.study_label(study)}"
        scenarios.append(Scenario("leave one out", label, without))
    return scenarios
