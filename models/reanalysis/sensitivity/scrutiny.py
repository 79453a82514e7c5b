"""What would change the conclusion, does the model fit the print, and do priors drive it? Of one endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.checks.result import CheckResult
from reanalysis.engines.fit import fit
from reanalysis.evidence.folder import Evidence
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.power_scaling import power_scaling
from reanalysis.sensitivity.predictive_checks import predictive_checks
from reanalysis.sensitivity.tipping.points import tipping_points
from reanalysis.sensitivity.tipping.search import TippingPoint


@dataclass(frozen=True)
class Scrutiny:
    """Answers to the questions a reviewer asks of a headline.

    Parameters
    ----------
    tipping : tuple of TippingPoint
        Values of each assumption at which the conclusion changes.
    predictive : CheckResult
        Mid-p value of each arm's print.
    power : CheckResult
        Power-scaling sensitivity of each quantity.
    """

    tipping: tuple[TippingPoint, ...]
    predictive: CheckResult
    power: CheckResult


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
    )
