"""Words as likelihood: L(delta) against brute force and closed forms, and what claims do to an average."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit, gammaln
from scipy.stats import betabinom, binom

from reanalysis.engines.benchmark import log_benchmark_evidence, log_robust_factor
from reanalysis.engines.fit import fit
from reanalysis.engines.nuts.kernel import ProgramKey
from reanalysis.engines.nuts.models import nuts_models
from reanalysis.engines.nuts.words import draw_said, words_arrays
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.reading.contrasts import Claim
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.model.claims import allowed
from reanalysis.model.data import Benchmark, ModelData, StudyData, Told
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec

UNIFORM = Distribution.parse("logistic(0,1)")
EFFECTS = Lattice(0.5, -8, 17)


def every(*sizes: int) -> Candidates:
    """Every count of each size, all sizes alike."""
    pairs = [(float(x), float(n), 1 / len(sizes)) for n in sizes for x in range(n + 1)]
    events, n, weight = zip(*pairs, strict=True)
    return Candidates(events, n, weight)


def claim(
    said: Claim, control: Candidates, treated: Candidates, rho: float = 0.0, bias: float = 0.0, bias_mean: float = 0.0
) -> StudyData:
    told = Told((said,), 0.05, 10.0, UNIFORM)
    return StudyData("told", control, treated, rho, bias=bias, bias_mean=bias_mean, told=told)


def of(data: StudyData, baseline: Distribution = UNIFORM, benchmark: Benchmark | None = None) -> StudyData:
    assert data.told is not None
    return replace(data, told=replace(data.told, baseline=baseline, benchmark=benchmark))


def values(study: StudyData, lattice: Lattice = EFFECTS) -> np.ndarray:
    found, log_factor = StudyLikelihood.of(study, ModelSpec()).on(lattice)
    return found * np.exp(log_factor)


def probabilities(arm: Candidates, logit: float, rho: float) -> np.ndarray:
    rate = float(expit(logit))
    if rho == 0:
        return np.array(arm.weight) * binom.pmf(arm.events, arm.n, rate)
    return np.array(arm.weight) * betabinom.pmf(arm.events, arm.n, rate * (1 / rho - 1), (1 - rate) * (1 / rho - 1))


def said_at(data: StudyData, control: float, treated: float) -> float:
    """The probability that the claim is made, a plain double sum over the pairs."""
    by_control, by_treated = (
        probabilities(arm, logit, data.rho)
        for arm, logit in ((data.control, control), (data.treated, treated))
        if arm is not None
    )
    return float(np.outer(by_control, by_treated)[allowed(data)].sum())


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
    assert found == pytest.approx(float(np.exp(log_each)[allowed(told)].sum()), rel=1e-8)


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


COUNTED = StudyData("A", Candidates.count(12, 30), Candidates.count(20, 30), 0.0)


def with_claim(told: StudyData | None, spec: ModelSpec) -> dict[str | None, float]:
    """Means of the average under None, where there is one, and of each study's own effect."""
    posterior = fit(spec, ModelData("x", (COUNTED,) if told is None else (COUNTED, told)))
    own = {study: found["log_odds_ratio"].mean() for study, found in posterior.study.items()}
    shared = {None: posterior.overall["log_odds_ratio"].mean()} if posterior.overall else {}
    return shared | own


@pytest.mark.parametrize("model", ["contrast", "exnex", "bias", "all-cohort"])
def test_pairs_that_allow_everything_are_a_study_left_out(model: str) -> None:
    spec = ModelSpec(model=model)  # type: ignore[arg-type]
    everything = replace(of(claim("no difference", every(9), every(7))), told=Told((), 0.05, 10.0, UNIFORM))
    alone, found = with_claim(None, spec), with_claim(everything, spec)
    assert found[None] == pytest.approx(alone[None], abs=1e-6)
    assert found["A"] == pytest.approx(alone["A"], abs=1e-6)


@pytest.mark.parametrize("rho", [0.0, 0.02])
def test_one_pair_is_two_counts(rho: float) -> None:
    """A claim that only one pair of counts allows says what these counts say, its baseline the same."""
    spec = ModelSpec(priors=replace(ModelSpec().priors, baseline=UNIFORM))
    counts = StudyData("told", Candidates.count(3, 20), Candidates.count(9, 25), rho)
    pair = replace(counts, told=Told(("no difference",), 0.05, 10.0, UNIFORM))
    assert allowed(pair).tolist() == [[True]]
    by_words, by_counts = (fit(spec, ModelData("x", (COUNTED, one))) for one in (pair, counts))
    for quantity in ("log_odds_ratio", "tau", "log_odds_ratio_new"):
        assert by_words.overall[quantity].mean() == pytest.approx(by_counts.overall[quantity].mean(), abs=1e-6)
        assert by_words.overall[quantity].sd() == pytest.approx(by_counts.overall[quantity].sd(), abs=1e-6)
    for study in ("A", "told"):
        own = (one.study[study]["log_odds_ratio"].mean() for one in (by_words, by_counts))
        assert next(own) == pytest.approx(next(own), abs=1e-6)
    assert by_words.log_evidence == pytest.approx(by_counts.log_evidence, abs=1e-6)
    assert set(by_words.study["told"]) == {"log_odds_ratio"}  # rates that nobody reported have no posterior


@pytest.mark.parametrize(("bias", "mean"), [(0.4, 0.0), (0.05, 0.3), (0.0, -0.5), (1.5, 0.2)])
def test_a_bias_of_the_comparison_is_in_what_is_said(bias: float, mean: float) -> None:
    told = claim("no difference", every(12), every(15), bias=bias, bias_mean=mean)
    z, weight = np.polynomial.hermite_e.hermegauss(40)
    for effect in (-1.0, 0.5):
        expected, _ = quad(
            lambda m, d=effect: np.exp(UNIFORM.logpdf(m))
            * sum(w * said_at(told, m - d / 2, m + d / 2 + mean + bias * x) for x, w in zip(z, weight, strict=True)),
            -25, 25, epsabs=1e-9, limit=100,
        )  # fmt: skip
        (found,) = values(told, Lattice(0.5, round(2 * effect), 1))
        assert found == pytest.approx(expected / weight.sum(), rel=1e-5)


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
    density = np.exp(spec.priors.mu.logpdf(lattice.points))
    for study in likelihoods(spec, ModelData("x", (COUNTED, told))):
        density = density * study.on(lattice)[0]
    assert with_claim(told, spec)[None] == pytest.approx(float(density @ lattice.points / density.sum()), abs=1e-6)


def test_the_average_of_a_hierarchy_is_that_of_a_plain_sum_over_mu_tau_and_each_effect() -> None:
    spec = ModelSpec()
    told = of(claim("no difference", every(30), every(20)))
    lattice = Lattice(0.05, -200, 401)
    mu, tau = np.linspace(-5, 5, 201), (np.arange(240) + 0.5) / 100
    density = spec.priors.mu.logpdf(mu) + spec.priors.tau.logpdf(tau)[:, None]
    for one in likelihoods(spec, ModelData("x", (COUNTED, told))):
        likelihood = one.on(lattice)[0]
        # what is narrower than the lattice is smoothed by its own cell
        spread = np.sqrt(tau**2 + lattice.step**2 / 12)[:, None, None]
        normal = np.exp(-0.5 * ((lattice.points - mu[:, None]) / spread) ** 2)
        density = density + np.log((normal / normal.sum(axis=-1, keepdims=True)) @ likelihood)
    mass = np.exp(density - density.max()).sum(axis=0)
    assert with_claim(told, spec)[None] == pytest.approx(float(mass @ mu / mass.sum()), abs=2e-4)


# ---------------------------------------------------------------- the other engine


def told_terms(spec: ModelSpec, data: ModelData, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What the PyMC model gives the claims as a log probability at a random point, and that point."""
    key = ProgramKey.for_data(spec, data)
    model = nuts_models()[spec.model].build(key)
    arrays = nuts_models()[spec.model].arrays(spec, data, key.slots) | words_arrays(data, key.slots)
    for variable in model.data_vars:
        variable.set_value(arrays[variable.name])
    rng = np.random.default_rng(seed)
    point = {
        name: np.asarray(value + rng.normal(0, 0.7, np.shape(value))) for name, value in model.initial_point().items()
    }
    told, benchmark = (model.named_vars[name] for name in ("told", "told_benchmark"))
    logp = model.compile_logp(vars=[told, benchmark], sum=False, mode="FAST_COMPILE")
    return sum(np.asarray(one) for one in logp(point)), point


@pytest.mark.parametrize("model", ["contrast", "exnex", "bias", "all-cohort"])
@pytest.mark.parametrize("rho", [0.0, 0.02])
def test_the_sampled_model_has_the_probability_that_the_claims_are_made(model: str, rho: float) -> None:
    """At any point, beside benchmarks, biases and effects that stand alone."""
    spec = ModelSpec(model=model)  # type: ignore[arg-type]
    bias = {"bias": 0.4, "bias_mean": 0.2} if model == "bias" else {}
    benchmark = Benchmark(Candidates.count(80, 100), 0.05, 0.5)
    first = replace(claim("similar", every(4, 7), Candidates.count(5, 6), rho, **bias), study="B")
    second = replace(of(claim("lower", every(8), every(9), rho, **bias), UNIFORM, benchmark), study="C")
    terms, at = told_terms(spec, ModelData("x", (COUNTED, first, second)), 3)
    tau, z, raw = np.exp(at["tau_log__"]), at["z"], at["told_raw"]
    for place, study in enumerate((first, second)):
        assert study.told is not None
        effects = [float(at["mu"] + tau * z[place + 1])]
        if model == "exnex":
            effects.append(1.5 * float(at["apart_raw"][place + 1]))
        shift = bias.get("bias_mean", 0.0) + bias.get("bias", 0.0) * float(at["bias_raw"][place + 1]) if bias else 0.0
        said = []
        for effect in effects:
            control = float(raw[place]) - study.told.below * effect
            said.append(said_at(study, control, control + effect + shift))
        expected = np.log(np.mean(said))
        if study.told.benchmark is not None:
            expected += float(log_robust_factor(benchmark, UNIFORM, raw[place])) + log_benchmark_evidence(
                benchmark, UNIFORM
            )
        assert terms[place] == pytest.approx(expected, rel=1e-8)


def test_draws_of_what_is_said_mark_the_pair_as_often_as_it_happens() -> None:
    told = claim("no difference", every(2), every(3), 0.02)
    arrays = words_arrays(ModelData("x", (COUNTED, told)), 3)
    tables = [
        arrays[f"told_{arm}_{name}"]
        for arm in ("control", "treated")
        for name in ("x", "y", "x_at", "y_at", "log_ways")
    ]
    logits, rng = np.array([[[-0.4, 0.8]]]), np.random.default_rng(7)
    found = sum(draw_said(*tables, logits, np.array([0.02]), np.zeros(1), rng=rng, size=(1,))[0] for _ in range(4000))
    by_control, by_treated = probabilities(every(2), -0.4, 0.02), probabilities(every(3), 0.8, 0.02)
    assert np.sum(found) == 4000
    assert found / 4000 == pytest.approx(np.outer(by_control, by_treated), abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["contrast", "exnex", "bias"])
def test_both_engines_agree_within_the_gates(model: str) -> None:
    spec = ModelSpec(model=model)  # type: ignore[arg-type]
    told = (replace(claim("no difference", every(30), every(20), 0.02), study=name) for name in "BC")
    posterior, quadrature, judged = fit_and_judge(spec, ModelData("x", (COUNTED, *told)), "nuts")
    assert all(gate.passed for gate in judged), [gate.text for gate in judged]
    first, second = ((one.study["B"]["log_odds_ratio"].mean()) for one in (posterior, quadrature))
    assert first == pytest.approx(second, abs=0.1 * quadrature.study["B"]["log_odds_ratio"].sd())
    assert set(posterior.study["B"]) == {"log_odds_ratio"}
    with_draws = posterior.tree()
    assert float(with_draws["log_likelihood"]["print"].sel(study="B", arm="treated").max()) < 0
