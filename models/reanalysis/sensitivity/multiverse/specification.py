"""What is one specification's answer? The headline effect, by quadrature, as a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reanalysis.effects.summary import summarise
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.headline_effect import headline_effect, why_no_effect

Answer = dict[str, float | str]


@dataclass(frozen=True)
class Specification:
    """A specification with the data it selects: what a worker needs, and nothing of the folder."""

    spec: ModelSpec
    data: ModelData


def answers(specifications: Sequence[Specification]) -> list[Answer]:
    """Answer of each specification, in their order."""
    return [answer(one) for one in specifications]


def answer(one: Specification) -> Answer:
    """Headline log odds ratio and its probability of lying below 0; or, under ``reason``, why there is none."""
    reason = why_no_effect(one.spec, one.data)
    if reason:
        return {"reason": reason}
    try:
        effect = headline_effect(fit(one.spec, one.data))
        summary = summarise(effect)
        below = float(effect.cdf(0.0))
    except EngineError as error:
        return {"reason": f"not computed: {error}"}
    comparative = one.data.comparative
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
