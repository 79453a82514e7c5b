"""Words as likelihood: L(delta) against brute force and closed forms, and what claims do to an average."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit, gammaln
from scipy.stats import betabinom, binom

from reanalysis.alternatives.choices import WORDS
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.words import ClaimLikelihood, effects_with_words, words_outcomes
from reanalysis.engines.benchmark import log_robust_factor
from reanalysis.engines.fit import fit
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.study_likelihood import likelihoods
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.contrasts import Claim
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.claims import ClaimData
from reanalysis.model.data import Benchmark, ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"
UNIFORM = Distribution.parse("logistic(0,1)")
EFFECTS = Lattice(0.5, -8, 17)


def every(*sizes: int) -> Candidates:
    """Every count of each size, all sizes alike."""
    pairs = [(float(x), float(n), 1 / len(sizes)) for n in sizes for x in range(n + 1)]
    events, n, weight = zip(*pairs, strict=True)
    return Candidates(events, n, weight)


def claim(said: Claim, control: Candidates, treated: Candidates, rho: float = 0.0) -> ClaimData:
    return ClaimData("told", (said,), control, treated, rho, 0.05, 10.0)


def of(data: ClaimData, baseline: Distribution = UNIFORM, benchmark: Benchmark | None = None) -> ClaimLikelihood:
    return ClaimLikelihood.of_claim(data, baseline, benchmark)


def values(likelihood: ClaimLikelihood, lattice: Lattice = EFFECTS) -> np.ndarray:
    found, log_factor = likelihood.on(lattice)
    return found * np.exp(log_factor)


def probabilities(arm: Candidates, logit: float, rho: float) -> np.ndarray:
    rate = float(expit(logit))
    if rho == 0:
        return np.array(arm.weight) * binom.pmf(arm.events, arm.n, rate)
    return np.array(arm.weight) * betabinom.pmf(arm.events, arm.n, rate * (1 / rho - 1), (1 - rate) * (1 / rho - 1))


def said_at(data: ClaimData, control: float, treated: float) -> float:
    """The probability that the claim is made, a plain double sum over the pairs."""
    by_control, by_treated = (
        probabilities(arm, logit, data.rho) for arm, logit in ((data.control, control), (data.treated, treated))
    )
    return float(np.outer(by_control, by_treated)[data.allowed()].sum())


@pytest.mark.parametrize("rho", [0.0, 0.02])
@pytest.mark.parametrize(
    "data",
    [
        partial(claim, "no difference", every(9), every(6)),
        partial(claim, "lower", every(8), every(7)),
        partial(claim, "similar", every(4, 7), Candidates.count(5, 6)),
    ],
)
def test_the_likelihood_is_the_double_sum_over_pairs_integrated_over_the_baseline(data: partial, rho: float) -> None:
    told = data(rho=rho)
    for effect in (-1.5, 0.0, 2.0):
        expected, _ = quad(
            lambda m, d=effect: np.exp(UNIFORM.logpdf(m)) * said_at(told, m - d / 2, m + d / 2), -30, 30, epsabs=1e-10
        )
        (found,) = values(of(told), Lattice(0.5, round(2 * effect), 1))
        assert found == pytest.approx(expected, rel=1e-7)


def test_with_a_benchmark_the_prior_is_that_of_the_control_logit() -> None:
    benchmark = Benchmark(Candidates.count(80, 100), 0.05, 0.5)
    told = claim("similar", every(6), every(7), 0.02)
    for effect in (-1.0, 0.5):
        expected, _ = quad(
            lambda a, d=effect: (
                np.exp(UNIFORM.logpdf(a) + log_robust_factor(benchmark, UNIFORM, a)) * said_at(told, a, a + d)
            ),
            -30, 30, epsabs=1e-10,
        )  # fmt: skip
        (found,) = values(of(told, benchmark=benchmark), Lattice(0.5, round(2 * effect), 1))
        assert found == pytest.approx(expected, rel=1e-6)


def test_at_no_effect_and_a_uniform_rate_it_is_a_sum_of_beta_functions() -> None:
    told = claim("no difference", every(30), every(20))
    x, y = np.arange(31.0)[:, None], np.arange(21.0)[None, :]

    def log_ways(n: float, k: np.ndarray) -> np.ndarray:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    log_each = log_ways(30, x) + log_ways(20, y) + betaln(x + y + 1, 50 - x - y + 1)
    (found,) = values(of(told), Lattice(1.0, 0, 1))
    assert found == pytest.approx(float(np.exp(log_each)[told.allowed()].sum()), rel=1e-8)


def test_what_every_pair_allows_says_nothing() -> None:
    assert values(of(claim("no difference", every(1), every(1)))) == pytest.approx(np.ones(EFFECTS.size), abs=1e-8)


def test_all_that_could_be_said_has_probability_one() -> None:
    said: tuple[Claim, ...] = ("lower", "higher", "no difference")
    total = sum(values(of(claim(one, every(25), every(40), 0.02))) for one in said)
    assert total == pytest.approx(np.ones(EFFECTS.size), abs=1e-7)


def test_exchanging_the_arms_mirrors_it_and_exchanges_lower_and_higher() -> None:
    lower = values(of(claim("lower", every(30), every(12), 0.02)))
    assert values(of(claim("higher", every(12), every(30), 0.02)))[::-1] == pytest.approx(lower, rel=1e-8)
    similar = values(of(claim("similar", every(12), Candidates.count(9, 10))))
    assert values(of(claim("similar", Candidates.count(9, 10), every(12))))[::-1] == pytest.approx(similar, rel=1e-8)


def test_far_out_it_falls_as_the_baseline_does() -> None:
    """Rates differ beyond doubt unless both lie near 0 or 1, where exp(-|delta| / 2) of a uniform rate's mass is."""
    told = of(claim("no difference", every(40), every(40)))
    near, far, farther = (np.log(values(told, Lattice(1.0, at, 1)))[0] for at in (24, 30, 60))
    assert far - near == pytest.approx(-3.0, abs=0.02)
    assert farther - far == pytest.approx(-15.0, abs=0.1)


def with_claim(told: ClaimLikelihood | None, spec: ModelSpec) -> dict[str | None, float]:
    data = ModelData("x", (StudyData("A", Candidates.count(12, 30), Candidates.count(20, 30), 0.0),))
    studies = [*likelihoods(spec, data), *([] if told is None else [told])]
    return {study: found.mean() for study, found in effects_with_words(spec, studies).items()}


def test_a_claim_that_says_nothing_changes_nothing() -> None:
    spec = ModelSpec()
    data = ModelData("x", (StudyData("A", Candidates.count(12, 30), Candidates.count(20, 30), 0.0),))
    posterior = fit(spec, data)
    found = with_claim(of(claim("no difference", every(1), every(1))), spec)
    assert found[None] == pytest.approx(posterior.overall["log_odds_ratio"].mean(), abs=1e-6)
    assert found["A"] == pytest.approx(posterior.study["A"]["log_odds_ratio"].mean(), abs=1e-6)


@pytest.mark.parametrize("pooling", ["partial", "complete"])
def test_no_difference_at_moderate_rates_pulls_the_average_to_no_effect_and_more_so_of_more_patients(
    pooling: str,
) -> None:
    spec = ModelSpec(pooling=pooling)  # type: ignore[arg-type]
    nothing = with_claim(None, spec)[None]
    few, many = (
        with_claim(of(claim("no difference", every(n), every(n)), Distribution.parse("normal(0,0.5)")), spec)[None]
        for n in (20, 200)
    )
    higher = with_claim(of(claim("higher", every(60), every(60))), spec)[None]
    assert 0 < many < few < nothing < higher


def test_without_pooling_the_claim_moves_its_own_study_alone() -> None:
    spec = ModelSpec(pooling="none")
    alone, with_it = with_claim(None, spec), with_claim(of(claim("lower", every(40), every(40))), spec)
    assert with_it["A"] == alone["A"]
    assert with_it["told"] < 0
    assert None not in with_it


def test_the_average_is_that_of_a_plain_integral_over_its_effects() -> None:
    """Complete pooling: the product of the prior and both likelihoods, on a grid of its own."""
    spec = ModelSpec(pooling="complete")
    told = of(claim("similar", every(15), every(10)))
    lattice = Lattice(0.01, -600, 1201)
    data = ModelData("x", (StudyData("A", Candidates.count(12, 30), Candidates.count(20, 30), 0.0),))
    (study,) = likelihoods(spec, data)
    density = np.exp(spec.priors.mu.logpdf(lattice.points)) * study.on(lattice)[0] * told.on(lattice)[0]
    assert with_claim(told, spec)[None] == pytest.approx(float(density @ lattice.points / density.sum()), abs=1e-6)


def test_the_average_of_a_hierarchy_is_that_of_a_plain_sum_over_mu_tau_and_each_effect() -> None:
    spec = ModelSpec()
    told = of(claim("no difference", every(30), every(20)))
    lattice = Lattice(0.05, -200, 401)
    data = ModelData("x", (StudyData("A", Candidates.count(12, 30), Candidates.count(20, 30), 0.0),))
    mu, tau = np.linspace(-5, 5, 201), (np.arange(240) + 0.5) / 100
    density = spec.priors.mu.logpdf(mu) + spec.priors.tau.logpdf(tau)[:, None]
    for one in (*likelihoods(spec, data), told):
        likelihood = one.on(lattice)[0]
        # what is narrower than the lattice is smoothed by its own cell
        spread = np.sqrt(tau**2 + lattice.step**2 / 12)[:, None, None]
        normal = np.exp(-0.5 * ((lattice.points - mu[:, None]) / spread) ** 2)
        density = density + np.log((normal / normal.sum(axis=-1, keepdims=True)) @ likelihood)
    mass = np.exp(density - density.max()).sum(axis=0)
    assert with_claim(told, spec)[None] == pytest.approx(float(mass @ mu / mass.sum()), abs=2e-4)


# ---------------------------------------------------------------- the re-analysis


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return read_evidence(ANAKINRA)


@pytest.fixture(scope="module")
def crs(evidence: Evidence) -> list[Outcome]:
    return sensitivity_set(evidence, default_spec(evidence), "crs_any", {WORDS})[WORDS]


def test_crs_of_any_grade_then_draws_on_all_three_cohorts(crs: list[Outcome]) -> None:
    figures, *told = crs
    assert figures.primary
    assert figures.studies == ("phase2",)
    assert {one.label.partition(":")[0] for one in told} == {
        "words, uniform rates",
        "words, benchmarks of the products",
    }
    for one in told:
        assert set(one.studies) == {"phase1", "phase2", "iptw"}
        assert one.odds_ratio is not None
    assert [one.study for one in told[:4]] == [None, "phase2", "iptw", "phase1"]
    assert "(in words: no difference)" in told[2].note


def test_words_narrow_the_effect_of_the_cohort_with_figures(crs: list[Outcome]) -> None:
    figures, *told = crs

    def width(one: Outcome) -> float:
        assert one.log_odds_ratio is not None
        return one.log_odds_ratio.upper - one.log_odds_ratio.lower

    own = [one for one in told if one.study == "phase2"]
    assert len(own) == 2
    assert all(width(one) < width(figures) for one in own)


def test_where_every_cohort_has_figures_or_the_model_is_another_there_are_no_words(evidence: Evidence) -> None:
    spec = default_spec(evidence)
    assert WORDS not in sensitivity_set(evidence, spec, "icans_any", {WORDS})
    assert WORDS not in sensitivity_set(evidence, replace(spec, model="bias", rho=None), "crs_any", {WORDS})


def test_a_cohort_whose_words_cannot_be_weighed_is_named(tmp_path: Path) -> None:
    (tmp_path / "arms.csv").write_text(
        "study,arm,endpoint,events,n,use,reason\nA,control,x,9,30,,\nA,treated,x,6,30,,\nB,control,z,3,40,,\n"
        "B,treated,z,2,20,,\nC,treated,x,4,20,sensitivity,one arm\n"
    )
    (tmp_path / "contrasts.csv").write_text(
        "study,endpoint,claim,use,reason\nB,x,similar,context,words\nC,x,similar,context,words\n"
    )
    told = read_evidence(tmp_path)
    average, *_ = words_outcomes(told, default_spec(told), "x", benchmarks=False)
    assert average.studies == ("A", "B")
    assert average.note == "average effect; C not counted: the size of its control arm is not printed"


def test_cohorts_with_figures_and_those_in_words_are_all_that_there_is(evidence: Evidence) -> None:
    spec = default_spec(evidence)
    named = {one.study for one in words_outcomes(evidence, spec, "icans_g3", benchmarks=True)}
    assert named == {None, *select(evidence, spec, "icans_g3").data.names, "phase1", "phase2"}
