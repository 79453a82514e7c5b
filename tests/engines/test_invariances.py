"""What must not change a posterior does not, and special cases are what they reduce to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit

from engines.builders import BCG, BETA_BLOCKERS, ICANS, data, one_arm, spec, study, two_arms
from reanalysis.engines.errors import EngineError, QuadratureError
from reanalysis.engines.fit import fit
from reanalysis.estimands.table import estimates
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData

ROWS = [(3, 20, 7, 21), (4, 30, 9, 31), (10, 40, 8, 38)]


def average(on: ModelData, **settings: object) -> np.ndarray:
    marginal = fit(spec(**settings), on).overall["log_odds_ratio"]
    return np.array([marginal.mean(), marginal.sd(), *marginal.quantile([0.025, 0.5, 0.975])])


def test_order_of_studies_changes_nothing() -> None:
    backwards = replace(ICANS, studies=ICANS.studies[::-1])
    assert average(backwards) == pytest.approx(average(ICANS), abs=1e-10)


def test_names_of_studies_change_nothing() -> None:
    renamed = replace(ICANS, studies=tuple(replace(s, study=f"z{i}") for i, s in enumerate(ICANS.studies)))
    assert np.array_equal(average(renamed), average(ICANS))


def test_counting_non_events_turns_the_sign() -> None:
    other = two_arms([(n0 - x0, n0, n1 - x1, n1) for x0, n0, x1, n1 in ROWS])
    here, there = average(two_arms(ROWS)), average(other)
    assert there[[0, 1, 3]] == pytest.approx(here[[0, 1, 3]] * [-1, 1, -1], abs=1e-7)
    assert there[2] == pytest.approx(-here[4], abs=1e-6)


def test_equal_candidates_merge_into_one_with_their_weights() -> None:
    apart = Candidates((3, 3, 5), (20, 20, 25), (1, 2, 3))
    merged = Candidates((3, 5), (20, 25), (3, 3))
    first, second = (data(study("a", c, (7, 21)), study("b", (4, 30), (9, 31))) for c in (apart, merged))
    assert average(first) == pytest.approx(average(second), abs=1e-9)


def test_a_study_without_patients_adds_nothing() -> None:
    with_empty = data(*two_arms(ROWS).studies, study("nobody", (0, 0), (0, 0)))
    assert average(with_empty) == pytest.approx(average(two_arms(ROWS)), abs=1e-7)


def test_k_of_one_with_whole_products_is_the_unweighted_count() -> None:
    counted, weighted = Candidates.count(12, 60), Candidates.count(24, 120).scaled(0.5)
    assert average(data(study("a", weighted, (7, 21)))) == pytest.approx(
        average(data(study("a", counted, (7, 21)))), abs=1e-12
    )


def test_complete_pooling_is_where_heterogeneity_vanishes() -> None:
    assert average(two_arms(ROWS), tau="halfnormal(0.0005)") == pytest.approx(
        average(two_arms(ROWS), pooling="complete"), abs=1e-5
    )


def test_without_pooling_a_study_is_a_direct_double_integral() -> None:
    marginal = fit(spec(pooling="none"), two_arms(ROWS)).study["s00"]["log_odds_ratio"]

    middle, effect = np.meshgrid(np.linspace(-11, 11, 2201), np.linspace(-6, 6, 1201))
    density = (
        stats.binom.pmf(3, 20, expit(middle - effect / 2))
        * stats.binom.pmf(7, 21, expit(middle + effect / 2))
        * stats.norm.pdf(middle, 0, 10)
        * stats.norm.pdf(effect, 0, 1)
    )
    along = integrate.simpson(density, axis=1)
    total = integrate.simpson(along)
    assert marginal.cdf(0.0) == pytest.approx(integrate.simpson(along[:601]) / total, abs=1e-6)
    assert marginal.mean() == pytest.approx(integrate.simpson(along * effect[:, 0]) / total, abs=1e-6)


def test_vaccine_trials_agree_with_the_published_random_effects_meta_analysis() -> None:
    """Log odds ratio -0.7474 (-1.1242 to -0.3706), tau^2 0.3378 by REML: Viechtbauer 2010, J Stat Softw 36(3)."""
    marginals = fit(spec(mu="normal(0,10)", tau="uniform(0,10)", baseline="normal(0,10)"), two_arms(BCG)).overall
    assert marginals["log_odds_ratio"].quantile(0.5) == pytest.approx(-0.7474, abs=0.05)
    assert marginals["tau"].quantile(0.5) == pytest.approx(np.sqrt(0.3378), abs=0.15)


def test_beta_blocker_trials_agree_with_the_published_hierarchical_model() -> None:
    """BDA3 table 5.4: average log odds ratio median -0.25 (-0.37 to -0.11), SD of the effects 0.13 (0.02 to 0.31)."""
    marginals = fit(
        spec(mu="normal(0,10)", tau="uniform(0,10)", baseline="normal(0,10)"), two_arms(BETA_BLOCKERS)
    ).overall
    assert marginals["log_odds_ratio"].quantile([0.025, 0.5, 0.975]) == pytest.approx([-0.37, -0.25, -0.11], abs=0.03)
    assert marginals["tau"].quantile(0.5) == pytest.approx(0.13, abs=0.03)


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 12, 0, 14), (0, 30, 30, 30), (12, 12, 0, 9), (1, 3, 0, 200)],
        [(0, 1, 0, 1)],
        [(1, 1, 1, 1), (0, 400, 0, 400)],
        [(500_000, 1_000_000, 501_000, 1_000_000), (3, 20, 7, 21)],
    ],
)
@pytest.mark.parametrize(
    "tau", ["halfnormal(0.25)", "halfnormal(1)", "lognormal(-0.935,0.76)", "lognormal(-1.245,0.76)"]
)
def test_hard_counts_are_finite_under_every_prior_of_heterogeneity(rows: list[tuple[int, ...]], tau: str) -> None:
    found = estimates(fit(spec(tau=tau), two_arms(rows)))
    for one in (found["log_odds_ratio"], found["tau"], *(q for s in found["study"].values() for q in s.values())):
        assert np.isfinite([v for v in one.values() if v is not None]).all()
        assert one["lower"] <= one["median"] <= one["upper"]


@pytest.mark.parametrize("arm", ["control", "treated"])
def test_a_registry_arm_without_a_partner_is_summed_on_a_small_grid(arm: str) -> None:
    registry = study("registry", **{arm: (1049, 30_000)})
    posterior = fit(spec(), data(study("a", (3, 20), (7, 21)), registry))
    logit = posterior.study["registry"][f"{arm}_logit"]
    assert expit(logit.mean()) == pytest.approx(1049 / 30_000, rel=0.01)
    difference = posterior.study["registry"]["risk_difference"]
    assert difference.cdf(difference.quantile([0.1, 0.5, 0.9])) == pytest.approx([0.1, 0.5, 0.9], abs=1e-6)


def test_priors_too_wide_for_large_arms_are_refused_and_not_allocated() -> None:
    wide = spec(mu="normal(0,1000)", tau="uniform(0,500)", baseline="normal(0,1000)")
    with pytest.raises(EngineError, match="too large a grid"):
        estimates(fit(wide, two_arms([(500_000, 1_000_000, 501_000, 1_000_000)] * 2)))


@pytest.mark.parametrize("tau", ["lognormal(-9,3)", "lognormal(0,3)"])
@pytest.mark.parametrize("rows", [ROWS, [(0, 1, 0, 1)], [(1, 1, 1, 1), (0, 400, 0, 400)]])
def test_a_heterogeneity_over_many_orders_of_magnitude_is_answered_or_refused(
    rows: list[tuple[int, ...]], tau: str
) -> None:
    try:
        found = estimates(fit(spec(tau=tau), two_arms(rows)))
    except QuadratureError as refused:
        advice = str(refused)
    else:
        advice = "prior"
        assert 0 < found["tau"]["lower"] < found["tau"]["median"] < found["tau"]["upper"]
    assert "prior" in advice or "heterogeneity" in advice


def test_a_flat_heterogeneity_up_to_fifty_is_answered_on_small_studies() -> None:
    """Under a wide enough prior the posterior no longer depends on where it ends."""
    fifty, hundred = (estimates(fit(spec(tau=f"uniform(0,{end})"), two_arms(ROWS))) for end in (50, 100))
    assert fifty["log_odds_ratio"] == pytest.approx(hundred["log_odds_ratio"], abs=2e-3)


def test_a_narrow_average_under_a_wide_heterogeneity_fits() -> None:
    found = estimates(fit(spec(mu="normal(0,0.001)", tau="uniform(0,50)"), two_arms([(0, 1, 0, 1)])))
    assert found["log_odds_ratio"]["sd"] == pytest.approx(0.001, rel=1e-3)


def test_seventy_one_single_arms_and_a_thousand_are_finite() -> None:
    for count in (71, 1000):
        marginals = fit(spec("rates"), one_arm([(i % 5, 20 + i % 7) for i in range(count)])).overall
        assert np.isfinite([marginals["logit_rate"].mean(), marginals["tau"].mean()]).all()
