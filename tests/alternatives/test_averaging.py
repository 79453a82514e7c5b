"""Four models and their average: evidence by brute force and in closed form, mixtures with a point mass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.special import betaln, gammaln, log_expit, logsumexp
from scipy.stats import halfnorm, norm

import reanalysis as ra
from cli.command import run
from evidence.folders import folder
from reanalysis.alternatives.around_none import around_none, heterogeneity_around_none
from reanalysis.alternatives.averaging import Averaging
from reanalysis.alternatives.choices import AVERAGING
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.study_likelihood import likelihoods
from reanalysis.estimands.measures import odds_ratio
from reanalysis.estimands.point_mixture import PointMixture
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification

PRIORS = {"mu": "normal(0.2,0.8)", "tau": "halfnormal(0.6)", "baseline": "normal(-0.5,1.2)"}
TWO = ((4, 20, 9, 22), (12, 40, 13, 38))
ONE = ((4, 20, 9, 22),)
NO_CONTROL_EVENTS = ((0, 25, 4, 24), (3, 30, 1, 31))


def written(path: Path, trials: tuple[tuple[int, int, int, int], ...]) -> Evidence:
    """A folder of trials: control events, n, treated events, n."""
    rows = [f"S{i} control x {a} {m}\nS{i} treated x {b} {n}" for i, (a, m, b, n) in enumerate(trials)]
    return ra.read_evidence(folder(path, [line for row in rows for line in row.split("\n")]))


def binomial(x: int, n: int, logit: np.ndarray) -> np.ndarray:
    """Log probability with its coefficient."""
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(choose + x * log_expit(logit) + (n - x) * log_expit(-logit))


def brute_force(trials: tuple[tuple[int, int, int, int], ...]) -> list[float]:
    """Log evidence of the four models under PRIORS, by sums over baselines, effects, averages and heterogeneities."""
    m, effects = np.linspace(-8, 8, 801), np.linspace(-16, 16, 801)
    node, weight = np.polynomial.hermite_e.hermegauss(50)
    mu, tau = np.linspace(-4, 4, 201), np.linspace(0, 4, 401)
    in_mu, in_tau = norm(0.2, 0.8).logpdf(mu) + np.log(mu[1] - mu[0]), halfnorm(scale=0.6).logpdf(tau)
    in_tau += np.log(np.r_[0.5, np.ones(399), 0.5] * (tau[1] - tau[0]))
    both, common, varied, none = np.zeros((401, 201)), np.zeros(201), np.zeros(401), 0.0
    for x0, n0, x1, n1 in trials:
        log_prior = norm(-0.5, 1.2).logpdf(m) + np.log(m[1] - m[0])
        half = 0.5 * effects[:, None]
        log_l = logsumexp(log_prior + binomial(x0, n0, m - half) + binomial(x1, n1, m + half), axis=1)
        at = CubicSpline(effects, log_l)
        common += at(mu)
        none += float(at(0.0))
        spread = np.log(weight / weight.sum())
        varied += logsumexp(at(tau[:, None] * node) + spread, axis=1)
        for row, t in enumerate(tau):
            both[row] += logsumexp(at(np.clip(mu[:, None] + t * node, -16, 16)) + spread, axis=1)
    return [
        float(logsumexp(both + in_mu + in_tau[:, None])),
        float(logsumexp(common + in_mu)),
        float(logsumexp(varied + in_tau)),
        none,
    ]


@pytest.mark.parametrize("trials", [ONE, TWO, NO_CONTROL_EVENTS])
def test_the_evidence_of_each_model_is_that_of_sums_of_positive_terms(
    tmp_path: Path, trials: tuple[tuple[int, int, int, int], ...]
) -> None:
    found = ra.average(written(tmp_path, trials), "x", priors=PRIORS)
    expected = brute_force(trials)
    assert [one.log_evidence for one in found.models] == pytest.approx(expected, abs=2e-5)
    chances = np.exp(np.array(expected) - logsumexp(expected))
    assert [one.probability for one in found.models] == pytest.approx(chances.tolist(), abs=1e-5)
    assert found.probability_effect == pytest.approx(chances[0] + chances[1], abs=1e-5)
    assert found.bayes_factor_effect == pytest.approx((chances[0] + chances[1]) / (chances[2] + chances[3]), rel=1e-4)
    assert found.bayes_factor_heterogeneity == pytest.approx(
        (chances[0] + chances[2]) / (chances[1] + chances[3]), rel=1e-4
    )


def test_without_an_effect_a_uniform_rate_has_the_evidence_of_a_beta_binomial(tmp_path: Path) -> None:
    """Of x events among n of both arms: the ways to choose them, times B(x + 1, n - x + 1)."""
    uniform = {"baseline": "logistic(0,1)"}
    found = ra.average(written(tmp_path, (*TWO, (0, 9, 2, 11))), "x", priors=uniform)
    expected = 0.0
    for x0, n0, x1, n1 in (*TWO, (0, 9, 2, 11)):
        choose = sum(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1) for x, n in ((x0, n0), (x1, n1)))
        expected += float(choose + betaln(x0 + x1 + 1, n0 + n1 - x0 - x1 + 1))
    assert found.models[3].log_evidence == pytest.approx(expected, abs=1e-8)


def test_the_evidence_of_a_fit_is_that_of_its_model(tmp_path: Path) -> None:
    evidence = written(tmp_path, TWO)
    both, common = (one.log_evidence for one in ra.average(evidence, "x").models[:2])
    assert ra.fit(evidence, "x").as_dict()["log_evidence"] == pytest.approx(both, abs=1e-9)
    assert ra.fit(evidence, "x", pooling="complete").as_dict()["log_evidence"] == pytest.approx(common, abs=1e-9)
    shown = run("fit", evidence.folder, "--endpoint", "x", "--format", "json").json
    assert shown["log_evidence"] == pytest.approx(both, abs=1e-9)


@pytest.mark.parametrize("endpoint", ["icans_any", "crs_any", "infection_g3", "cr"])
def test_evidence_without_an_effect_follows_from_the_density_of_none(evidence: Evidence, endpoint: str) -> None:
    """Savage and Dickey: posterior over prior density at 0 (weighted arms, discounts and latent sizes included)."""
    spec = specification(evidence, endpoint)
    data, found = select(evidence, spec, endpoint).data, ra.average(evidence, endpoint)
    for model, without, pooling in ((0, 2, "partial"), (1, 3, "complete")):
        average = fit(replace(spec, pooling=pooling), data).overall["log_odds_ratio"]
        ratio = float(np.log(average.density(0.0))) - float(spec.priors.mu.logpdf(0.0))
        difference = found.models[without].log_evidence - found.models[model].log_evidence
        assert difference == pytest.approx(ratio, abs=2e-5)


def test_exchanging_the_arms_exchanges_the_sides_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = ra.average(written(tmp_path / "a", TWO), "x")
    mirrored = ra.average(written(tmp_path / "b", tuple((b, n, a, m) for a, m, b, n in TWO)), "x")
    assert mirrored.bayes_factor_effect == pytest.approx(found.bayes_factor_effect, rel=1e-9)
    assert mirrored.log_odds_ratio.mean() == pytest.approx(-found.log_odds_ratio.mean(), abs=1e-9)
    sides = float(found.log_odds_ratio.below(0.0)), float(mirrored.log_odds_ratio.below(0.0))
    assert sum(sides) + found.log_odds_ratio.mass == pytest.approx(1.0, abs=1e-8)


def test_a_mixture_with_a_point_mass_has_its_moments_and_quantiles() -> None:
    """Of two normal distributions and 0, by scipy; with most of the mass at 0, and with little of it."""
    x = np.linspace(-12, 12, 2401)
    parts = [(m, s, GridMarginal.from_density(x, norm(m, s).pdf(x))) for m, s in ((-0.5, 0.6), (0.9, 0.4))]
    for mass in (0.0, 0.05, 0.6, 0.97):
        weights = (0.7 * (1 - mass), 0.3 * (1 - mass))
        mixture = PointMixture(tuple((w, part) for w, (_, _, part) in zip(weights, parts, strict=True)), mass)
        mean = weights[0] * -0.5 + weights[1] * 0.9
        square = weights[0] * (0.36 + 0.25) + weights[1] * (0.16 + 0.81)
        assert mixture.mean() == pytest.approx(mean, abs=1e-9)
        assert mixture.sd() == pytest.approx((square - mean**2) ** 0.5, abs=1e-9)
        ratios = [np.exp(order * m + 0.5 * (order * s) ** 2) for order in (1, 2) for m, s, _ in parts]
        first, second = weights @ np.array(ratios[:2]) + mass, weights @ np.array(ratios[2:]) + mass
        assert odds_ratio(mixture).mean() == pytest.approx(first, rel=1e-9)
        assert odds_ratio(mixture).sd() == pytest.approx((second - first**2) ** 0.5, rel=1e-8)
        below = sum(w * norm(m, s).cdf(0.0) for w, (m, s, _) in zip(weights, parts, strict=True))
        assert float(mixture.below(0.0)) == pytest.approx(below, abs=1e-8)
        assert float(mixture.cdf(0.0)) == pytest.approx(below + mass, abs=1e-8)
        for q in (0.025, 0.2, 0.5, 0.8, 0.975):
            found = float(mixture.quantile(q))
            if below < q <= below + mass:
                assert found == 0.0
                assert float(odds_ratio(mixture).quantile(q)) == 1.0
            else:
                at = sum(w * norm(m, s).cdf(found) for w, (m, s, _) in zip(weights, parts, strict=True))
                assert at + mass * (found >= 0) == pytest.approx(q, abs=1e-8)
    only = PointMixture(((0.0, parts[0][2]),), 1.0)
    assert (only.mean(), only.sd(), float(only.quantile(0.5))) == (0.0, 0.0, 0.0)


def test_the_only_study_varies_around_none_as_a_dense_sum_has_it(evidence: Evidence) -> None:
    spec = specification(evidence, "crs_any")
    (study,) = likelihoods(spec, select(evidence, spec, "crs_any").data)
    found = around_none(study, spec.priors.tau)
    log_tau, log_size = np.linspace(np.log(1e-8), np.log(5), 500), np.linspace(np.log(1e-6), np.log(12), 700)
    tau, size = np.exp(log_tau), np.exp(log_size)
    prior = halfnorm(scale=0.5).pdf(tau) * tau
    density = np.array([(prior * norm.pdf(one, 0, tau)).sum() for one in size]) * size
    arms = study.study.control, study.study.treated
    m = np.linspace(-14, 14, 351)
    masses = []
    for side in (-1, 1):
        log_l = []
        for one in size:
            log_p = norm(0, 10).logpdf(m)
            for arm, half in zip(arms, (-0.5, 0.5), strict=True):
                assert arm is not None
                terms = [
                    np.log(w) + _beta_binomial(x, n, m + half * side * one, study.study.rho)
                    for x, n, w in zip(arm.x, arm.size, arm.weight, strict=True)
                ]
                log_p = log_p + logsumexp(terms, axis=0)
            log_l.append(logsumexp(log_p))
        masses.append(np.exp(np.array(log_l)) * density)
    below, above = masses
    total = below.sum() + above.sum()
    assert float(found.below(0.0)) == pytest.approx(below.sum() / total, abs=1e-4)
    assert found.mean() == pytest.approx((above @ size - below @ size) / total, abs=1e-4)
    assert found.mean(np.square) == pytest.approx((above @ size**2 + below @ size**2) / total, abs=1e-4)
    for q in (0.1, 0.3, 0.7, 0.95):
        at = float(found.quantile(q))
        part = below[size > -at].sum() if at < 0 else below.sum() + above[size <= at].sum()
        assert part / total == pytest.approx(q, abs=5e-3)


def _beta_binomial(x: float, n: float, logit: np.ndarray, rho: float) -> np.ndarray:
    a, b = ((1 - rho) / rho * np.exp(log_expit(sign * logit)) for sign in (1, -1))
    a, b = np.maximum(a, 1e-290), np.maximum(b, 1e-290)
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(choose + betaln(x + a, n - x + b) - betaln(a, b))


def test_one_row_of_the_sensitivity_is_the_average(evidence: Evidence, spec: ModelSpec) -> None:
    for endpoint in ("icans_any", "infection_g3"):
        as_analysed, averaged = sensitivity_set(evidence, spec, endpoint, groups=(AVERAGING,))[AVERAGING]
        found = ra.average(evidence, endpoint)
        assert as_analysed.primary
        assert not averaged.primary
        assert averaged.study == as_analysed.study  # of the same headline
        assert averaged.direction is not None
        assert averaged.direction.benefit == pytest.approx(float(found.headline.below(0.0)))
        none = 1 - averaged.direction.benefit - (averaged.direction.harm or 0.0)
        assert none == pytest.approx(found.headline.mass, abs=1e-9)
        assert f"{none:.0%}".replace("%", " %") in averaged.note


def test_the_command_gives_what_python_gives(evidence: Evidence) -> None:
    shown = run(
        "average", evidence.folder, "--endpoint", "icans_any", "--prior", "mu=normal(0,0.5)", "--format", "json"
    )
    found = ra.average(evidence, "icans_any", priors={"mu": "normal(0,0.5)"})
    assert shown.code == 0
    assert [one["log_evidence"] for one in shown.json["models"]] == [one.log_evidence for one in found.models]
    assert [(one["effect"], one["heterogeneity"]) for one in shown.json["models"]] == [
        (True, True), (True, False), (False, True), (False, False),
    ]  # fmt: skip
    assert sum(one["prior_probability"] for one in shown.json["models"]) == 1
    for name in (
        "probability_effect",
        "bayes_factor_effect",
        "probability_heterogeneity",
        "bayes_factor_heterogeneity",
    ):
        assert shown.json[name] == getattr(found, name)
    estimates = shown.json["estimates"]
    assert estimates["odds_ratio"]["median"] == pytest.approx(np.exp(estimates["log_odds_ratio"]["median"]))
    for name in ("log_odds_ratio", "tau"):
        assert set(estimates[name]) == {"mean", "sd", "median", "lower", "upper"}
    text = run("average", evidence.folder, "--endpoint", "icans_any").out
    assert "is exactly 1 with probability" in text
    assert "no effect, no heterogeneity" in text


def test_a_study_that_says_nothing_is_named_and_contributes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = ra.average(written(tmp_path / "a", TWO), "x")
    found = ra.average(written(tmp_path / "b", (*TWO, (0, 30, 0, 31))), "x")
    assert [one.log_evidence for one in found.models] == [one.log_evidence for one in plain.models]
    assert list(found.as_dict()["uninformative_studies"]) == ["S2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "rates"), "--model rates: averaging is over models of contrast, all-cohort, bias"),
        (("--model", "exnex"), "--model exnex: averaging is over models of contrast, all-cohort, bias"),
        (("--prior", "mu=halfnormal(1)"), "--prior mu: mu takes"),
        (("--format", "xml"), "--format 'xml': must be one of table, json"),
    ],
)
def test_what_cannot_be_averaged_is_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = run("average", written(tmp_path, TWO).folder, "--endpoint", "x", *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.errors[0].startswith(said)


def test_python_refuses_the_same(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="model exnex: averaging is over"):
        ra.average(written(tmp_path, TWO), "x", model="exnex")
    with pytest.raises(InvalidInput, match="pooling complete: averaging is over partial and complete pooling"):
        ra.average(written(tmp_path, TWO), "x", pooling="complete")


def test_a_prior_too_wide_for_the_grid_of_a_common_effect_gives_what_a_narrower_does(tmp_path: Path) -> None:
    """As the prior widens the evidence falls by its width: what the studies say is all that is left."""
    evidence = written(tmp_path, ((40, 1000, 30, 1000), (90, 2000, 60, 2100)))
    wide, wider = (
        ra.average(evidence, "x", priors={"mu": f"normal(0,{sd})", "baseline": "normal(0,100)"}) for sd in (50, 500)
    )
    differences = [a.log_evidence - b.log_evidence for a, b in zip(wide.models, wider.models, strict=True)]
    assert differences[:2] == pytest.approx([np.log(10)] * 2, abs=1e-3)
    assert differences[2:] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_result_pickles(tmp_path: Path) -> None:
    import pickle

    found = ra.average(written(tmp_path, ONE), "x")
    copied: Averaging = pickle.loads(pickle.dumps(found))
    assert copied.as_dict() == found.as_dict()
    assert float(copied.headline.quantile(0.9)) == float(found.headline.quantile(0.9))


def test_distributions_of_tau_of_every_kind_have_a_study_of_their_own(evidence: Evidence) -> None:
    spec = specification(evidence, "crs_any")
    (study,) = likelihoods(spec, select(evidence, spec, "crs_any").data)
    for tau in (
        "uniform(0,2)",
        "halfcauchy(0.5)",
        "inverse_gamma(2.91,0.66)",
        "lognormal(-0.935,0.76)",
        "exponential(2)",
    ):
        found = around_none(study, Distribution.parse(tau))
        assert 0 < float(found.below(0.0)) < 1
        assert np.isfinite(found.sd())
        assert float(found.quantile(0.025)) < 0 < float(found.quantile(0.975))


def test_of_one_study_under_a_heavy_tail_the_evidence_is_that_of_a_dense_sum(tmp_path: Path) -> None:
    """And of a light one that of the hierarchy's grid, so that both ways agree."""
    evidence = written(tmp_path, ONE)
    spec = specification(evidence, "x")
    (study,) = likelihoods(spec, select(evidence, spec, "x").data)
    found = ra.average(evidence, "x")
    tau, log_evidence = heterogeneity_around_none(study, spec.priors.tau)
    assert log_evidence == pytest.approx(found.models[2].log_evidence, abs=1e-5)
    part = dict(zip(("both", "varied"), (part for _, part in found.tau.parts), strict=True))["varied"]
    assert tau.quantile([0.1, 0.5, 0.95]) == pytest.approx(part.quantile([0.1, 0.5, 0.95]), rel=1e-3)
    for heavy in ("halfcauchy(0.5)", "inverse_gamma(1,0.15)"):
        made = ra.average(evidence, "x", priors={"tau": heavy})
        ratio = float(np.log(fit(made.spec, made.data).overall["log_odds_ratio"].density(0.0)))
        difference = made.models[2].log_evidence - made.models[0].log_evidence
        assert difference == pytest.approx(ratio - float(made.spec.priors.mu.logpdf(0.0)), abs=1e-3)
