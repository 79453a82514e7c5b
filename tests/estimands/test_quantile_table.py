"""A table of quantiles stands for the distribution it was made of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from reanalysis.engines.marginal import DrawsMarginal, GridMarginal
from reanalysis.estimands.summary import tabulate


def normal(mean: float, sd: float) -> GridMarginal:
    x = np.linspace(mean - 9 * sd, mean + 9 * sd, 73)
    return GridMarginal.from_density(x, norm.pdf(x, mean, sd))


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (-1.4, 0.3), (2.0, 0.02)])
def test_interpolation_is_good_to_a_ten_thousandth(mean: float, sd: float) -> None:
    x = np.linspace(mean - 6 * sd, mean + 6 * sd, 2001)
    assert np.abs(tabulate(normal(mean, sd)).cdf(x) - norm.cdf(x, mean, sd)).max() < 1e-4


def test_named_values_are_exact() -> None:
    named = [0.0, 0.2231, -1.01]
    marginal = normal(0.3, 0.7)
    assert tabulate(marginal, named).cdf(named) == pytest.approx(marginal.cdf(named), abs=1e-12)


def test_values_no_distribution_reaches_are_left_out() -> None:
    assert np.isfinite(tabulate(normal(0.0, 1.0), [np.inf, -np.inf]).x).all()


def test_draws_with_ties_give_a_distribution_function() -> None:
    draws = np.round(np.random.default_rng(1).normal(size=(4, 500)), 1)
    table = tabulate(DrawsMarginal(draws), [0.0])
    assert np.all(np.diff(table.x) > 0)
    assert np.all(np.diff(table.probability) >= 0)
