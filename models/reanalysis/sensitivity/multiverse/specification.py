"""Answers of specifications: the headline effect of each, by quadrature, as a row of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reanalysis.effects.headline import headline, why_no_headline
from reanalysis.effects.summary import summarise
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature.engine import effect_alone, fit_each
from reanalysis.model.data import ModelData
from reanalysis.model.spec import DEFAULT_PRIORS, ModelSpec

Answer = dict[str, float | str]


@dataclass(frozen=True)
class Specification:
    """A specification with the data it selects: what a worker needs, and nothing of the folder."""

    spec: ModelSpec
    data: ModelData


def answers(specifications: Sequence[Specification]) -> list[Answer]:
    """Answer of each specification, in their order; those that differ in the prior of mu alone share their fit."""
    found: dict[int, Answer] = {}
    alike: dict[object, list[int]] = defaultdict(list)
    for index, one in enumerate(specifications):
        reason = why_no_headline(one.spec, one.data)
        if reason:
            found[index] = {"reason": reason}
        else:
            mu = DEFAULT_PRIORS["contrast"].mu
            alike[one.data, replace(one.spec, priors=replace(one.spec.priors, mu=mu))].append(index)
    for group in alike.values():
        found |= dict(zip(group, _answers_alike([specifications[i] for i in group]), strict=True))
    return [found[index] for index in range(len(specifications))]


def _answers_alike(group: Sequence[Specification]) -> list[Answer]:
    data = group[0].data
    try:
        if len(data.studies) == 1:
            return [_answer(effect_alone(one.spec, data), data) for one in group]
        posteriors = fit_each([one.spec for one in group], data, averages_only=len(data.comparative) != 1)
        return [_answer(headline(posterior).log_odds_ratio, data) for posterior in posteriors]
    except EngineError as error:
        if len(group) == 1:
            return [{"reason": f"not computed: {error}"}]
        return [answer for one in group for answer in _answers_alike([one])]


def _answer(effect: Marginal, data: ModelData) -> Answer:
    """Headline log odds ratio and its probability of lying below 0."""
    summary = summarise(effect)
    below = float(effect.cdf(0.0))
    comparative = data.comparative
    assert summary.mean is not None
    assert summary.sd is not None
    return {
        "effect": comparative[0] if len(comparative) == 1 else "average",
        "mean": summary.mean,
        "sd": summary.sd,
        "median": summary.median,
        "lower": summary.lower,
        "upper": summary.upper,
        "p_below_0": below,
    }
