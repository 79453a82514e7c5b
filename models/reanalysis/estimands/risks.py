"""An effect as risks at a named control risk: difference and ratio, probabilities at the margins, numbers needed.

1 / risk difference has no interval of its own where the risk difference spans 0: it runs through infinity. It is then
given as two disjoint pieces (Altman 1998, BMJ 317:1309).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, logit

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.measures import rate, risk_difference, risk_ratio_at, treated_risk
from reanalysis.estimands.summary import LEVEL, Summary, require_proportions, summarise
from reanalysis.estimands.words import patients_base, risk_decimals
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import Baseline, Endpoint

Side = Literal["benefit", "harm"]


@dataclass(frozen=True)
class Piece:
    """Patients treated per patient helped (benefit) or harmed; ``high`` is None for infinity."""

    side: Side
    low: float
    high: float | None


@dataclass(frozen=True)
class NumberNeeded:
    """Number needed to treat or harm.

    Parameters
    ----------
    side : {"benefit", "harm"} or None
        Side of the median risk difference, None at exactly 0.
    median : float or None
        Number needed at the median, None at exactly 0.
    pieces : tuple of Piece
        The interval: one piece, or two that meet at infinity.
    """

    side: Side | None
    median: float | None
    pieces: tuple[Piece, ...]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if self.median is None:
            return "no difference"
        name = {"benefit": "NNT", "harm": "NNH"}
        text = f"{name[self.side or 'benefit']} {_patients(self.median)}"
        parts = [
            f"{name[p.side]} {_patients(p.low)} to {'\N{INFINITY}' if p.high is None else _patients(p.high)}"
            for p in self.pieces
        ]
        return f"{text} ({'; '.join(parts)})"


def _patients(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"


def number_needed(median: float, lower: float, upper: float, lower_is_better: bool) -> NumberNeeded:
    """Number needed from the median and interval of a risk difference (treated minus control).

    Parameters
    ----------
    median, lower, upper : float
        Risk difference, as proportions.
    lower_is_better : bool
        Whether a negative difference is the benefit.
    """

    def side(difference: float) -> Side:
        return "benefit" if (difference < 0) == lower_is_better else "harm"

    if lower == 0 == upper:
        return NumberNeeded(None, None, ())
    if lower >= 0 or upper <= 0:
        near, far = sorted((abs(lower), abs(upper)))
        only = side(lower if abs(lower) > abs(upper) else upper)
        pieces: tuple[Piece, ...] = (Piece(only, 1 / far, 1 / near if near else None),)
    else:
        pieces = (Piece(side(lower), 1 / -lower, None), Piece(side(upper), 1 / upper, None))
        pieces = tuple(sorted(pieces, key=lambda p: p.side))
    if median == 0:
        return NumberNeeded(None, None, pieces)
    return NumberNeeded(side(median), 1 / abs(median), pieces)


@dataclass(frozen=True)
class Beyond:
    """Probability that the risk difference lies beyond a margin on either side, at one control risk."""

    margin: float
    fewer: float
    more: float


def beyond_margins(log_odds_ratio: Marginal, control_risk: float, margins: tuple[float, ...]) -> tuple[Beyond, ...]:
    """P(RD < -margin) and P(RD > +margin).

    Parameters
    ----------
    control_risk : float
        Proportion.
    margins : tuple of float
        Percentage points.
    """
    difference = risk_difference(log_odds_ratio, control_risk)
    return tuple(Beyond(m, float(difference.cdf(-m / 100)), 1 - float(difference.cdf(m / 100))) for m in margins)


def within_rope(log_odds_ratio: Marginal, control_risk: float, rope: float) -> float:
    """P(|RD| < rope percentage points): the region of practical equivalence."""
    difference = risk_difference(log_odds_ratio, control_risk)
    return float(difference.cdf(rope / 100)) - float(difference.cdf(-rope / 100))


def named_baselines(evidence: Evidence, posterior: Posterior) -> tuple[Baseline, ...]:
    """Control risks at which risks are given: that of the studies themselves, then those of analysis.toml.

    One that is declared and rounds to that of the studies is the same and is not given twice.
    """
    own = _own_controls(evidence, posterior)
    declared = evidence.endpoint(posterior.endpoint).baselines
    if own is None:
        return declared or (Baseline(label="a control risk of one half", percent=50.0),)
    return (own, *(one for one in declared if _told_percent(one.percent / 100) != own.percent))


def asked_baselines(evidence: Evidence, posterior: Posterior, risk: float | None) -> tuple[Baseline, ...]:
    """The control risk that was asked for, a proportion; those of :func:`named_baselines` where none was.

    Raises
    ------
    InvalidInput
        If it is no proportion between 0 and 1.
    """
    if risk is None:
        return named_baselines(evidence, posterior)
    require_proportions(risk)
    return (Baseline(label="as asked", percent=100 * risk),)


def _own_controls(evidence: Evidence, posterior: Posterior) -> Baseline | None:
    """The reported control rate, of several studies the median, in whole per cent unless it is rare or the rule.

    The modelled rate stands in where nobody, or everybody, had the event; None without any control arm.
    """
    controls = {s.study: s.control for s in posterior.data.studies if s.comparative and s.control is not None}
    if not controls:
        return None
    risk, modelled = float(np.median([one.proportion() for one in controls.values()])), ""
    if not 0 < risk < 1:
        modelled = "modelled "
        risk = float(np.median([float(rate(posterior.study[s]["control_logit"]).quantile(0.5)) for s in controls]))
    (only, *others) = (evidence.study_label(study) for study in controls)
    label = f"median control rate of {len(controls)} studies" if others else f"control rate of {only}"
    label = f"{modelled}{label}"
    return Baseline(label=label, percent=_told_percent(risk))


def _told_percent(risk: float) -> float:
    """Whole per cent, with decimals where the event is rare or the rule."""
    return round(100 * risk, risk_decimals(risk))


@dataclass(frozen=True)
class RisksAt:
    """The treated risk and the risk difference of an effect at one named control risk, as proportions."""

    baseline: Baseline
    treated_risk: Summary
    risk_difference: Summary

    @property
    def of(self) -> int:
        """Of how many patients the risks are told: 100, more where the event is so rare that 100 would have none."""
        return patients_base(self.baseline.percent / 100, self.treated_risk.median)


@dataclass(frozen=True)
class BaselineEffect(RisksAt):
    """An effect translated into risks at one named control risk, all as proportions."""

    risk_ratio: Summary
    needed: NumberNeeded | None
    beyond: tuple[Beyond, ...]
    rope: float
    within_rope: float


def risks_of(log_odds_ratio: Summary, baseline: Baseline) -> RisksAt:
    """Risks at one control risk of which the quantiles alone are known: both increase with the effect."""
    control = baseline.percent / 100
    ends = {end: float(expit(logit(control) + getattr(log_odds_ratio, end))) for end in ("median", "lower", "upper")}
    less = {end: value - control for end, value in ends.items()}
    return RisksAt(baseline, Summary(None, None, **ends), Summary(None, None, **less))


def at_baseline(
    log_odds_ratio: Marginal, baseline: Baseline, endpoint: Endpoint, level: float = LEVEL
) -> BaselineEffect:
    """An effect at one control risk, with the good side and the margins that the endpoint declares."""
    risk = baseline.percent / 100
    difference = summarise(risk_difference(log_odds_ratio, risk), level)
    needed = None
    if endpoint.better is not None:
        needed = number_needed(difference.median, difference.lower, difference.upper, endpoint.better == "lower")
    return BaselineEffect(
        baseline,
        summarise(treated_risk(log_odds_ratio, risk), level),
        difference,
        summarise(risk_ratio_at(log_odds_ratio, risk), level),
        needed,
        beyond_margins(log_odds_ratio, risk, endpoint.margins),
        endpoint.rope,
        within_rope(log_odds_ratio, risk, endpoint.rope),
    )
