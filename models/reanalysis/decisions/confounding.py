"""What confounding would have to be to explain a result: E-values, and cohorts with an important effect under bias.

E-value: the smallest risk ratio that a confounder needs with both treatment and outcome to explain a risk ratio away
(VanderWeele and Ding 2017, Ann Intern Med 167:268). Share of true effects beyond a margin under a bias shared by all
studies: Mathur and VanderWeele 2020, J Am Stat Assoc 115:163; here of the whole posterior, the bias known:
an effect with bias b has the model's own prior moved by b, as in the tipping points.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy.special import expit, logit

from reanalysis.alternatives.tipping import bias_points, moved_by
from reanalysis.decisions.effects import ControlRisk, EndpointEffect, endpoint_effect
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.measures import risk_ratio_at
from reanalysis.estimands.words import ratio_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec

BIASES = tuple(round(float(b), 4) for b in np.log([1 / 5, 1 / 3, 1 / 2, 1 / 1.5, 1 / 1.25, 1, 1.25, 1.5, 2, 3, 5]))
"""Log odds ratios by which every study may be off: factors up to 5 either way."""


def e_value(ratio: float, lower: float | None = None, upper: float | None = None) -> tuple[float, float | None]:
    """E-values of a risk ratio, above 0, and of the end of its interval that is nearer to 1.

    Returns
    -------
    of_ratio, of_end : float, float or None
        1 for an interval that holds 1; None without an interval.

    Examples
    --------
    Victora et al. 1987, as in VanderWeele and Ding: RR 3.9 (1.8 to 8.7).

    >>> [round(e, 2) for e in e_value(3.9, 1.8, 8.7)]
    [7.26, 3.0]
    """
    end = None
    if lower is not None and upper is not None:
        end = 1.0 if lower <= 1 <= upper else _e_value(lower if lower > 1 else upper)
    return _e_value(ratio), end


def _e_value(ratio: float) -> float:
    ratio = max(ratio, 1 / ratio)
    return ratio + sqrt(ratio * (ratio - 1))


@dataclass(frozen=True)
class TippingBias:
    """The bias that makes one side of no effect as probable as a level."""

    side: str
    """``benefit`` or ``harm`` (``fewer events`` or ``more events`` where no side is good)."""
    probability: float
    """The level."""
    bias: float | None
    """Log odds ratio that every study would be off by, observed minus true; None where none within 2.5 either way does
    it."""
    risk_ratio: float | None
    """The same as a factor on the risk ratio at the control risk, 1 or above."""
    e_value: float | None
    """Of that factor."""


@dataclass(frozen=True)
class ImportantShare:
    """Cohorts like these with an effect that matters, if every study is off by a bias."""

    bias: float
    """Log odds ratio; the observed effect is the true one plus the bias."""
    odds_ratio: float
    """The bias as a factor."""
    fewer: float
    more: float
    """Share of true effects in new cohorts beyond the margin on either side, averaged over the posterior."""


@dataclass(frozen=True, repr=False)
class Confounding:
    """Confounding of one endpoint in readers' words, at one control risk."""

    endpoint: str
    """Endpoint id."""
    control: ControlRisk
    """At which odds ratios become risk ratios."""
    risk_ratio: tuple[float, float, float]
    """Median and 95 % interval."""
    e_value: float
    """Of the median."""
    e_value_interval: float
    """Of the end nearer to 1; 1 where the interval holds 1."""
    margin: float
    """Percentage points from which a difference matters."""
    tipping: tuple[TippingBias, ...]
    """Empty where some studies are randomised: no bias is then shared by all."""
    shares: tuple[ImportantShare, ...]
    """By bias; of bias 0 alone where some studies are randomised."""
    note: str
    """What a reader must know."""

    def __repr__(self) -> str:
        values = f"E-value {self.e_value:.3g}, of the interval {self.e_value_interval:.3g}"
        return f"{self.endpoint}: risk ratio {ratio_interval(*self.risk_ratio)}, {values}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "control_risk": asdict(self.control),
            "risk_ratio": dict(zip(("median", "lower", "upper"), self.risk_ratio, strict=True)),
            "e_value": self.e_value,
            "e_value_interval": self.e_value_interval,
            "margin": self.margin,
            "tipping": [asdict(one) for one in self.tipping],
            "important_by_bias": [asdict(one) for one in self.shares],
            "note": self.note,
        }


def confounding(effect: EndpointEffect) -> Confounding:
    """E-values, tipping biases and shares of cohorts with an important effect.

    Raises
    ------
    EngineError
        If a posterior under a bias cannot be computed.
    """
    evidence, control = effect.evidence, effect.control_risks[0]
    risk, margin = control.risk, effect.settings.rope
    delta = effect.head.log_odds_ratio
    median, lower, upper = (float(x) for x in risk_ratio_at(delta, risk).quantile([0.5, 0.025, 0.975]))
    of_ratio, of_end = e_value(median, lower, upper)
    assert of_end is not None
    randomised = any(evidence.study(s).design == "randomised" for s in effect.posterior.data.names)

    biases = (0.0,) if randomised else BIASES
    shares = []
    for bias in biases:
        with suppress(EngineError):
            under = fit(moved_by(effect.posterior.spec, bias), effect.posterior.data) if bias else effect.posterior
            shares.append(_share(under, bias, risk, margin))
    notes = ["some studies are randomised, so no bias is shared by all"] if randomised else []
    if len(shares) < len(biases):
        notes.append("left out are biases under which the posterior cannot be computed")
    if len(effect.head.comparative) == 1:
        notes.append("one study compares: how much cohorts vary is known from the prior of the heterogeneity alone")
    tipping = () if randomised else tuple(_tipping(effect, risk))
    return Confounding(
        effect.endpoint, control, (median, lower, upper), of_ratio, of_end, margin, tipping, tuple(shares),
        "; ".join(notes),
    )  # fmt: skip


def confounding_of(evidence: Evidence, endpoint: str, spec: ModelSpec) -> Confounding:
    """The same of one endpoint of a folder, which is fitted by quadrature.

    Raises
    ------
    InvalidInput
        If nothing compares it.
    EngineError
        If a posterior cannot be computed.
    """
    return confounding(endpoint_effect(evidence, endpoint, spec))


def _share(posterior: Posterior, bias: float, risk: float, margin: float) -> ImportantShare:
    observed = posterior.overall["log_odds_ratio_new"]  # of the true effect plus the bias
    low, high = important_effects(risk, margin)
    fewer = float(observed.cdf(low + bias)) if np.isfinite(low) else 0.0
    more = 1 - float(observed.cdf(high + bias)) if np.isfinite(high) else 0.0
    return ImportantShare(bias, float(np.exp(bias)), fewer, more)


def important_effects(control_risk: float, margin: float) -> tuple[float, float]:
    """Log odds ratios at which the risk difference is minus and plus a margin of percentage points.

    Minus or plus infinity where the control risk leaves no room for such a difference.
    """
    below, above = control_risk - margin / 100, control_risk + margin / 100
    low = float(logit(below) - logit(control_risk)) if below > 0 else -np.inf
    high = float(logit(above) - logit(control_risk)) if above < 1 else np.inf
    return low, high


def _tipping(effect: EndpointEffect, risk: float) -> Iterator[TippingBias]:
    """The tipping points of a bias of every study, as factors on the risk ratio."""
    median = float(effect.head.log_odds_ratio.quantile(0.5))
    for point in bias_points(effect.evidence, effect.endpoint, effect.posterior.spec):
        factor = None if point.value is None else bias_factor(median, point.value, risk)
        of_factor = None if factor is None else _e_value(factor)
        yield TippingBias(point.event, point.threshold, point.value, factor, of_factor)


def bias_factor(log_odds_ratio: float, bias: float, control_risk: float) -> float:
    """By what factor, 1 or above, a bias moves the risk ratio of an observed log odds ratio at a control risk."""
    observed, true = (expit(logit(control_risk) + d) for d in (log_odds_ratio, log_odds_ratio - bias))
    ratio = float(observed / true)
    return max(ratio, 1 / ratio)
