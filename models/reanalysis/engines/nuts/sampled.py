"""What the sampler returns, and the posterior of one endpoint made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from reanalysis.engines.draws import Draws
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.posterior import Marginals, Posterior, Sampling
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree

Prior = Callable[[ModelSpec, ModelData, int, int], Draws]
"""Draws from the prior: of a specification and its data, so many chains of so many."""

_PRIOR_DRAWS = 1000


@dataclass(frozen=True)
class Sampled:
    """What was sampled of a model."""

    spec: ModelSpec
    data: ModelData
    """What was fitted, to what."""
    parameters: Any
    """Free variables of the compiled model, with padded studies."""
    stats: dict[str, Array]
    """What the sampler says of each draw, shape (chains, draws)."""
    sampling: Sampling
    """What it says of the runs."""


def posterior_of(
    sampled: Sampled,
    data: ModelData,
    draws: Draws,
    prior: Prior | None,
    exchangeable: Mapping[str, float] | None = None,
) -> Posterior:
    """The posterior of one endpoint from its draws; those of its prior where that is proper."""
    spec, chains = sampled.spec, sampled.sampling.runs[-1].chains
    return Posterior(
        spec=spec,
        data=data,
        engine="nuts",
        overall=Marginals({n: partial(DrawsMarginal, v) for n, v in draws.overall.items()}),
        study={
            one.study: Marginals(
                {
                    name: partial(DrawsMarginal, values[..., index])
                    for name, values in draws.study.items()
                    if one.counted or name == spec.effect
                }
            )
            for index, one in enumerate(data.studies)
        },
        make_tree=partial(_tree, spec, data, draws, prior, chains, sampled.stats),
        sampling=sampled.sampling,
        exchangeable=exchangeable or {},
    )


def _tree(
    spec: ModelSpec, data: ModelData, draws: Draws, prior: Prior | None, chains: int, stats: dict[str, Array]
) -> DataTree:
    before = prior and prior(spec, data, chains, _PRIOR_DRAWS)
    return to_tree(spec, data, "nuts", draws, before, stats)
