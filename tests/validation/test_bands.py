"""A band holds uniform ranks as often as it says, all of them at once, and lets nothing else through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from reanalysis.validation.calibration.bands import bands, covered_limits, within
from reanalysis.validation.calibration.verdict import LEVEL, PER_QUANTITY, judge, level_of_each


def test_one_node_is_a_binomial() -> None:
    found = within(40, np.array([0.3]), np.array([8.0]), np.array([15.0]))
    assert found == pytest.approx(binom.cdf(15, 40, 0.3) - binom.cdf(7, 40, 0.3), abs=1e-12)


def test_limits_that_exclude_nothing_hold_everything() -> None:
    z = np.arange(1, 10) / 10
    assert within(25, z, np.zeros(9), np.full(9, 25.0)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("count", [30, 400])
def test_bands_hold_simulated_uniform_ranks_with_their_level(count: int) -> None:
    band = bands(count, 0.9)
    rng = np.random.default_rng(3)
    held = np.mean([band.inside(rng.uniform(size=count)) for _ in range(4000)])
    exact = within(count, band.nodes, band.lower * count, band.upper * count)
    assert exact >= 0.9
    assert held == pytest.approx(exact, abs=4 * np.sqrt(0.09 / 4000))


def test_bands_are_as_wide_as_those_that_arviz_simulates() -> None:
    from arviz_stats.ecdf_utils import get_pointwise_confidence_band, simulate_confidence_bands

    band = bands(250, 0.95)
    share = simulate_confidence_bands(250, 1, band.nodes, 0.95, 4000, np.random.default_rng(1))
    lower, upper = get_pointwise_confidence_band(share, 250, band.nodes)
    assert np.max(np.abs(lower - band.lower)) <= 2.5 / 250
    assert np.max(np.abs(upper - band.upper)) <= 2.5 / 250


def test_bands_narrow_with_replicates_and_widen_with_checks() -> None:
    def width(count: int, level: float) -> float:
        band = bands(count, level)
        return float((band.upper - band.lower).max())

    assert width(1000, 0.95) < width(100, 0.95)
    assert width(1000, level_of_each(160)) > width(1000, 0.95)


def test_the_level_of_all_checks_is_shared() -> None:
    assert level_of_each(1) == pytest.approx(LEVEL)
    assert 160 * (1 - level_of_each(160)) == pytest.approx(1 - LEVEL)


def test_limits_of_coverage_hold_their_share() -> None:
    low, high = covered_limits(1000, 0.8, 0.99)
    assert binom.cdf(high, 1000, 0.8) - binom.cdf(low - 1, 1000, 0.8) >= 0.99
    assert binom.cdf(high - 1, 1000, 0.8) - binom.cdf(low, 1000, 0.8) < 0.99


def table(ranks: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"engine": "quadrature", "design": "one study", "replicate": range(len(ranks))})
    return frame.assign(error=None, average=ranks)


def test_uniform_ranks_are_inside() -> None:
    ranks = (np.arange(1000) + 0.5) / 1000
    (row,) = judge(table(ranks)).to_dict("records")
    assert row["inside"]
    assert row["ranks_inside"]
    assert row["covered_80"] == pytest.approx(0.8, abs=0.002)
    assert row["largest"] < 0.1


@pytest.mark.parametrize(
    ("shape", "name"),
    [((0.7, 0.7), "too narrow"), ((1.5, 1.5), "too wide"), ((1.3, 1.0), "too low"), ((1.0, 1.3), "too high")],
)
def test_ranks_of_a_posterior_that_is_wrong_are_outside(shape: tuple[float, float], name: str) -> None:
    ranks = np.random.default_rng(5).beta(*shape, size=1000)
    (row,) = judge(table(ranks), checks=160).to_dict("records")
    assert not row["inside"], name
    assert row["largest"] > 1


def test_intervals_can_fall_outside_where_ranks_alone_do_not() -> None:
    # mass moved symmetrically across the ends of the 50 % interval moves coverage twice as much as any one ECDF value
    ranks = (np.arange(1000) + 0.5) / 1000
    near = (np.abs(np.abs(ranks - 0.5) - 0.25) < 0.06) & (np.abs(ranks - 0.5) > 0.25)
    moved = np.where(near, 0.5 + np.sign(ranks - 0.5) * (0.25 - 0.001), ranks)
    (row,) = judge(table(moved), checks=PER_QUANTITY).to_dict("records")
    assert row["covered_50"] > row["covered_50_high"]
    assert not row["inside"]


def test_a_replicate_without_a_posterior_is_not_ranked() -> None:
    ranks = (np.arange(1000) + 0.5) / 1000
    ranks[::100] = np.nan
    (row,) = judge(table(ranks)).to_dict("records")
    assert row["replicates"] == 990
