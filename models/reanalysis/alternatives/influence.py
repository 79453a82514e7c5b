"""How far each finding of the audit that leaves a choice open can move each endpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reanalysis.alternatives.choice import Choice, Level
from reanalysis.alternatives.choices import declared_choices
from reanalysis.alternatives.one_at_a_time import varied
from reanalysis.alternatives.outcome import Outcome
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

BUDGET = 400
"""Studies fitted for one endpoint, about a second."""


@dataclass(frozen=True)
class Influence:
    """What one choice does to one endpoint."""

    kind: str
    """Group of the choice: ``readings``, ``denominators``, ``effective size``, ``route`` or ``excluded row``."""
    endpoint: str
    """Endpoint id."""
    raised_by: tuple[str, ...]
    """Kinds of finding that leave it open."""
    studies: tuple[str, ...]
    """Studies whose reports it is about."""
    arm: str
    """Arm it is about, empty where both are."""
    primary: Outcome
    """The primary analysis."""
    alternatives: tuple[Outcome, ...]
    """One a level."""
    left: int = 0
    """Levels that were not fitted, to bound the time."""

    def concerns(self, finding: Finding) -> bool:
        """Whether the finding is what the alternatives are about."""
        return (
            finding.kind in self.raised_by
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
        """Smallest and largest median odds ratio among the alternatives."""
        return _ends([math.exp(s.median) for o in self._defined if (s := o.log_odds_ratio)])

    @property
    def below(self) -> tuple[float, float]:
        """Smallest and largest P(log odds ratio < 0) among the alternatives."""
        return _ends([o.below for o in self._defined])

    @property
    def probabilities(self) -> tuple[float, float]:
        """Smallest and largest P(benefit), or P(fewer events) where no side is good."""
        return _ends([o.chance for o in self._defined])

    @property
    def _defined(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.alternatives if o.log_odds_ratio is not None)


def _ends(values: Sequence[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else (math.nan, math.nan)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    median = outcome.log_odds_ratio.median if outcome.log_odds_ratio is not None else None
    return {
        "choice": outcome.label,
        "odds_ratio": None if median is None else math.exp(median),
        "p_below_0": outcome.below,
        "p_benefit": outcome.benefit,
        "note": outcome.note,
    }


def influences(evidence: Evidence, spec: ModelSpec, endpoint: str, budget: int = BUDGET) -> list[Influence]:
    """Influence of every choice that findings leave open on one endpoint, largest first.

    Parameters
    ----------
    endpoint : str
        An endpoint that is compared and whose reports do not contradict themselves.
    budget : int
        Studies fitted in all. Levels beyond it are left out, those of the choices with most of them first, and
        counted; what is taken of a choice is taken evenly.
    """
    raised = sorted((c for c in declared_choices(evidence, spec, endpoint) if c.raised_by), key=lambda c: len(c.levels))
    cost = len(select(evidence, spec, endpoint).data.studies)
    taken: list[tuple[Choice, Level]] = []
    for choice in raised:
        others, most = choice.levels[1:], max(budget // cost - 1, 0)
        most = min(most, len(others)) if most >= min(2, len(others)) else 0
        places = sorted({round(i) for i in np.linspace(0, len(others) - 1, most)})
        taken += [(choice, others[i]) for i in places]
        budget -= cost * (1 + len(places))
    if not raised:
        return []
    ((primary,), *fitted) = [
        outcomes[:1] for outcomes in varied(evidence, spec, endpoint, [(raised[0], raised[0].levels[0]), *taken])
    ]
    found = []
    for choice in raised:
        as_analysed = replace(primary, group=choice.group, label=choice.levels[0].label)
        own = tuple(one for (of, _), (one,) in zip(taken, fitted, strict=True) if of is choice)
        about = choice.group, endpoint, choice.raised_by, choice.studies, choice.arm
        found.append(Influence(*about, as_analysed, own, len(choice.levels) - 1 - len(own)))
    return sorted(found, key=lambda one: -one.shift)
