"""Reported effects against draws and direct integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from engines.builders import ICANS, data, spec, study, two_arms
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import DrawsMarginal, GridMarginal
from reanalysis.estimands.measures import new_ratio_moments, odds_ratio, risk_difference, risk_ratio_at
from reanalysis.estimands.risks import beyond_margins, number_needed, within_rope
from reanalysis.estimands.summary import direction
from reanalysis.estimands.table import estimates
from reanalysis.model.distributions import Distribution

MEAN, SD = -0.4, 0.5
NODES = np.linspace(MEAN - 9 * SD, MEAN + 9 * SD, 200)
EXACT = GridMarginal.from_density(NODES, norm.pdf(NODES, MEAN, SD))
DRAWN = DrawsMarginal(np.random.default_rng(1).normal(MEAN, SD, (4, 50_000)))


def test_the_odds_ratio_of_a_normal_effect_is_lognormal() -> None:
    ratio = odds_ratio(EXACT)
    mean = np.exp(MEAN + SD**2 / 2)
    assert ratio.mean() == pytest.approx(mean, rel=1e-6)
    assert ratio.sd() == pytest.approx(mean * np.sqrt(np.exp(SD**2) - 1), rel=1e-6)
    assert ratio.quantile([0.025, 0.975]) == pytest.approx(np.exp(MEAN + SD * norm.ppf([0.025, 0.975])), rel=1e-5)


@pytest.mark.parametrize("baseline", [0.02, 0.3, 0.9])
def test_risk_difference_and_ratio_at_a_baseline_agree_with_draws(baseline: float) -> None:
    moved = expit(logit(baseline) + DRAWN.draws)
    for exact, draws in (
        (risk_difference(EXACT, baseline), moved - baseline),
        (risk_ratio_at(EXACT, baseline), moved / baseline),
    ):
        error = draws.std() / np.sqrt(draws.size)
        assert exact.mean() == pytest.approx(draws.mean(), abs=5 * error)
        assert exact.quantile([0.1, 0.5, 0.9]) == pytest.approx(np.quantile(draws, [0.1, 0.5, 0.9]), abs=10 * error)


def test_probabilities_are_areas_of_the_same_normal() -> None:
    assert direction(EXACT, "lower").benefit == pytest.approx(norm.cdf(0, MEAN, SD), abs=1e-6)
    assert direction(EXACT, "higher").benefit == pytest.approx(1 - norm.cdf(0, MEAN, SD), abs=1e-6)
    assert direction(EXACT, None).benefit is None
    low, high = (logit(0.3 + d) - logit(0.3) for d in (-0.05, 0.05))
    (beyond,) = beyond_margins(EXACT, 0.3, (5.0,))
    assert beyond.fewer == pytest.approx(norm.cdf(low, MEAN, SD), abs=1e-6)
    assert beyond.more == pytest.approx(norm.sf(high, MEAN, SD), abs=1e-6)
    assert within_rope(EXACT, 0.3, 5.0) == pytest.approx(1 - beyond.fewer - beyond.more, abs=1e-9)


def test_a_number_needed_whose_difference_spans_0_has_two_pieces_that_meet_at_infinity() -> None:
    found = number_needed(-0.1, -0.25, 0.05, lower_is_better=True)
    assert (found.side, found.median) == ("benefit", 10)
    assert [(p.side, p.low, p.high) for p in found.pieces] == [("benefit", 4, None), ("harm", 20, None)]
    (piece,) = number_needed(-0.1, -0.25, -0.05, lower_is_better=True).pieces
    assert (piece.side, piece.low, piece.high) == ("benefit", 4, 20)


def test_study_quantities_agree_with_a_direct_double_integral() -> None:
    found = estimates(fit(spec(pooling="none"), two_arms([(3, 20, 7, 21)])))["study"]["s00"]
    a, d = np.meshgrid(np.linspace(-12, 12, 1201), np.linspace(-6, 6, 801))
    log_mass = norm.logpdf(a + d / 2, 0, 10) + norm.logpdf(d, 0, 1)
    for x, n, eta in ((3, 20, a), (7, 21, a + d)):
        log_mass = log_mass - x * np.logaddexp(0, -eta) - (n - x) * np.logaddexp(0, eta)
    mass = np.exp(log_mass - log_mass.max())
    mass /= mass.sum()
    control, treated = expit(a), expit(a + d)
    for name, value in (
        ("odds_ratio", np.exp(d)), ("risk_ratio", treated / control), ("risk_difference", treated - control),
        ("control_rate", control), ("treated_rate", treated),
    ):  # fmt: skip
        mean = (mass * value).sum()
        assert found[name]["mean"] == pytest.approx(mean, rel=1e-4), name
        assert found[name]["sd"] == pytest.approx(np.sqrt((mass * (value - mean) ** 2).sum()), rel=1e-4), name


@pytest.mark.parametrize(
    ("tau", "moments"),
    [("halfnormal(0.4)", 2), ("halfnormal(0.5)", 1), ("halfnormal(1)", 0), ("lognormal(-1,1)", 0), ("uniform(0,2)", 2)],
)
def test_the_odds_ratio_of_a_new_study_has_only_the_moments_that_exist(tau: str, moments: int) -> None:
    assert new_ratio_moments(Distribution.parse(tau)) == moments
    found = estimates(fit(spec(tau=tau), two_arms([(3, 20, 7, 21), (4, 30, 9, 31)])))["odds_ratio_new"]
    assert (found["mean"] is not None, found["sd"] is not None) == (moments > 0, moments > 1)


@pytest.mark.parametrize("model", ["contrast", "exnex"])
def test_the_mean_odds_ratio_of_a_new_study_is_that_of_its_mixture(model: str) -> None:
    """With nothing observed mu and tau have their priors: E exp(k mu) = exp(k^2 / 2), E exp(k^2 tau^2 / 2) closed."""
    found = estimates(fit(spec(model, tau="halfnormal(0.25)"), data(study("a", (0, 0)))))["odds_ratio_new"]
    moments = [np.exp(k**2 / 2) / np.sqrt(1 - (k * 0.25) ** 2) for k in (1, 2)]
    if model == "exnex":  # half of the new studies stand alone, Normal(0, 1.5^2)
        moments = [(m + np.exp(1.125 * k**2)) / 2 for k, m in zip((1, 2), moments, strict=True)]
    assert found["mean"] == pytest.approx(moments[0], rel=1e-4)
    assert found["sd"] == pytest.approx(np.sqrt(moments[1] - moments[0] ** 2), rel=1e-3)


def test_rounding_in_the_tail_of_a_new_effect_is_not_magnified() -> None:
    posterior = fit(spec(), ICANS)
    new = posterior.overall["log_odds_ratio_new"]
    drawn = np.exp(posterior.tree()["posterior"]["log_odds_ratio_new"].values)
    error = drawn.std() / np.sqrt(drawn.size)
    assert odds_ratio(new).mean() == pytest.approx(drawn.mean(), abs=4 * error)
