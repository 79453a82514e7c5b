"""What the authors' answers are worth: how much better, on the declared weights, one would decide with each of them.

Today's decision is to give the treatment or not, whichever has the higher expected net benefit. An answer that makes
the other one better is worth what the change gains; what a question is worth is the expectation over its possible
answers, each as likely. Where the answers cannot be listed, as for counts that are not reported, no answer can be worth
more than knowing the effects it bears on for certain (EVPPI), which is its bound.

Source: Raiffa and Schlaifer 1961, Applied Statistical Decision Theory, chapter 4; Ades, Lu and Claxton 2004, Med Decis
Making 24:207 (partial perfect information).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from reanalysis.alternatives.questions import Question
from reanalysis.decisions.effects import ControlRisk, EndpointEffect
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.weighted_sum import weighted_sum
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.summary import QuantileTable

_MIXED = ("readings", "denominators")
"""Kinds of choice whose primary level is an average over what an answer would be, and no answer itself."""

_POINTS = (np.arange(4096) + 0.5) / 4096
"""Probabilities at whose quantiles expectations are averaged."""


@dataclass(frozen=True)
class Worth:
    """What the answer to a question is worth."""

    question: Question
    """To the authors."""
    value: float
    """Weighted events per patient of whom it is decided."""
    bound: bool
    """Whether it is what any answer could be worth at most, and not the expectation over possible answers."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return self.question.as_dict() | {"worth": self.value, "worth_is_bound": self.bound}


def worth_of_answers(
    questions: Iterable[Question],
    effects: Mapping[str, EndpointEffect],
    trade_offs: Sequence[TradeOff],
    control_risks: Mapping[str, ControlRisk],
) -> list[Worth]:
    """Questions with what their answers are worth, the largest first, then by how far an answer shifts a result."""
    weights = {one.endpoint: one.weight for one in trade_offs}
    value = {
        e: (-w, risk_difference(effects[e].head.log_odds_ratio, control_risks[e].risk)) for e, w in weights.items()
    }
    today = sum(w * difference.mean() for w, difference in value.values())
    risks = {e: control_risks[e].risk for e in weights}
    found = []
    for question in questions:
        answers = _answers(question, weights, risks)
        if question.influences:
            gains = [_gain(today, today + moved) for moved in answers.values()]
            found.append(Worth(question, float(np.mean(gains)) if gains else 0.0, False))
        else:
            found.append(Worth(question, _perfect(today, [value[e] for e in question.endpoints if e in value]), True))
    return sorted(found, key=lambda one: (-one.value, -(one.question.shift or -1.0)))


def _gain(today: float, with_answer: float) -> float:
    """What the better decision gains over today's, where the answer is known."""
    return max(0.0, with_answer) - (with_answer if today > 0 else 0.0)


def _answers(question: Question, weights: Mapping[str, float], risks: Mapping[str, float]) -> dict[str, float]:
    """By possible answer, by how much it moves expected net benefit: the sum over the endpoints that it bears on."""
    found: dict[str, float] = {}
    for one in question.influences:
        if one.endpoint not in weights or one.primary.table is None:
            continue
        weight, risk = weights[one.endpoint], risks[one.endpoint]
        primary = _mean_difference(one.primary.table, risk)
        if one.kind not in _MIXED:
            found.setdefault(one.primary.label, 0.0)
        for other in one.alternatives:
            if other.table is not None:
                moved = weight * (primary - _mean_difference(other.table, risk))
                found[other.label] = found.get(other.label, 0.0) + moved
    return found


def _mean_difference(log_odds_ratio: QuantileTable, risk: float) -> float:
    """Expected risk difference at a control risk."""
    return float(np.mean(expit(logit(risk) + log_odds_ratio.quantile(_POINTS)))) - risk


def _perfect(today: float, parts: Sequence[tuple[float, Marginal]]) -> float:
    """What knowing some of the effects for certain is worth, the others as they are today and independent."""
    if not parts:
        return 0.0
    known = weighted_sum(parts)
    learnt = today + np.asarray(known.quantile(_POINTS)) - known.mean()
    return max(0.0, float(np.maximum(learnt, 0.0).mean()) - max(0.0, today))
