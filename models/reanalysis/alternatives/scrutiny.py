"""Scrutiny of a headline: what would change it, how well the model fits the reports, and whether priors drive it."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.alternatives.crossing import TippingPoint
from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
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


def scrutinise(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Scrutiny:
    """Scrutinise the primary analysis of one endpoint, by quadrature.

    Raises
    ------
    InvalidInput
        If the specification has no data.
    EngineError
        If the primary posterior cannot be computed.
    """
    data = select(evidence, spec, endpoint).data
    return Scrutiny(
        tuple(tipping_points(evidence, endpoint, spec)),
        predictive_checks(spec, data),
        power_scaling(fit(spec, data)),
        multiverse(evidence, endpoint, spec, at_least=1, most=MOST_IN_REPORT),
    )
