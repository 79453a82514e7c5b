"""Which alternatives does every report show?"""

from __future__ import annotations

from reanalysis.evidence.folder import Evidence
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.discounts import k_grid, ladder
from reanalysis.sensitivity.evidence_choices import route
from reanalysis.sensitivity.leave_one_out import leave_one_out
from reanalysis.sensitivity.pooling import pooling
from reanalysis.sensitivity.prints import denominators, readings
from reanalysis.sensitivity.priors import priors
from reanalysis.sensitivity.scenario import Outcome, run


def sensitivity_set(evidence: Evidence, spec: ModelSpec, endpoint: str) -> dict[str, list[Outcome]]:
    """Outcomes by group, leave-one-out first; groups that do not apply are absent."""
    scenarios = [
        *leave_one_out(evidence, spec, endpoint),
        *ladder(evidence, spec, endpoint),
        *k_grid(evidence, spec, endpoint),
        *pooling(spec),
        *readings(evidence, spec, endpoint),
        *denominators(evidence, spec, endpoint),
        *route(evidence, spec, endpoint),
        *priors(evidence, spec, endpoint),
    ]
    grouped: dict[str, list[Outcome]] = {}
    for outcome in run(evidence, endpoint, scenarios):
        grouped.setdefault(outcome.scenario.group, []).append(outcome)
    return grouped
