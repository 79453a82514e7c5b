"""What if design and weighting cost more, or nothing? The ladder of rho and k, and the grid of k."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.scenario import Scenario
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec


def weighted_studies(evidence: Evidence, spec: ModelSpec, endpoint: str) -> tuple[str, ...]:
    """Studies that enter with weighted rates."""
    found = select(evidence, spec, endpoint).observations
    return tuple(sorted({o.study for o in found.values() if o.weighted}))


def ladder(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Neither discount, k alone, rho alone, both; without a weighted study, rho off and on."""
    no_rho = replace(spec, rho=0.0)
    if not weighted_studies(evidence, spec, endpoint):
        return [
            Scenario("discounts", "no discount (rho = 0)", no_rho),
            Scenario("discounts", "rho by design", spec, primary=True),
        ]
    return [
        Scenario("discounts", "neither (rho = 0, k = 1)", replace(no_rho, k=1.0)),
        Scenario("discounts", "k alone (rho = 0)", no_rho),
        Scenario("discounts", "rho alone (k = 1)", replace(spec, k=1.0)),
        Scenario("discounts", "both", spec, primary=True),
    ]


def k_grid(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """The effective-size factor over the grid of analysis.toml; empty without a weighted study."""
    studies = weighted_studies(evidence, spec, endpoint)
    values = sorted({k for study in studies for k in evidence.study(study).k_grid})
    used = {spec.k if spec.k is not None else evidence.study(study).k for study in studies}
    return [Scenario("effective size", f"k = {k:g}", replace(spec, k=k), primary=used == {k}) for k in values]
