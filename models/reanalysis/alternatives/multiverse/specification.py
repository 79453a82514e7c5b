"""Answers of specifications: the headline effect of each, by quadrature, as a row of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature.engine import effect_alone, fit, fit_averages
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.summary import summarise
from reanalysis.model.data import ModelData
from reanalysis.model.spec import DEFAULT_PRIORS, ModelSpec

Answer = dict[str, float | str]


@dataclass(frozen=True)
class Specification:
    """A specification with the data it selects: what a worker needs, and nothing of the folder."""

    spec: ModelSpec
    data: ModelData


def answers(specifications: Sequence[Specification]) -> list[Answer]:
    """Answer of each specification, in their order; those that differ in the priors of mu and tau share their fit."""
    found: dict[int, Answer] = {}
    alike: dict[object, list[int]] = defaultdict(list)
    for index, one in enumerate(specifications):
        reason = why_no_headline(one.spec, one.data)
        if reason:
            found[index] = {"reason": reason}
        else:
            priors = replace(DEFAULT_PRIORS["contrast"], baseline=one.spec.priors.baseline)
            alike[one.data, replace(one.spec, priors=priors)].append(index)
    for group in alike.values():
        found |= dict(zip(group, _answers_alike([specifications[i] for i in group]), strict=True))
    return [found[index] for index in range(len(specifications))]


def _answers_alike(group: Sequence[Specification]) -> list[Answer]:
    data, specs = group[0].data, [one.spec for one in group]
    try:
        if len(data.studies) == 1:
            return [_answer(effect_alone(spec, data), data) for spec in specs]
        if len(data.comparative) == 1:
            return [_answer(headline(fit(spec, data)).log_odds_ratio, data) for spec in specs]
        return [_answer(effect, data) for effect in fit_averages(specs, data)]
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
