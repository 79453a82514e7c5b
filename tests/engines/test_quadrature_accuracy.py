"""Quadrature against an independent brute-force posterior: every statistic within 1e-3 posterior SD."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from engines.brute_force import BruteForce, errors
from engines.builders import ICANS, candidates, data, one_arm, ratio, spec, study, two_arms
from engines.frozen_priors import frozen
from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.fit import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

TOLERANCE = 1e-3

LATENT = Candidates((6, 12, 18), (10, 20, 30), (0.2, 0.6, 0.2))
INTERVAL = Candidates((0, 1), (25, 25), (1, 1))
WEIGHTED = Candidates.count(0.75 * 110 * 0.234, 0.75 * 110)

CASES: dict[str, ModelData] = {
    "three anakinra cohorts": ICANS,
    "plain counts": two_arms([(3, 20, 7, 21), (4, 30, 9, 31), (10, 40, 8, 38)]),
    "latent denominator, interval, weighted pseudo-counts and rho": data(
        study("a", LATENT, (7, 20), 0.02), study("b", (3, 24), INTERVAL, 0.02), study("c", WEIGHTED, (18, 46), 0.01)
    ),
    "zero cells and a ratio": data(study("a", (0, 15), (3, 18)), study("b", (5, 30), (0, 12)), ratio("c", 0.8, 0.6)),
}

TAU = (0.0, 0.05, 0.15, 0.4, 0.8, 1.6, 3.3)


def brute(found: ModelSpec, on: ModelData) -> BruteForce:
    return BruteForce(found, on, (-20.0, 20.0, 0.08), (-6.4, 6.4, 0.08), TAU, order=10, baseline=(-100.0, 100.0))


@pytest.mark.parametrize("name", CASES)
def test_partial_pooling_agrees_with_brute_force(name: str) -> None:
    found, on = spec(), CASES[name]
    posterior, truth = fit(found, on), brute(found, on)
    wrong = {
        "average": errors(posterior.overall["log_odds_ratio"], truth.average()),
        "tau": errors(posterior.overall["tau"], truth.heterogeneity()),
        "new": errors(posterior.overall["log_odds_ratio_new"], truth.new_effect()),
    }
    for index, one in enumerate(on.studies):
        wrong[one.study] = errors(posterior.study[one.study]["log_odds_ratio"], truth.study_effect(index))
        if one.adjusted is None:
            for quantity, exact in truth.study_quantities(index).items():
                wrong[f"{one.study} {quantity}"] = errors(posterior.study[one.study][quantity], exact)
    worst = max((value, name, which) for name, by in wrong.items() for which, value in by.items())
    assert worst[0] < TOLERANCE, worst
    assert posterior.log_evidence == pytest.approx(truth.log_evidence, abs=1e-4)


@pytest.mark.parametrize("pooling", ["none", "complete"])
def test_fixed_pooling_agrees_with_brute_force(pooling: str) -> None:
    found, on = spec(pooling=pooling), CASES["latent denominator, interval, weighted pseudo-counts and rho"]
    posterior, truth = fit(found, on), brute(found, on)
    wrong = {}
    if pooling == "complete":
        wrong["average"] = errors(posterior.overall["log_odds_ratio"], truth.average())
        assert posterior.log_evidence == pytest.approx(truth.log_evidence, abs=1e-4)
    else:
        assert not posterior.overall
    for index, one in enumerate(on.studies):
        marginals = posterior.study[one.study]
        wrong[one.study] = errors(marginals["log_odds_ratio"], truth.study_effect(index))
        for quantity, exact in truth.study_quantities(index).items():
            wrong[f"{one.study} {quantity}"] = errors(marginals[quantity], exact)
    worst = max((value, name, which) for name, by in wrong.items() for which, value in by.items())
    assert worst[0] < TOLERANCE, worst


@pytest.mark.parametrize(
    ("anchor", "baseline"),
    [
        ("midpoint", "normal(0,1.5)"),
        ("midpoint", "normal(0,0.5)"),
        ("midpoint", "logistic(0,1)"),
        ("control", "normal(0,1.5)"),
        ("control", "logistic(-1,0.7)"),
    ],
)
def test_every_prior_and_anchor_of_the_baselines_agrees_with_brute_force(anchor: str, baseline: str) -> None:
    found, on = spec(anchor=anchor, baseline=baseline), CASES["zero cells and a ratio"]
    posterior, truth = fit(found, on), brute(found, on)
    wrong = {
        "average": errors(posterior.overall["log_odds_ratio"], truth.average()),
        "a": errors(posterior.study["a"]["log_odds_ratio"], truth.study_effect(0)),
        **{name: errors(posterior.study["a"][name], exact) for name, exact in truth.study_quantities(0).items()},
    }
    assert max(max(by.values()) for by in wrong.values()) < TOLERANCE, wrong
    assert posterior.log_evidence == pytest.approx(truth.log_evidence, abs=1e-4)


def test_a_study_that_pulls_the_common_effect_far_from_the_others_keeps_it() -> None:
    """What the others say of the effect is cut off at the end of a grid: no interpolation may ring there."""
    far = study("far", Candidates((178, 219, 73), (401, 395, 98), (1, 2, 3)), (0, 177), 0.01)
    posterior = fit(
        spec(pooling="complete"), data(far, study("b", (1, 102), Candidates((2, 77), (1547, 112), (1, 2)), 0.05))
    )
    common = posterior.overall["log_odds_ratio"]
    for one in posterior.study.values():
        assert one["log_odds_ratio"].quantile([0.025, 0.5, 0.975]) == pytest.approx(
            common.quantile([0.025, 0.5, 0.975]), abs=1e-5
        )


def test_rates_agree_with_brute_force() -> None:
    found = spec("rates")
    on = data(study("a", LATENT, None, 0.02), study("b", (3, 24)), study("c", INTERVAL), study("d", (9, 40)))
    posterior = fit(found, on)
    truth = BruteForce(found, on, (-30.0, 30.0, 0.1), (-12.5, 12.5, 0.1), (*TAU, 6.6), order=10)
    wrong = {
        "average": errors(posterior.overall["logit_rate"], truth.average()),
        "tau": errors(posterior.overall["tau"], truth.heterogeneity()),
        "new": errors(posterior.overall["logit_rate_new"], truth.new_effect()),
    }
    for index, one in enumerate(on.studies):
        wrong[one.study] = errors(posterior.study[one.study]["logit_rate"], truth.study_effect(index))
    worst = max((value, name, which) for name, by in wrong.items() for which, value in by.items())
    assert worst[0] < TOLERANCE, worst


@pytest.mark.parametrize(
    "rows",
    [
        [(2, 20), (5, 24), (1, 18), (9, 30), (4, 21)],
        [(23, 107), (12, 44), (19, 51), (9, 39), (39, 139), (6, 20), (9, 78), (10, 35)],  # alpha + beta over decades
    ],
)
def test_beta_rates_agree_with_a_far_finer_sum(rows: list[tuple[int, int]]) -> None:
    posterior = fit(spec("beta-rates"), one_arm(rows))
    bound = posterior.bound
    from scipy.special import betainc, betaln, expit

    v = np.linspace(-7, 4, 601)[:, None]
    t = np.linspace(-5, np.log(bound), 751)[None, :]
    alpha, beta = np.exp(t) * expit(v), np.exp(t) * expit(-v)
    log_density = np.log(alpha) + np.log(beta) - 2.5 * t
    for x, n in rows:
        log_density = log_density + betaln(alpha + x, beta + n - x) - betaln(alpha, beta)
    mass = np.exp(log_density - log_density.max())
    mass[:, [0, -1]] *= 0.5
    mass /= mass.sum()
    for name, value in (("alpha", alpha), ("beta", beta), ("mean_rate", alpha / (alpha + beta))):
        mean = float((mass * value).sum())
        sd = float(np.sqrt((mass * (value - mean) ** 2).sum()))
        assert posterior.overall[name].mean() == pytest.approx(mean, abs=TOLERANCE * sd), name
        assert posterior.overall[name].sd() == pytest.approx(sd, rel=5e-3), name
    for (x, n), one in zip(rows, posterior.study.values(), strict=True):
        mean = float((mass * (alpha + x) / (alpha + beta + n)).sum())
        assert one["rate"].mean() == pytest.approx(mean, abs=1e-4)
    for share in (0.001, 0.025, 0.5, 0.975, 0.999):
        quantile = float(posterior.overall["rate_new"].quantile(share))
        assert float((mass * betainc(alpha, beta, quantile)).sum()) == pytest.approx(share, abs=1e-4)
        (x, n), one = rows[0], next(iter(posterior.study.values()))
        below = betainc(alpha + x, beta + n - x, float(one["rate"].quantile(share)))
        assert float((mass * below).sum()) == pytest.approx(share, abs=1e-4)


def test_studies_in_conflict_agree_with_brute_force() -> None:
    """Their likelihoods meet where a Fourier transform has only rounding left."""
    found = spec(tau="halfnormal(0.25)")
    on = two_arms([(0, 12, 0, 14), (0, 30, 30, 30), (12, 12, 0, 9), (1, 3, 0, 200)])
    posterior, truth = fit(found, on), brute(found, on)
    assert max(errors(posterior.overall["log_odds_ratio"], truth.average()).values()) < TOLERANCE
    assert max(errors(posterior.overall["tau"], truth.heterogeneity()).values()) < TOLERANCE
    for index, one in enumerate(on.studies):
        wrong = errors(posterior.study[one.study]["log_odds_ratio"], truth.study_effect(index))
        assert max(wrong.values()) < TOLERANCE, one.study


SIX = two_arms([(4, 20, 7, 20)] * 6)


@pytest.mark.parametrize(
    ("on", "tau", "edges"),
    [
        (ICANS, "halfnormal(5)", (0.5, 6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 45.0)),
        (SIX, "halfnormal(5)", (0.5, 6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 45.0)),
        (SIX, "halfnormal(0.5)", (0.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0)),
    ],
    ids=["anakinra", "six trials", "six trials, little heterogeneity"],
)
def test_an_absurd_prior_is_answered_right_or_refused(on: ModelData, tau: str, edges: tuple[float, ...]) -> None:
    """Where the likelihoods lay outside the grid, a false mode without heterogeneity was reported."""
    found = spec(mu="normal(50,1)", tau=tau)
    try:
        posterior = fit(found, on)
    except QuadratureError:
        return
    truth = BruteForce(found, on, (-100.0, 200.0, 0.25), (36.0, 56.0, 0.25), edges, order=8, baseline=(-40.0, 40.0))
    assert max(errors(posterior.overall["log_odds_ratio"], truth.average()).values()) < TOLERANCE
    assert max(errors(posterior.overall["tau"], truth.heterogeneity()).values()) < 5 * TOLERANCE


@pytest.mark.parametrize("on", [ICANS, SIX], ids=["anakinra", "six trials"])
def test_a_prior_beyond_double_precision_is_refused(on: ModelData) -> None:
    with pytest.raises(QuadratureError):
        fit(spec(mu="normal(1000,1)"), on)


def test_a_candidate_set_of_one_is_the_count() -> None:
    once = candidates((3, 20))
    assert fit(spec(), data(study("a", once, (7, 21)))).overall["log_odds_ratio"].mean() == pytest.approx(
        fit(spec(), data(study("a", Candidates((3, 3), (20, 20), (1, 1)), (7, 21)))).overall["log_odds_ratio"].mean(),
        abs=1e-9,
    )


@pytest.mark.parametrize("baseline", ["normal(0,10)", "logistic(0,1)", "normal(0,0.5)"])
@pytest.mark.parametrize("arms", [(0, 1, 0, 1), (0, 40, 0, 40), (0, 100, 0, 1), (0, 200, 5, 10)], ids=str)
def test_risk_differences_beside_an_arm_without_events_at_any_margin(arms: tuple[int, ...], baseline: str) -> None:
    """Against sums over the mean logit of one table along the effect each."""
    on, model = two_arms([arms]), spec(pooling="none", baseline=baseline)
    margins = np.array([-0.3, -0.1, -0.02, -0.001, 0.0, 0.001, 0.02, 0.1, 0.3])
    middle, effect = 0.125 * np.arange(-640, 641)[:, None], np.linspace(-9, 9, 9001)
    control, treated = middle - effect / 2, middle + effect / 2
    log_density = frozen(model.priors.mu).logpdf(effect) + frozen(model.priors.baseline).logpdf(middle)
    for logits, (x, n) in ((control, arms[:2]), (treated, arms[2:])):
        log_density = log_density - x * np.logaddexp(0, -logits) - (n - x) * np.logaddexp(0, logits)
    cumulative = np.cumsum(np.exp(log_density - log_density.max()), axis=1)
    cumulative -= 0.5 * np.diff(cumulative, axis=1, prepend=0.0)
    differences = expit(treated) - expit(control)
    truth = sum(np.interp(margins, *row) for row in zip(differences, cumulative, strict=True)) / cumulative[:, -1].sum()
    found = fit(model, on).study["s00"]["risk_difference"].cdf(margins)
    assert np.abs(found - truth).max() < 3e-6


@pytest.mark.parametrize(
    "priors",
    [
        {"mu": "student_t(4,0,0.57)", "tau": "inverse_gamma(2.91,0.66)"},
        {"mu": "logistic(0.2,0.3)", "tau": "half_student_t(4,0.5)"},
        {"mu": "student_t(1,0.2,0.4)", "tau": "halfcauchy(0.3)"},
        {"baseline": "student_t(4,0,2.5)"},
    ],
    ids=str,
)
def test_priors_with_heavy_tails_agree_with_brute_force(priors: dict[str, str]) -> None:
    found, on = spec(**priors), CASES["plain counts"]
    edges = (*TAU, 7.0, 15.0, 40.0, 120.0, 400.0, 1200.0)
    posterior = fit(found, on)
    truth = BruteForce(found, on, (-24.0, 24.0, 0.08), (-12.8, 12.8, 0.08), edges, order=10, baseline=(-100.0, 100.0))
    wrong = {
        "average": errors(posterior.overall["log_odds_ratio"], truth.average()),
        "tau": errors(posterior.overall["tau"], truth.heterogeneity()),
    }
    for index, one in enumerate(on.studies):
        wrong[one.study] = errors(posterior.study[one.study]["log_odds_ratio"], truth.study_effect(index))
    worst = max((value, name, which) for name, by in wrong.items() for which, value in by.items())
    assert worst[0] < TOLERANCE, worst
    assert posterior.log_evidence == pytest.approx(truth.log_evidence, abs=1e-4)


@pytest.mark.parametrize("prior", ["student_t(4,0,0.57)", "logistic(0.2,0.3)"])
@pytest.mark.parametrize("pooling", ["none", "complete"])
def test_fixed_pooling_agrees_with_brute_force_under_other_priors_of_the_average(prior: str, pooling: str) -> None:
    found, on = spec(pooling=pooling, mu=prior), CASES["plain counts"]
    posterior, truth = fit(found, on), brute(found, on)
    for index, one in enumerate(on.studies):
        wrong = errors(posterior.study[one.study]["log_odds_ratio"], truth.study_effect(index))
        assert max(wrong.values()) < TOLERANCE, wrong


def test_log_evidence_is_that_of_normalised_priors_and_whole_probabilities() -> None:
    """One study under complete pooling, so by a double sum of scipy's own probabilities."""
    found, on = spec(pooling="complete", baseline="normal(0,1.5)"), two_arms([(3, 20, 7, 21)])
    middle, effect = 0.02 * np.arange(-600, 601)[:, None], 0.02 * np.arange(-450, 451)
    control, treated = (stats.binom(n, expit(middle + w * effect)).pmf(x) for x, n, w in ((3, 20, -0.5), (7, 21, 0.5)))
    density = control * treated * stats.norm.pdf(middle, 0, 1.5) * stats.norm.pdf(effect)
    assert fit(found, on).log_evidence == pytest.approx(float(np.log(density.sum() * 0.02**2)), abs=1e-8)
