"""What if a contradictory or incomplete print had meant just one thing? Readings, and denominators not printed."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.scenario import Scenario
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec


def readings(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Each declared reading alone."""
    scenarios = []
    for (study, arm), found in select(evidence, spec, endpoint).observations.items():
        if len(found.rows) < 2:
            continue
        for row in found.rows:
            alone = replace(spec, readings=(*spec.readings, (f"{study}/{arm}", row.reading)))
            label = f"{evidence.study_label(study)}, {arm}: {row.reading}"
            scenarios.append(Scenario("readings", label, alone))
    return _with_primary("readings", "all readings, by weight", spec, scenarios)


def denominators(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Each feasible value of a denominator that is not printed, alone."""
    scenarios = []
    for (study, arm), found in select(evidence, spec, endpoint).observations.items():
        sizes = sorted({int(n) for n in found.candidates.n}) if found.latent else []
        if len(sizes) < 2:
            continue
        for n in sizes:
            alone = replace(spec, denominators=(*spec.denominators, (f"{study}/{arm}", n)))
            label = f"{evidence.study_label(study)}, {arm}: n = {n}"
            scenarios.append(Scenario("denominators", label, alone))
    return _with_primary("denominators", "all feasible sizes, by weight", spec, scenarios)


def _with_primary(group: str, label: str, spec: ModelSpec, scenarios: list[Scenario]) -> list[Scenario]:
    return [Scenario(group, label, spec, primary=True), *scenarios] if scenarios else []
