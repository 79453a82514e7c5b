"""Benefits and harms of a treatment in one number: net benefit, the trade-offs at which it is above 0, and how sure.

Net benefit is sum_e w_e (p_e0 - p_e1), the weighted events that treatment avoids per patient, p_e0 a named control risk
and p_e1 the risk that the odds ratio makes of it: above 0 treatment is better. The weight of an event that helps, such
as a response, is below 0. (Lynd and O'Brien 2004, J Clin Epidemiol 57:795; weights: Tervonen and Lahdelma 2007,
Eur J Oper Res 178:500, stochastic multicriteria acceptability analysis.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq

from reanalysis.decisions.effects import ControlRisk, EndpointEffect
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.weighted_sum import Given, above_zero, pair_above_zero, weighted_sum
from reanalysis.engines.marginal import GridMarginal, Marginal
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.summary import summarise
from reanalysis.evidence.problems import printable
from reanalysis.typing import Array

CONVENTION = (
    "Net benefit is the sum over endpoints of weight x (control risk - treated risk): weighted events avoided per "
    "patient. Above 0 treatment is better. A weight is above 0 where an event harms and below 0 where it helps."
)
CORRELATIONS = (0.0, 0.3, 0.6)
"""Correlations of the log odds ratios of every two endpoints at which net benefit is always given."""
LEVELS = (0.5, 0.8, 0.95)
"""Probabilities of benefit that the trade-off lines hold."""

_ANGLES = np.linspace(0.0, 0.5 * np.pi, 181)
_LINE = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, repr=False)
class NetBenefit:
    """Net benefit at one set of control risks."""

    baseline: str
    """Name of the control risks."""
    control_risks: dict[str, ControlRisk]
    """By endpoint."""
    correlation: float
    """That of the published figures."""
    posteriors: dict[float, GridMarginal]
    """Net benefit by correlation, the published one among them."""
    contributions: dict[str, float]
    """What each endpoint adds to the mean."""

    def __repr__(self) -> str:
        at = self.baseline or "these control risks"
        return f"Net benefit at {at}, correlation {self.correlation:g}: {self.published!r}"

    @property
    def published(self) -> GridMarginal:
        """Its posterior under the published correlation."""
        return self.posteriors[self.correlation]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return _summary(self.published) | {
            "correlation": self.correlation,
            "control_risks": {e: vars(one) for e, one in self.control_risks.items()},
            "contributions": self.contributions,
            "by_correlation": {f"{r:g}": _summary(posterior) for r, posterior in self.posteriors.items()},
        }


def _summary(posterior: Marginal) -> dict[str, Any]:
    return summarise(posterior).as_dict() | {"probability_better": above_zero(posterior)}


def net_benefit(
    effects: Mapping[str, EndpointEffect],
    trade_offs: Sequence[TradeOff],
    control_risks: Mapping[str, ControlRisk],
    baseline: str = "",
    correlation: float = 0.0,
) -> NetBenefit:
    """Net benefit under independence, the correlations of :data:`CORRELATIONS` and the one asked for.

    Parameters
    ----------
    effects : mapping of str to EndpointEffect
        By endpoint.
    trade_offs : sequence of TradeOff
        Weights.
    control_risks : mapping of str to ControlRisk
        By endpoint.
    baseline : str
        Name of the control risks.
    correlation : float
        Of the published figures.
    """
    differences = {e: risk_difference(effects[e].head.log_odds_ratio, one.risk) for e, one in control_risks.items()}
    return summed(baseline, control_risks, trade_offs, differences, correlation)


def summed(
    baseline: str,
    control_risks: Mapping[str, ControlRisk],
    trade_offs: Sequence[TradeOff],
    differences: Mapping[str, Marginal],
    correlation: float,
    given: Sequence[Given] | None = None,
) -> NetBenefit:
    """Net benefit of risk differences, with ``given`` as of :func:`~reanalysis.decisions.weighted_sum.weighted_sum`."""
    parts = [(-one.weight, differences[one.endpoint]) for one in trade_offs]
    asked = sorted({*CORRELATIONS, correlation})
    return NetBenefit(
        baseline,
        {one.endpoint: control_risks[one.endpoint] for one in trade_offs},
        correlation,
        {r: weighted_sum(parts, r, given=given) for r in asked},
        {one.endpoint: -one.weight * differences[one.endpoint].mean() for one in trade_offs},
    )


@dataclass(frozen=True, repr=False)
class TradeOffLine:
    """How much of the worst harm buys one good outcome of another endpoint, at one set of control risks."""

    baseline: str
    """Name of the control risks."""
    benefit: str
    harm: str
    """Endpoint ids; the harm is the one on which treatment is least likely to be better."""
    wording: str
    """What is accepted per what, for readers."""
    levels: tuple[tuple[float, tuple[tuple[float, float | None], ...]], ...]
    """For each probability of :data:`LEVELS` the ranges of the number accepted at which benefit is at least as
    probable; an end of None is any number."""
    line: tuple[tuple[float, float], ...]
    """Numbers accepted, and the probability of benefit at each."""
    at_any: float
    """Probability of benefit where any number is accepted."""

    def __repr__(self) -> str:
        told = "; ".join(f"P(better) {level:g} {ranges_text(ranges)}" for level, ranges in self.levels)
        return printable(f"{self.wording}, {self.baseline}: {told}")

    def as_dict(self) -> list[dict[str, Any]]:
        """Plain values for JSON, one object a probability."""
        shared = {"baseline": self.baseline, "benefit": self.benefit, "harm": self.harm, "wording": self.wording}
        return [
            shared
            | {
                "probability": level,
                "accepted": ranges[0][0] if ranges else None,
                "ranges": [list(one) for one in ranges],
                "text": ranges_text(ranges),
                "line": [list(point) for point in self.line],
                "probability_at_any": self.at_any,
            }
            for level, ranges in self.levels
        ]


def ranges_text(ranges: Sequence[tuple[float, float | None]]) -> str:
    """Ranges of a number that is accepted, for readers."""
    if not ranges:
        return "at no number"
    words = []
    for low, high in ranges:
        if high is None:
            words.append("at any number" if low == 0 else f"at {low:.2g} or more")
        else:
            words.append(f"at up to {high:.2g}" if low == 0 else f"from {low:.2g} to {high:.2g}")
    return " and ".join(words)


def trade_off_lines(
    effects: Mapping[str, EndpointEffect],
    trade_offs: Sequence[TradeOff],
    control_risks: Mapping[str, ControlRisk],
    baseline: str,
    correlation: float = 0.0,
) -> list[TradeOffLine]:
    """The least favourable endpoint against each other one, two at a time; the declared sizes of weights do not count.

    Parameters
    ----------
    effects, trade_offs, control_risks, baseline, correlation
        As of :func:`net_benefit`; of the weights only the signs are used.
    """
    if len(trade_offs) < 2:
        return []
    differences = {e: risk_difference(effects[e].head.log_odds_ratio, control_risks[e].risk) for e in effects}
    sign = {one.endpoint: -float(np.sign(one.weight)) for one in trade_offs}  # of a risk difference that is good
    better = {e: above_zero(differences[e]) if s > 0 else float(differences[e].cdf(0.0)) for e, s in sign.items()}
    harm = min(better, key=lambda e: better[e])
    lines = []
    for benefit in sign:
        if benefit == harm:
            continue

        pair, signs = (differences[benefit], differences[harm]), (sign[benefit], sign[harm])

        def chances(angles: Array, pair: tuple[Marginal, Marginal] = pair, signs: tuple[float, float] = signs) -> Array:
            weights = np.stack([np.sin(angles) * signs[0], np.cos(angles) * signs[1]], axis=1)
            return pair_above_zero(*pair, weights, correlation)

        line = tuple(zip(_LINE, chances(np.arctan(_LINE)).tolist(), strict=True))
        wording = f"{_given_up(effects[harm], sign[harm])} for {_won(effects[benefit], sign[benefit])}"
        along = chances(_ANGLES)
        levels = tuple((level, _ranges(chances, along, level)) for level in LEVELS)
        lines.append(TradeOffLine(baseline, benefit, harm, wording, levels, line, better[benefit]))
    return lines


def _won(effect: EndpointEffect, sign: float) -> str:
    return f"one event {'less' if sign < 0 else 'more'} of {effect.label}"


def _given_up(effect: EndpointEffect, sign: float) -> str:
    return f"events of {effect.label} {'accepted' if sign < 0 else 'given up'}"


def _ranges(chances: Callable[[Array], Array], along: Array, level: float) -> tuple[tuple[float, float | None], ...]:
    """Ranges of the tangent of an angle from 0 to a right angle in which a probability is at least a level."""
    nodes = [(float(a), bool(p >= level)) for a, p in zip(_ANGLES, along, strict=True)]
    found: list[tuple[float, float | None]] = [(0.0, None)] if nodes[0][1] else []
    for (a, was), (b, now) in pairwise(nodes):
        if was == now:
            continue
        crossing = float(np.tan(brentq(lambda x: float(chances(np.array([x]))[0]) - level, a, b, xtol=1e-10)))
        if now:
            found.append((crossing, None))
        else:
            found[-1] = (found[-1][0], crossing)
    return tuple(found)
