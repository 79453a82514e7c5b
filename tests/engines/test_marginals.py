"""Marginals on a grid: what is computed of several together is what is computed of each."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.stats import norm

from reanalysis.engines.grid_marginals import GridMarginals
from reanalysis.engines.interpolation import cumulative_integral, integrated
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

X = np.linspace(-6.0, 6.0, 41)
NORMALS = [(-0.4, 0.7), (0.3, 0.8), (0.0, 0.6)]


def densities() -> Array:
    return np.stack([norm.pdf(X, mean, sd) for mean, sd in NORMALS])


def test_marginals_read_together_are_those_of_each() -> None:
    each = GridMarginal.from_densities(X, densities())
    together = GridMarginals(each)
    probabilities = [1e-6, 0.025, 0.5, 0.975]
    mean, sd = together.moments()
    assert mean == pytest.approx([one.mean() for one in each], abs=1e-14)
    assert sd == pytest.approx([one.sd() for one in each], abs=1e-14)
    quantiles = [one.quantile(probabilities) for one in each]
    np.testing.assert_allclose(together.quantile(probabilities), quantiles, atol=1e-12)
    assert together.quantile([0.5])[:, 0] == pytest.approx([mean for mean, _ in NORMALS], abs=1e-6)
    for x in (-7.0, 0.1, 7.0):
        assert together.cdf(x) == pytest.approx([float(one.cdf(x)) for one in each], abs=1e-15)


def test_stretches_integrated_together_are_those_of_each() -> None:
    stretches = ((4, 33), (6, 39), (0, 41))
    parts = [(X[low:high], row[low:high]) for row, (low, high) in zip(densities(), stretches, strict=True)]
    for (x, density), one in zip(parts, GridMarginal.from_stretches(parts), strict=True):
        alone = GridMarginal.from_density(x, density)
        np.testing.assert_allclose(one.x, alone.x, atol=1e-12)
        assert one.mean() == alone.mean()
        np.testing.assert_allclose(one.quantile([0.025, 0.5, 0.975]), alone.quantile([0.025, 0.5, 0.975]), atol=1e-7)


def test_a_density_that_is_not_resolved_leaves_those_beside_it_as_they_are() -> None:
    """The interpolant of a step swings below 0, and what is integrated is the part above: not so of the others."""
    smooth, step, times = densities()[0], X[1] - X[0], 4
    _, alone = integrated(smooth[None], step, times)
    density, beside = integrated(np.stack([smooth, (np.abs(X) < 1).astype(float)]), step, times)
    assert np.array_equal(beside[0], alone[0])
    assert np.array_equal(beside[1], cumulative_integral(density[1], step / times))


def test_a_study_keeps_its_value_where_it_is_copied() -> None:
    study = StudyData("s", Candidates.count(3, 10), Candidates.count(4, 12), 0.02)
    one = StudyLikelihood(study, Distribution("normal", (0.0, 10.0)))
    hash(one)
    copy = pickle.loads(pickle.dumps(one))
    assert copy == one
    assert hash(copy) == hash(one)
    assert "_hash" not in vars(pickle.loads(pickle.dumps(one)))  # another process has other hashes
    lattice = Lattice.covering(-3.0, 3.0, 0.25)
    assert np.array_equal(copy.on(lattice)[0], one.on(lattice)[0])
