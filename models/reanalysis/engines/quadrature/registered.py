"""What a model gives the deterministic engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class QuadratureModel:
    """A model of the deterministic engine.

    Parameters
    ----------
    posteriors : callable
        Posteriors of the same data under specifications that differ in the priors of mu and tau alone.
    averages : callable, optional
        The average effects of the same, without all else; by default those of the posteriors.
    alone : callable, optional
        The effect of the only study, without all else; by default that of the posterior.
    """

    posteriors: Callable[[Sequence[ModelSpec], ModelData], list[Posterior]]
    averages: Callable[[Sequence[ModelSpec], ModelData], Sequence[Marginal]] | None = None
    alone: Callable[[ModelSpec, ModelData], Marginal] | None = None

    def average_of_each(self, specs: Sequence[ModelSpec], data: ModelData) -> Sequence[Marginal]:
        """The average effect under each specification."""
        return (self.averages or self._averages)(specs, data)

    def _averages(self, specs: Sequence[ModelSpec], data: ModelData) -> list[Marginal]:
        return [one.overall[one.spec.effect] for one in self.posteriors(specs, data)]

    def effect_of_each(self, specs: Sequence[ModelSpec], data: ModelData, study: str) -> list[Marginal]:
        """The effect of one study under each specification."""
        if len(data.studies) == 1 and self.alone is not None:
            return [self.alone(spec, data) for spec in specs]
        return [one.study[study][one.spec.effect] for one in self.posteriors(specs, data)]
