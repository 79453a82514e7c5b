"""The likelihood of a print: closed forms, limits, symmetry and normalisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.likelihood import information, log_likelihood, log_likelihood_on_grid, log_pmf

LOGITS = np.linspace(-8, 8, 33)

sizes = st.integers(1, 200)
logits = st.floats(-8, 8)
rhos = st.one_of(st.just(0.0), st.floats(1e-6, 0.9))


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(sizes)
    return draw(st.integers(0, n)), n


@st.composite
def prints(draw: st.DrawFn) -> Candidates:
    pairs = draw(st.lists(counts(), min_size=1, max_size=6))
    weight = draw(st.lists(st.floats(0.01, 1), min_size=len(pairs), max_size=len(pairs)))
    return Candidates(tuple(float(x) for x, _ in pairs), tuple(float(n) for _, n in pairs), tuple(weight))


@given(counts(), logits)
def test_without_correlation_it_is_the_binomial(count: tuple[int, int], logit: float) -> None:
    x, n = count
    assert log_pmf(x, n, logit, 0.0) == pytest.approx(stats.binom.logpmf(x, n, expit(logit)), rel=1e-9, abs=1e-9)


@given(counts(), logits, st.floats(1e-3, 0.9))
def test_with_correlation_it_is_the_beta_binomial(count: tuple[int, int], logit: float, rho: float) -> None:
    x, n = count
    precision = 1 / rho - 1
    expected = stats.betabinom.logpmf(x, n, expit(logit) * precision, expit(-logit) * precision)
    assert log_pmf(x, n, logit, rho) == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_a_correlation_of_zero_among_others_is_exactly_the_binomial() -> None:
    rho = np.where(np.arange(33) % 2, 0.1, 0.0)
    mixed = log_pmf(7, 20, LOGITS, rho)
    assert np.array_equal(mixed[::2], log_pmf(7, 20, LOGITS, 0.0)[::2])
    assert not np.isclose(mixed[1::2], log_pmf(7, 20, LOGITS, 0.0)[1::2]).any()


@pytest.mark.parametrize(("x", "n"), [(0, 20), (7, 20), (20, 20), (1, 2), (0, 1)])
def test_it_leaves_the_binomial_as_fast_as_the_correlation_grows(x: int, n: int) -> None:
    """Its derivative by the correlation at 0 in closed form, from the product form of the probability."""
    logit = np.linspace(-2, 2, 17)
    p, q = expit(logit), expit(-logit)
    slope = x * (x - 1) / (2 * p) + (n - x) * (n - x - 1) / (2 * q) - n * (n - 1) / 2
    moved = (log_pmf(x, n, logit, 1e-5) - log_pmf(x, n, logit, 0.0)) / 1e-5
    assert moved == pytest.approx(slope, rel=1e-2, abs=0.05)
    for rho in (1e-6, 1e-5, 1e-4):
        assert np.abs(log_pmf(x, n, logit, rho) - log_pmf(x, n, logit, 0.0)).max() < 2000 * rho


@settings(max_examples=40)
@given(sizes, logits, rhos)
def test_probabilities_of_all_counts_sum_to_one(n: int, logit: float, rho: float) -> None:
    assert np.exp(log_pmf(np.arange(n + 1), n, logit, rho)).sum() == pytest.approx(1, abs=1e-7)


@given(counts(), logits, st.floats(1e-3, 0.9))
def test_its_mean_and_variance_are_those_of_correlated_patients(
    count: tuple[int, int], logit: float, rho: float
) -> None:
    n, x = count[1], np.arange(count[1] + 1)
    mass, p = np.exp(log_pmf(x, n, logit, rho)), expit(logit)
    mean = mass @ x
    assert mean == pytest.approx(n * p, rel=1e-6)
    assert mass @ (x - mean) ** 2 == pytest.approx(n * p * (1 - p) * (1 + (n - 1) * rho), rel=1e-5)


@given(counts(), logits, rhos)
def test_counting_non_events_turns_the_logit(count: tuple[int, int], logit: float, rho: float) -> None:
    x, n = count
    assert log_pmf(n - x, n, -logit, rho) == pytest.approx(log_pmf(x, n, logit, rho), rel=1e-9, abs=1e-8)


@given(prints(), rhos)
def test_counting_non_events_turns_the_logit_of_a_whole_print(arm: Candidates, rho: float) -> None:
    turned = Candidates(tuple(n - x for x, n in zip(arm.events, arm.n, strict=True)), arm.n, arm.weight)
    assert log_likelihood(turned, -LOGITS, rho) == pytest.approx(log_likelihood(arm, LOGITS, rho), abs=1e-7)
    assert information(turned, rho) == pytest.approx(information(arm, rho), rel=1e-9)


@given(counts(), rhos)
def test_one_candidate_is_the_count(count: tuple[int, int], rho: float) -> None:
    assert np.array_equal(log_likelihood(Candidates.count(*count), LOGITS, rho), log_pmf(*count, LOGITS, rho))


@given(prints(), rhos)
def test_candidates_mix_by_their_weights(arm: Candidates, rho: float) -> None:
    each = [np.exp(log_pmf(x, n, LOGITS, rho)) for x, n in zip(arm.events, arm.n, strict=True)]
    mixed = sum(weight * one for weight, one in zip(arm.weight, each, strict=True))
    with np.errstate(divide="ignore"):
        assert np.exp(log_likelihood(arm, LOGITS, rho)) == pytest.approx(mixed, rel=1e-9, abs=1e-300)


@given(counts(), st.sampled_from([1, 2, 4, 8]))
def test_weighting_with_whole_products_is_the_count(count: tuple[int, int], times: int) -> None:
    x, n = count
    weighted = Candidates.count(x * times, n * times).scaled(1 / times)
    assert np.array_equal(log_likelihood(weighted, LOGITS, 0.02), log_likelihood(Candidates.count(x, n), LOGITS, 0.02))


def test_a_factor_of_nothing_leaves_no_information() -> None:
    nothing = Candidates.count(7, 20).scaled(0)
    assert log_likelihood(nothing, LOGITS, 0.02) == pytest.approx(0, abs=1e-12)
    assert information(nothing, 0.02) == 0


def test_an_arm_never_counts_for_more_than_one_over_the_correlation() -> None:
    for n in (10, 100, 10_000, 1_000_000):
        assert information(Candidates.count(n / 2, n), 0.02) <= 0.25 / 0.02
    assert information(Candidates.count(5, 10), 0.0) == pytest.approx(2.5)


@settings(max_examples=30)
@given(prints(), rhos, st.integers(-200, 200), st.integers(1, 40))
def test_a_grid_holds_the_likelihood_at_its_nodes(arm: Candidates, rho: float, first: int, size: int) -> None:
    at = 0.05 * (first + np.arange(size))
    assert log_likelihood_on_grid(arm, rho, 0.05, first, size) == pytest.approx(log_likelihood(arm, at, rho), abs=1e-9)


@pytest.mark.parametrize("rho", [0.0, 0.02])
def test_extreme_logits_stay_finite_or_impossible(rho: float) -> None:
    values = log_pmf([[0], [7], [20]], 20, np.array([-700.0, 700.0]), rho)
    assert not np.isnan(values).any()
    assert values[0, 0] == pytest.approx(0, abs=1e-9)
    assert values[2, 1] == pytest.approx(0, abs=1e-9)
    assert (values[[0, 2], [1, 0]] < -30).all()
