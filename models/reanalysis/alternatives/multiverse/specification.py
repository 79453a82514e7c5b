"""Answers of specifications: the headline effect of each, by quadrature, as a row of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reanalysis.engines.grid_marginals import GridMarginals
from reanalysis.engines.marginal import GridMarginal, Marginal
from reanalysis.estimands.headline import headline_effects, headline_study
from reanalysis.estimands.summary import LEVEL, summarise
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

Answer = dict[str, float | str]

NUMBERS = ("mean", "sd", "median", "lower", "upper", "p_below_0")
"""Of an answer: the log odds ratio, and the probability that it lies below 0."""


@dataclass(frozen=True)
class Specifications:
    """Specifications of one data set: what a worker needs, and nothing of the folder."""

    data: ModelData
    specs: tuple[ModelSpec, ...]


def answers(sets: Sequence[Specifications]) -> list[list[Answer]]:
    """Answers by data set, in the order of its specifications."""
    return [_answers(headline_effects(each.specs, each.data), each.data) for each in sets]


def _answers(effects: Sequence[Marginal | str], data: ModelData) -> list[Answer]:
    """Headline log odds ratios and their probability of lying below 0, or the reason why there is none."""
    whose = headline_study(data) or "average"
    found: dict[int, Answer] = {i: {"reason": one} for i, one in enumerate(effects) if isinstance(one, str)}
    alike: dict[object, dict[int, GridMarginal]] = defaultdict(dict)
    for i, one in enumerate(effects):
        if isinstance(one, GridMarginal):
            alike[id(one.x), id(one.nodes)][i] = one
        elif not isinstance(one, str):
            moments = {name: value for name, value in summarise(one).as_dict().items() if value is not None}
            found[i] = {"effect": whose} | moments | {"p_below_0": float(one.cdf(0.0))}
    for group in alike.values():
        together = GridMarginals([*group.values()])
        lower, median, upper = together.quantile([(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]).T
        numbers = np.stack([*together.moments(), median, lower, upper, together.cdf(0.0)], axis=1).tolist()
        found |= {
            i: {"effect": whose} | dict(zip(NUMBERS, row, strict=True)) for i, row in zip(group, numbers, strict=True)
        }
    return [found[i] for i in range(len(effects))]
