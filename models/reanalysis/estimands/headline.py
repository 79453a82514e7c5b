"""The effect that stands for an endpoint: the average with two comparisons or more, the one study's own with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.engine import effects
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class Headline:
    """The effect reported first."""

    kind: Literal["average", "single study"]
    """Whether several studies were averaged."""
    study: str | None
    """The one study."""
    comparative: tuple[str, ...]
    """Studies that compare two arms."""
    log_odds_ratio: Marginal
    """Its posterior."""


NO_AVERAGE = "no average of several studies without pooling"


def headline_study(data: ModelData) -> str | None:
    """The study whose own effect is the headline of these data: the only comparative one; None for the average."""
    return data.comparative[0] if len(data.comparative) == 1 else None


def why_no_headline(spec: ModelSpec, data: ModelData) -> str:
    """Why a specification of these data stands for no effect; empty where it does for one."""
    if spec.rates:
        return f"{spec.model} has rates of one arm and no effect"
    if spec.pooling not in spec.family.poolings:
        return f"{spec.model} allows {', '.join(spec.family.poolings)} pooling only"
    return NO_AVERAGE if spec.pooling == "none" and headline_study(data) is None else ""


def headline(posterior: Posterior) -> Headline:
    """Headline of a posterior of a model of contrasts.

    With one comparative study it is that study's own effect whatever else entered the fit and lends it strength.

    Raises
    ------
    InvalidInput
        If there is none (see :func:`why_no_headline`).
    """
    comparative, study = posterior.data.comparative, headline_study(posterior.data)
    reason = why_no_headline(posterior.spec, posterior.data)
    if reason:
        raise InvalidInput([f"no headline effect: {reason}"])
    if study is None:
        return Headline("average", None, comparative, posterior.overall["log_odds_ratio"])
    return Headline("single study", study, comparative, posterior.study[study]["log_odds_ratio"])


def headline_effects(specs: Sequence[ModelSpec], data: ModelData) -> list[Marginal | str]:
    """Headline log odds ratio of the same data under each specification, by quadrature and without all else.

    Returns
    -------
    list of Marginal or str
        In the order of ``specs``; why there is none where there is none.
    """
    found: list[Marginal | str] = [why_no_headline(spec, data) for spec in specs]
    asked = [index for index, reason in enumerate(found) if not reason]
    computed = effects([specs[index] for index in asked], data, headline_study(data))
    for index, one in zip(asked, computed, strict=True):
        found[index] = f"not computed: {one}" if isinstance(one, EngineError) else one
    return found
