"""Which puzzles of the print matter? How far each finding with alternatives can move each endpoint."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.coverage import coverage_cell
from reanalysis.evidence.folder import Evidence
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.discounts import k_grid, weighted_studies
from reanalysis.sensitivity.evidence_choices import route, single_arms
from reanalysis.sensitivity.prints import denominators, readings
from reanalysis.sensitivity.scenario import Outcome, Scenario, run

_FOUND_BY = {
    "readings": {"readings"},
    "denominators": {"denominator"},
    "effective size": {"effective-size", "imbalance", "weighted-rate"},
    "route": {"adjustment", "measure", "interval", "p-value", "events-per-parameter"},
    "excluded row": {"excluded"},
    "single arms": set[str](),
}
"""Kinds of finding that each kind of alternative answers to."""


@dataclass(frozen=True)
class Influence:
    """What one kind of alternative does to one endpoint.

    Parameters
    ----------
    kind : str
        ``readings``, ``denominators``, ``effective size``, ``route``, ``single arms`` or ``excluded row``.
    endpoint : str
        Endpoint id.
    studies : tuple of str
        Studies whose print has the alternatives.
    arm : str
        Arm whose print has them, empty where both have.
    primary : Outcome
        The primary analysis (of the average, where single arms are let in).
    alternatives : tuple of Outcome
        One an alternative.
    """

    kind: str
    endpoint: str
    studies: tuple[str, ...]
    arm: str
    primary: Outcome
    alternatives: tuple[Outcome, ...]

    def concerns(self, finding: Finding) -> bool:
        """Whether the finding is what the alternatives are about."""
        return (
            finding.kind in _FOUND_BY[self.kind]
            and finding.study in self.studies
            and finding.endpoint in ("", self.endpoint)
            and (not self.arm or finding.arm in ("", self.arm))
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is not defined is None."""
        return {
            "kind": self.kind,
            "endpoint": self.endpoint,
            "studies": list(self.studies),
            "arm": self.arm,
            "shift": self.shift,
            "as_analysed": _outcome(self.primary),
            "alternatives": [_outcome(o) for o in self.alternatives],
        }

    @property
    def shift(self) -> float:
        """Largest change of P(log odds ratio < 0) among the alternatives."""
        reference = self.primary.below
        moved = [abs(o.below - reference) for o in self._defined if reference is not None and o.below is not None]
        return max(moved, default=0.0)

    @property
    def odds_ratios(self) -> tuple[float, float]:
        """Smallest and largest posterior mean odds ratio among the alternatives, from the log scale."""
        means = [math.exp(o.summary.mean) for o in self._defined if o.summary and o.summary.mean is not None]
        return (min(means), max(means)) if means else (math.nan, math.nan)

    @property
    def below(self) -> tuple[float, float]:
        """Smallest and largest P(log odds ratio < 0) among the alternatives."""
        values = [o.below for o in self._defined if o.below is not None]
        return (min(values), max(values)) if values else (math.nan, math.nan)

    @property
    def probabilities(self) -> tuple[float, float]:
        """Smallest and largest P(benefit), or P(fewer events) where no side is good."""
        values = [p for o in self._defined if (p := o.benefit if o.benefit is not None else o.below) is not None]
        return (min(values), max(values)) if values else (math.nan, math.nan)

    @property
    def _defined(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.alternatives if o.summary is not None)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    mean = outcome.summary.mean if outcome.summary is not None else None
    return {
        "choice": outcome.scenario.label,
        "odds_ratio": None if mean is None else math.exp(mean),
        "p_below_0": outcome.below,
        "p_benefit": outcome.benefit,
        "note": outcome.note,
    }


def influences(evidence: Evidence, spec: ModelSpec, endpoints: Iterable[str]) -> list[Influence]:
    """Influence of every finding with alternatives on every endpoint named, largest first.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification.
    endpoints : iterable of str
        Endpoints that are compared and whose print does not contradict itself.
    """
    found = []
    for endpoint in endpoints:
        for by_arm in (_by_arm(readings(evidence, spec, endpoint)), _by_arm(denominators(evidence, spec, endpoint))):
            for (study, arm), scenarios in by_arm.items():
                found += _influence(evidence, endpoint, (study,), arm, scenarios)
        adjusted = tuple(c.study for c in evidence.contrasts if c.endpoint == endpoint and c.use == "sensitivity")
        single = tuple(s for s in evidence.studies if coverage_cell(evidence, s, endpoint) == "single arm")
        choices: list[tuple[tuple[str, ...], list[Scenario]]] = [
            (weighted_studies(evidence, spec, endpoint), k_grid(evidence, spec, endpoint)),
            (adjusted, route(evidence, spec, endpoint)),
            (single, single_arms(evidence, spec, endpoint)),
        ]
        for studies, scenarios in choices:
            found += _influence(evidence, endpoint, studies, "", scenarios)
        found += _excluded(evidence, spec, endpoint)
    return sorted(found, key=lambda i: -i.shift)


def _by_arm(scenarios: list[Scenario]) -> dict[tuple[str, str], list[Scenario]]:
    """Alternatives of one arm's print, the primary analysis before each group."""
    groups: dict[tuple[str, str], list[Scenario]] = {}
    for scenario in scenarios[1:]:
        study, _, arm = (scenario.spec.readings + scenario.spec.denominators)[-1][0].rpartition("/")
        groups.setdefault((study, arm), list(scenarios[:1])).append(scenario)
    return groups


def _influence(
    evidence: Evidence, endpoint: str, studies: tuple[str, ...], arm: str, scenarios: list[Scenario]
) -> list[Influence]:
    if len(scenarios) < 2:
        return []
    outcomes = run(evidence, endpoint, scenarios)
    primary = [o for o in outcomes if o.scenario.primary]
    others = tuple(o for o in outcomes if not o.scenario.primary)
    return [Influence(scenarios[0].group, endpoint, studies, arm, primary[0], others)] if primary else []


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
        found.append(Influence("excluded row", endpoint, (row.study,), row.arm, primary, (other,)))
    return found


def _same_arm(one: ArmRow, other: ArmRow) -> bool:
    return (one.study, one.arm, one.endpoint) == (other.study, other.arm, other.endpoint)


def _exchanged(row: ArmRow, excluded: ArmRow, rivals: list[ArmRow]) -> ArmRow:
    if row is excluded:
        return replace(row, use=rivals[0].use, reading="")
    return replace(row, use="excluded") if row in rivals else row
