"""What a model gives the deterministic engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class QuadratureModel:
    """A model of the deterministic engine."""

    posteriors: Callable[[Sequence[ModelSpec], ModelData], list[Posterior]]
    """Posteriors of the same data under specifications that differ in the priors of mu and tau alone."""
    averages: Callable[[Sequence[ModelSpec], ModelData], Sequence[Marginal]] | None = None
    """The average effects of the same, without all else; by default those of the posteriors."""
    effects: Callable[[Sequence[ModelSpec], ModelData, str], Sequence[Marginal | None]] | None = None
    """The effects of one study of the same, without all else, None where only the posterior has it; by default those of
    the posteriors."""

    def average_of_each(self, specs: Sequence[ModelSpec], data: ModelData) -> Sequence[Marginal]:
        """The average effect under each specification."""
        return (self.averages or self._averages)(specs, data)

    def _averages(self, specs: Sequence[ModelSpec], data: ModelData) -> list[Marginal]:
        return [one.overall[one.spec.effect] for one in self.posteriors(specs, data)]

    def effect_of_each(self, specs: Sequence[ModelSpec], data: ModelData, study: str) -> list[Marginal]:
        """The effect of one study under each specification."""
        try:
            shared = [*self.effects(specs, data, study)] if self.effects else []
        except QuadratureError:
            shared = []
        found = dict(enumerate(shared or [None] * len(specs)))
        left = [index for index, one in found.items() if one is None]
        if left:
            posteriors = self.posteriors([specs[index] for index in left], data)
            found |= {i: one.study[study][one.spec.effect] for i, one in zip(left, posteriors, strict=True)}
        return [one for one in found.values() if one is not None]
