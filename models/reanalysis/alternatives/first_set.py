"""Which alternatives does every report show?"""

from __future__ import annotations

from reanalysis.alternatives.discounts import k_grid, ladder
from reanalysis.alternatives.evidence_choices import route
from reanalysis.alternatives.leave_one_out import leave_one_out
from reanalysis.alternatives.pooling import pooling
from reanalysis.alternatives.prints import denominators, readings
from reanalysis.alternatives.priors import priors
from reanalysis.alternatives.scenario import Outcome, run
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec


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
