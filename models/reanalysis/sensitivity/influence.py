"""Which puzzles of the print matter? How far each finding with alternatives can move each endpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.folder import Evidence
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.discounts import k_grid
from reanalysis.sensitivity.evidence_choices import route, single_arms
from reanalysis.sensitivity.prints import denominators, readings
from reanalysis.sensitivity.scenario import Outcome, Scenario, run


@dataclass(frozen=True)
class Influence:
    """What one kind of alternative does to one endpoint.

    Parameters
    ----------
    kind : str
        ``readings``, ``denominators``, ``effective size``, ``route``, ``single arms`` or ``excluded row``.
    endpoint : str
        Endpoint id.
    primary : Outcome
        The primary analysis (of the average, where single arms are let in).
    alternatives : tuple of Outcome
        One an alternative.
    """

    kind: str
    endpoint: str
    primary: Outcome
    alternatives: tuple[Outcome, ...]

    @property
    def shift(self) -> float:
        """Largest change of P(log odds ratio < 0) among the alternatives."""
        reference = self.primary.below
        moved = [abs(o.below - reference) for o in self._defined if reference is not None and o.below is not None]
        return max(moved, default=0.0)

    @property
    def odds_ratios(self) -> tuple[float, float]:
        """Smallest and largest posterior mean odds ratio among the alternatives, from the log scale."""
        import math

        means = [math.exp(o.summary.mean) for o in self._defined if o.summary and o.summary.mean is not None]
        return (min(means), max(means)) if means else (math.nan, math.nan)

    @property
    def probabilities(self) -> tuple[float, float]:
        """Smallest and largest P(benefit), or P(fewer events) where no side is good."""
        values = [p for o in self._defined if (p := o.benefit if o.benefit is not None else o.below) is not None]
        return (min(values), max(values)) if values else (float("nan"), float("nan"))

    @property
    def _defined(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.alternatives if o.summary is not None)


def influences(evidence: Evidence, spec: ModelSpec) -> list[Influence]:
    """Influence of every finding with alternatives on every endpoint that is compared, largest first."""
    found = []
    for endpoint in modelled_endpoints(evidence):
        groups: list[list[Scenario]] = [
            readings(evidence, spec, endpoint),
            denominators(evidence, spec, endpoint),
            k_grid(evidence, spec, endpoint),
            route(evidence, spec, endpoint),
            single_arms(evidence, spec, endpoint),
        ]
        for scenarios in groups:
            if len(scenarios) < 2:
                continue
            outcomes = run(evidence, endpoint, scenarios)
            primary = [o for o in outcomes if o.scenario.primary]
            if primary:
                others = tuple(o for o in outcomes if not o.scenario.primary)
                found.append(Influence(scenarios[0].group, endpoint, primary[0], others))
        found += _excluded(evidence, spec, endpoint)
    return sorted(found, key=lambda i: -i.shift)


def _excluded(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Influence]:
    """Each excluded whole-arm row in the place of the rows it contradicts."""
    found = []
    for row in evidence.arms:
        if row.use != "excluded" or row.endpoint != endpoint or row.subgroup or row.events is None or row.n is None:
            continue
        rivals = [r for r in evidence.arms if _same_arm(r, row) and r.modelled]
        if not rivals:
            continue
        arms = tuple(_exchanged(r, row, rivals) for r in evidence.arms)
        label = f"{evidence.study_label(row.study)}, {row.arm}: {row.printed} instead"
        (primary,) = run(evidence, endpoint, [Scenario("excluded row", "as analysed", spec, primary=True)])
        (other,) = run(replace(evidence, arms=arms), endpoint, [Scenario("excluded row", label, spec)])
        found.append(Influence("excluded row", endpoint, primary, (other,)))
    return found


def _same_arm(one: ArmRow, other: ArmRow) -> bool:
    return (one.study, one.arm, one.endpoint) == (other.study, other.arm, other.endpoint)


def _exchanged(row: ArmRow, excluded: ArmRow, rivals: list[ArmRow]) -> ArmRow:
    if row is excluded:
        return replace(row, use=rivals[0].use, reading="")
    return replace(row, use="excluded") if row in rivals else row
