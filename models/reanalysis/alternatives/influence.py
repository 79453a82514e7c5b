"""Which puzzles of the print matter? How far each finding with alternatives can move each endpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reanalysis.alternatives.discounts import k_grid, weighted_studies
from reanalysis.alternatives.evidence_choices import route
from reanalysis.alternatives.prints import denominators, readings
from reanalysis.alternatives.scenario import Outcome, Scenario, run
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

_FOUND_BY = {
    "readings": {"readings"},
    "denominators": {"denominator"},
    "effective size": {"effective-size", "imbalance", "weighted-rate"},
    "route": {"adjustment", "measure", "interval", "p-value", "events-per-parameter"},
    "excluded row": {"excluded"},
}
"""Kinds of finding that each kind of alternative answers to."""

BUDGET = 400
"""Studies fitted for one endpoint, about a second."""


@dataclass(frozen=True)
class Influence:
    """What one kind of alternative does to one endpoint.

    Parameters
    ----------
    kind : str
        ``readings``, ``denominators``, ``effective size``, ``route`` or ``excluded row``.
    endpoint : str
        Endpoint id.
    studies : tuple of str
        Studies whose print has the alternatives.
    arm : str
        Arm whose print has them, empty where both have.
    primary : Outcome
        The primary analysis.
    alternatives : tuple of Outcome
        One an alternative.
    left : int
        Alternatives that were not fitted, to bound the time.
    """

    kind: str
    endpoint: str
    studies: tuple[str, ...]
    arm: str
    primary: Outcome
    alternatives: tuple[Outcome, ...]
    left: int = 0

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
            "left_out": self.left,
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


@dataclass(frozen=True)
class _Puzzle:
    """What one kind of alternative of one endpoint asks for, before anything is fitted."""

    kind: str
    endpoint: str
    studies: tuple[str, ...]
    arm: str
    primary: tuple[Evidence, Scenario]
    alternatives: tuple[tuple[Evidence, Scenario], ...]

    def solved(self, most: int, known: dict[Scenario, Outcome]) -> Influence:
        """The influence of at most so many alternatives, evenly taken from all; primary fits are made once."""
        count = len(self.alternatives)
        taken = sorted({round(i) for i in np.linspace(0, count - 1, min(most, count))})
        evidence, scenario = self.primary
        alike = replace(scenario, group="", label="")
        if taken and alike not in known:
            known[alike] = run(evidence, self.endpoint, [scenario])[0]
        fitted = known.get(alike, Outcome(scenario, None, None, None, (), "not fitted"))
        others = [run(evidence, self.endpoint, [one])[0] for evidence, one in (self.alternatives[i] for i in taken)]
        primary = replace(fitted, scenario=scenario)
        return Influence(self.kind, self.endpoint, self.studies, self.arm, primary, tuple(others), count - len(taken))


def influences(evidence: Evidence, spec: ModelSpec, endpoint: str, budget: int = BUDGET) -> list[Influence]:
    """Influence of every finding with alternatives on one endpoint, largest first.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification.
    endpoint : str
        An endpoint that is compared and whose print does not contradict itself.
    budget : int
        Studies fitted in all. Alternatives beyond it are left out, those of denominators first, and counted.
    """
    found: list[Influence] = []
    known: dict[Scenario, Outcome] = {}
    cost = len(select(evidence, spec, endpoint).data.studies)
    for puzzles in _PUZZLES:
        for puzzle in puzzles(evidence, spec, endpoint):
            most = max(budget // cost - 1, 0)
            influence = puzzle.solved(most if most >= min(2, len(puzzle.alternatives)) else 0, known)
            budget -= cost * (1 + len(influence.alternatives))
            found.append(influence)
    return sorted(found, key=lambda i: -i.shift)


def _of_readings(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Iterator[_Puzzle]:
    yield from _by_arm(evidence, endpoint, readings(evidence, spec, endpoint))


def _of_denominators(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Iterator[_Puzzle]:
    yield from _by_arm(evidence, endpoint, denominators(evidence, spec, endpoint))


def _of_weights(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Iterator[_Puzzle]:
    studies = weighted_studies(evidence, spec, endpoint)
    yield from _puzzle(evidence, endpoint, studies, "", k_grid(evidence, spec, endpoint))


def _of_routes(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Iterator[_Puzzle]:
    studies = tuple(c.study for c in evidence.contrasts if c.endpoint == endpoint and c.use == "sensitivity")
    yield from _puzzle(evidence, endpoint, studies, "", route(evidence, spec, endpoint))


def _by_arm(evidence: Evidence, endpoint: str, scenarios: list[Scenario]) -> Iterator[_Puzzle]:
    """Alternatives of one arm's print at a time, beside the primary analysis."""
    groups: dict[tuple[str, str], list[Scenario]] = {}
    for scenario in scenarios[1:]:
        study, _, arm = (scenario.spec.readings + scenario.spec.denominators)[-1][0].rpartition("/")
        groups.setdefault((study, arm), list(scenarios[:1])).append(scenario)
    for (study, arm), group in groups.items():
        yield from _puzzle(evidence, endpoint, (study,), arm, group)


def _puzzle(
    evidence: Evidence, endpoint: str, studies: tuple[str, ...], arm: str, scenarios: list[Scenario]
) -> Iterator[_Puzzle]:
    primary = [s for s in scenarios if s.primary]
    others = tuple((evidence, s) for s in scenarios if not s.primary)
    if primary and others:
        yield _Puzzle(scenarios[0].group, endpoint, studies, arm, (evidence, primary[0]), others)


def _of_excluded_rows(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Iterator[_Puzzle]:
    """Each excluded whole-arm row in the place of the rows it contradicts."""
    for row in evidence.arms:
        if row.use != "excluded" or row.endpoint != endpoint or row.subgroup or row.events is None or row.n is None:
            continue
        rivals = [r for r in evidence.arms if _same_arm(r, row) and r.modelled]
        if not rivals:
            continue
        instead = replace(evidence, arms=tuple(_exchanged(r, row, rivals) for r in evidence.arms))
        label = f"{evidence.study_label(row.study)}, {row.arm}: {row.printed} instead"
        yield _Puzzle(
            "excluded row",
            endpoint,
            (row.study,),
            row.arm,
            (evidence, Scenario("excluded row", "as analysed", spec, primary=True)),
            ((instead, Scenario("excluded row", label, spec)),),
        )


def _same_arm(one: ArmRow, other: ArmRow) -> bool:
    return (one.study, one.arm, one.endpoint) == (other.study, other.arm, other.endpoint)


def _exchanged(row: ArmRow, excluded: ArmRow, rivals: list[ArmRow]) -> ArmRow:
    if row is excluded:
        return replace(row, use=rivals[0].use, reading="")
    return replace(row, use="excluded") if row in rivals else row


_PUZZLES: tuple[Callable[[Evidence, ModelSpec, str], Iterator[_Puzzle]], ...] = (
    _of_excluded_rows,
    _of_readings,
    _of_routes,
    _of_weights,
    _of_denominators,
)
"""The cheapest first."""
