"""Every alternative of one endpoint together, and what would change the conclusion of one on the first page."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.alternatives.crossing import TippingPoint
from reanalysis.alternatives.influence import Influence, influences
from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.power_scaling import power_scaling
from reanalysis.alternatives.prediction import predictive_checks
from reanalysis.alternatives.tipping import tipping_points
from reanalysis.engines.fit import fit
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.result import CheckResult
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

MOST_IN_REPORT = 24
"""Combinations of choices about the evidence that a report crosses; ``reanalysis sensitivity`` crosses them all."""


@dataclass(frozen=True)
class Scrutiny:
    """Answers to the questions a reviewer asks of a headline."""

    tipping: tuple[TippingPoint, ...]
    """Values of each assumption at which the conclusion changes."""
    predictive: CheckResult
    """Mid-p value of each arm's count."""
    power: CheckResult
    """Power-scaling sensitivity of each quantity."""
    multiverse: Multiverse
    """The headline under every combination of choices; some are held, to bound the time of a report."""


@dataclass(frozen=True)
class Alternatives:
    """What other choices do to one endpoint."""

    sensitivity: dict[str, list[Outcome]]
    """By group."""
    influences: tuple[Influence, ...]
    """How far the choices that a finding raises move the headline."""
    scrutiny: Scrutiny | None = None
    """What would change the conclusion, of an endpoint of the first page."""


def alternatives_of(evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
    """Every alternative of one endpoint, by quadrature.

    Parameters
    ----------
    evidence : Evidence
        What matters to the endpoint (:func:`reanalysis.analysis.relevant.relevant`): what needs another endpoint's rows
        has no place here, and needs a task of its own.
    headline : bool
        Whether the endpoint is on the first page, and so scrutinised.

    Raises
    ------
    InvalidInput
        If the specification has no data.
    EngineError
        If the primary posterior cannot be computed.
    """
    return Alternatives(
        sensitivity_set(evidence, spec, endpoint),
        tuple(influences(evidence, spec, endpoint)),
        _scrutinised(evidence, spec, endpoint) if headline else None,
    )


def _scrutinised(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Scrutiny:
    """What the primary analysis of one endpoint is held against, by quadrature."""
    data = select(evidence, spec, endpoint).data
    return Scrutiny(
        tuple(tipping_points(evidence, endpoint, spec)),
        predictive_checks(spec, data),
        power_scaling(fit(spec, data)),
        multiverse(evidence, endpoint, spec, at_least=1, most=MOST_IN_REPORT),
    )
