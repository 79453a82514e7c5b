"""Answers of specifications: the headline effect of each, by quadrature, as a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.headline import headline_effects, headline_study
from reanalysis.estimands.summary import summarise
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

Answer = dict[str, float | str]


@dataclass(frozen=True)
class Specifications:
    """Specifications of one data set: what a worker needs, and nothing of the folder."""

    data: ModelData
    specs: tuple[ModelSpec, ...]


def answers(sets: Sequence[Specifications]) -> list[list[Answer]]:
    """Answers by data set, in the order of its specifications."""
    return [[_answer(one, each.data) for one in headline_effects(each.specs, each.data)] for each in sets]


def _answer(effect: Marginal | str, data: ModelData) -> Answer:
    """Headline log odds ratio and its probability of lying below 0, or the reason why there is none."""
    if isinstance(effect, str):
        return {"reason": effect}
    summary = summarise(effect)
    assert summary.mean is not None
    assert summary.sd is not None
    return {
        "effect": headline_study(data) or "average",
        "mean": summary.mean,
        "sd": summary.sd,
        "median": summary.median,
        "lower": summary.lower,
        "upper": summary.upper,
        "p_below_0": float(effect.cdf(0.0)),
    }
