"""An effect as risks in a population whose control risk is not known: averaged over what earlier controls say of it.

The logit a of the control rate has the predictive distribution of a new control arm (model ``rates``: the MAP prior),
independent of the log odds ratio d: a new population is none of those that were compared. Risk difference and risk
ratio are those of the pairs (a, d), not of their means. An odds ratio stays conditional on the control risk; only risks
are averaged over it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import GridMarginal, Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.risk_grid import RiskGrid
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.measures import new_ratio_moments, rate, risk_difference, risk_ratio
from reanalysis.estimands.risks import Beyond
from reanalysis.estimands.summary import LEVEL, Summary, direction, summarise
from reanalysis.estimands.words import patients_base, points_interval, ratio, risk
from reanalysis.evidence.audit.ledger import require_consistent
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.settings import Endpoint
from reanalysis.model.selection import default_spec, select
from reanalysis.typing import Array

NEW_POPULATION = "new population (MAP prior of the control rate)"
"""Whose control risk is averaged over."""

_OUTSIDE = 1e-9
"""Probability left out on either side of the control logit and of the effect."""

_STEP = 0.4
"""Steps of both in SDs of the narrower, given the other."""

_MOST = 2000


@dataclass(frozen=True)
class ControlRate:
    """What earlier control arms say of the rate of a new one."""

    logit: Marginal
    """Predictive distribution of its logit."""
    studies: tuple[str, ...]
    """Whose controls."""

    @property
    def risk(self) -> Summary:
        """The rate, a proportion."""
        return summarise(rate(self.logit))


def control_rate(evidence: Evidence, endpoint: str) -> ControlRate:
    """Predictive distribution of a new control rate: the MAP prior of the model ``rates``.

    Raises
    ------
    InvalidInput
        If no study reports a control arm, or reports contradict each other.
    EngineError
        If the posterior cannot be computed.
    """
    spec = default_spec(evidence, "rates")
    data = select(evidence, spec, endpoint).data
    require_consistent(evidence, (endpoint,))
    return ControlRate(fit(spec, data).overall["logit_rate_new"], data.names)


@dataclass(frozen=True, repr=False)
class UncertainControl:
    """An effect where the control risk is uncertain, all as proportions."""

    control_risk: Summary
    treated_risk: Summary
    risk_difference: Summary
    risk_ratio: Summary
    """Averaged over the control risk."""
    at_median: Summary
    """Risk difference where the control risk is known to be its median: what is wider than this is the uncertainty of
    the control risk."""
    beyond: tuple[Beyond, ...]
    """P(risk difference beyond each margin) on either side."""
    rope: float
    within_rope: float
    """Percentage points, and the probability of a difference within them."""
    studies: tuple[str, ...]
    """Whose controls."""

    def __repr__(self) -> str:
        return self.text

    @property
    def control_text(self) -> str:
        """``36 % (7 % to 85 %)``."""
        found = self.control_risk
        median, lower, upper = (risk(value) for value in (found.median, found.lower, found.upper))
        return f"{median} ({lower} to {upper})"

    @property
    def of(self) -> int:
        """Of how many patients differences are told."""
        return patients_base(self.control_risk.median, self.treated_risk.median)

    @property
    def text(self) -> str:
        """Control risk, difference, and what the difference were at the median control risk."""
        averaged, known = (points_interval(one, self.of) for one in (self.risk_difference, self.at_median))
        return (
            f"control risk {self.control_text}, difference {averaged} per {self.of:,}; were the control risk "
            f"known to be its median, {known}: the interval is {ratio(self.widened)} times as wide"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"widened": self.widened}

    @property
    def widened(self) -> float:
        """Width of the interval of the risk difference by that at the median control risk."""
        return _width(self.risk_difference) / _width(self.at_median)


def _width(found: Summary) -> float:
    return found.upper - found.lower


def at_uncertain_control(
    log_odds_ratio: Marginal, control: ControlRate, endpoint: Endpoint, level: float = LEVEL, moments: int = 2
) -> UncertainControl:
    """An effect in a population whose control risk is as uncertain as that of a new control arm.

    Parameters
    ----------
    log_odds_ratio : Marginal
        Of the average, of one study, or of a new one.
    control : ControlRate
        The control risk.
    endpoint : Endpoint
        Margins, and the range of no difference that matters.
    level : float
        Coverage of the intervals.
    moments : int
        How many moments the odds ratio has, and so the risk ratio, which lies between it and 1.
    """
    grid, treated = _joint(log_odds_ratio, control.logit)
    difference, risk = grid.risk_difference(), rate(control.logit)
    known = risk_difference(log_odds_ratio, float(risk.quantile([0.5])[0]))
    beyond = tuple(
        Beyond(m, float(difference.cdf(-m / 100)), 1 - float(difference.cdf(m / 100))) for m in endpoint.margins
    )
    rope = endpoint.rope / 100
    return UncertainControl(
        summarise(risk, level),
        summarise(rate(treated), level),
        summarise(difference, level),
        summarise(risk_ratio(grid.log_risk_ratio()), level, moments),
        summarise(known, level),
        beyond,
        endpoint.rope,
        float(difference.cdf(rope)) - float(difference.cdf(-rope)),
        control.studies,
    )


def uncertain_difference(log_odds_ratio: Marginal, control: ControlRate) -> Marginal:
    """The risk difference averaged over the control risk, a proportion."""
    return _joint(log_odds_ratio, control.logit)[0].risk_difference()


def _joint(effect: Marginal, control: Marginal) -> tuple[RiskGrid, GridMarginal]:
    """The mean logit and the effect on a grid, each row with effects of its own; and the treated logit."""
    (low, high), (least, most) = (
        (float(q) for q in one.quantile([_OUTSIDE, 1 - _OUTSIDE])) for one in (control, effect)
    )
    step = _STEP * (0.25 * control.sd() ** -2 + effect.sd() ** -2) ** -0.5
    step = max(step, (most - least) / _MOST, (high - low) / _MOST)
    middle = np.arange(low + 0.5 * least, high + 0.5 * most + step, 0.5 * step)[:, None]
    # beside a mean logit, effects that the control logit allows
    first = np.clip(2 * (middle - high), least, most)
    d = first + step * np.arange(int(min(most - least, 2 * (high - low)) / step) + 3)
    mass = control.density(middle - 0.5 * d) * effect.density(d)
    grid = RiskGrid(middle, d, mass / mass.sum())
    return grid, _sum(control, effect, (low, high), (least, most), step)


def _sum(
    control: Marginal, effect: Marginal, between: tuple[float, float], ends: tuple[float, float], step: float
) -> GridMarginal:
    """The treated logit, by convolution on nodes a fine step apart."""
    step = 0.5 * min(step, control.sd(), effect.sd())
    a = between[0] + step * np.arange(int((between[1] - between[0]) / step) + 2)
    d = ends[0] + step * np.arange(int((ends[1] - ends[0]) / step) + 2)
    density: Array = np.convolve(control.density(a), effect.density(d))
    return GridMarginal.from_density(a[0] + d[0] + step * np.arange(len(density)), density)


def effects_at_map(evidence: Evidence, posterior: Posterior, level: float = LEVEL) -> pd.DataFrame:
    """Risks, risk differences and risk ratios averaged over the control rate's MAP prior.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    posterior : Posterior
        Of a model of contrasts that has a headline effect.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Indexed by of (average or a study, new study), quantity and control risk: mean, SD, median and interval (risks
        as proportions), P(fewer events) and P(benefit), which do not depend on the control risk.

    Raises
    ------
    InvalidInput
        If the posterior has no headline effect, or no study reports a control arm.
    """
    reason = why_no_headline(posterior.spec, posterior.data)
    if reason:
        raise InvalidInput([f"effects: {reason}; see .table()"])
    head, endpoint = headline(posterior), evidence.endpoint(posterior.endpoint)
    control = control_rate(evidence, posterior.endpoint)
    effects = {"average" if head.study is None else evidence.study_label(head.study): head.log_odds_ratio}
    if "log_odds_ratio_new" in posterior.overall:
        effects["new study"] = posterior.overall["log_odds_ratio_new"]
    rows = {}
    for of, effect in effects.items():
        moments = new_ratio_moments(posterior.spec.priors.tau) if of == "new study" else 2
        found = at_uncertain_control(effect, control, endpoint, level, moments)
        sides, label = direction(effect, endpoint.better), f"{NEW_POPULATION}, {found.control_text}"
        chances = {"P(fewer events)": sides.below, "P(benefit)": sides.benefit}
        rows[of, "control risk", label] = found.control_risk.as_dict()
        for name in ("treated_risk", "risk_difference", "risk_ratio"):
            rows[of, name.replace("_", " "), label] = getattr(found, name).as_dict() | chances
    index = pd.MultiIndex.from_tuples(rows, names=["of", "quantity", "control risk"])
    return pd.DataFrame(list(rows.values()), index=index)
