"""What are joint draws of all logits under quadrature? A sum over studies, as the log likelihood is, has no grid."""

from __future__ import annotations

from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.hierarchy import solve
from reanalysis.engines.quadrature.sampling import CHAINS, sample
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.typing import Array

GRID_DRAWS = 500
"""Draws from the grid, for the rank of the log likelihood alone."""


def grid_logits(posterior: Posterior) -> dict[str, Array]:
    """Independent draws of the control and treated logits of all studies, shape (chains, draws, S)."""
    spec, data = posterior.spec, posterior.data
    studies = [StudyLikelihood.of(study, spec) for study in data.studies]
    joint = solve(studies, spec.priors.mu, spec.priors.tau)
    return sample(spec, data, studies, joint, (), GRID_DRAWS // CHAINS).logits
