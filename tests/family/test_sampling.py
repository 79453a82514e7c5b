"""Sampled posteriors of the family: against quadrature where there is one, against plain sums where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray
from scipy import stats
from scipy.special import expit

from engines.builders import ICANS, data, one_arm, spec, study, two_arms
from evidence.folders import ANAKINRA
from reanalysis.engines.fit import fit
from reanalysis.engines.nuts import program
from reanalysis.engines.nuts.engine import Sampler
from reanalysis.engines.nuts.models import nuts_models
from reanalysis.engines.nuts.models.joint import pairs
from reanalysis.engines.nuts.sampled import Sampled
from reanalysis.engines.posterior import Posterior, Run, Sampling
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.agreement import check_agreement
from reanalysis.gates.checked_fit import CheckedFit, fit_and_judge, fit_endpoint
from reanalysis.model.data import Benchmark, JointData, ModelData
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

pytestmark = pytest.mark.xdist_group("nuts")

SHORT = Sampler(tune=700, draws=2000)

BIASED = data(*(replace(s, rho=0.0, bias=b) for s, b in zip(ICANS.studies, (0.35, 0.45, 0.45), strict=True)))
FILLED = data(
    *two_arms([(6, 20, 4, 21), (9, 30, 16, 31)], 0.02).studies,
    replace(study("d", None, (13, 20), 0.02), benchmark=Benchmark(Candidates.count(55, 101), 0.05, 0.5)),
)
BASKET = replace(spec("rates", seed=3), model="exnex", basket=True)
CASES = {
    "exnex": (spec("exnex", seed=1), ICANS),
    "bias": (spec("bias", seed=1), BIASED),
    "all-cohort": (spec("all-cohort", seed=1), FILLED),
    "beta-rates": (
        spec("beta-rates", seed=1),  # of few arms alike alpha and beta have tails that no number of draws settles
        one_arm([(1, 20), (12, 24), (0, 18), (9, 30), (14, 21), (3, 25), (20, 28), (2, 22)]),
    ),
}
FEW = [pytest.param(name, marks=() if name == "exnex" else pytest.mark.slow) for name in CASES]


@cache
def judged(name: str) -> tuple[Posterior, Posterior, bool]:
    sampler = None if name == "beta-rates" else SHORT  # its tails take the draws of a published fit
    sampled, exact, gates = fit_and_judge(*CASES[name], "nuts", sampler)
    return sampled, exact, all(gate.passed for gate in gates)


@pytest.mark.parametrize("name", FEW)
def test_both_engines_agree(name: str) -> None:
    sampled, exact, passed = judged(name)
    assert passed
    assert (sampled.engine, exact.engine) == ("nuts", "quadrature")


@pytest.mark.slow
def test_both_engines_agree_who_is_exchangeable() -> None:
    sampled, exact, _ = judged("exnex")
    for s, share in exact.exchangeable.items():
        assert sampled.exchangeable[s] == pytest.approx(share, abs=0.02)


@pytest.mark.slow
def test_both_engines_agree_on_a_basket() -> None:
    evidence = one_arm([(2, 15), (0, 13), (6, 28), (7, 29), (5, 26)], rho=0.01)
    assert all(gate.passed for gate in fit_and_judge(BASKET, evidence, "nuts", SHORT)[2])


@pytest.mark.parametrize("name", FEW)
def test_another_data_set_and_other_settings_need_no_other_program(name: str) -> None:
    judged(name)
    before = program._compiled.cache_info().misses
    model, _ = CASES[name]
    other = {
        "exnex": lambda: fit(replace(model, settings=(("w", 0.8),)), FILLED_WITHOUT, "nuts", SHORT),
        "bias": lambda: fit(model, data(*BIASED.studies[:2]), "nuts", SHORT),
        "all-cohort": lambda: fit(model, FILLED_WITHOUT, "nuts", SHORT),
        "beta-rates": lambda: fit(model, one_arm([(3, 90), (0, 14), (5, 20), (6, 31)]), "nuts", SHORT),
    }[name]
    assert next(iter(other().overall.values())).sd() > 0
    assert program._compiled.cache_info().misses == before


FILLED_WITHOUT = data(*two_arms([(6, 20, 4, 21), (2, 30, 5, 31)], 0.02).studies)


@pytest.mark.parametrize("name", FEW)
def test_what_is_saved_has_the_standard_groups(name: str) -> None:
    assert_standard_groups(judged(name)[0], proper=name != "beta-rates")


def assert_standard_groups(posterior: Posterior, proper: bool) -> None:
    tree = posterior.tree()
    of_prior = {"prior", "log_prior"}
    assert of_prior & set(tree.children) == (of_prior if proper else set())
    assert {"posterior", "posterior_predictive", "log_likelihood", "observed_data"} <= set(tree.children)
    for group in {"posterior", "log_likelihood"} | (of_prior if proper else set()):
        assert all(np.isfinite(values).all() for values in tree[group].data_vars.values())


def test_of_an_improper_prior_no_draws_are_saved() -> None:
    """Of invented draws, as if they had been sampled."""
    model, on = CASES["beta-rates"]
    rng = np.random.default_rng(1)
    parameters = xarray.Dataset({name: (("chain", "draw"), rng.normal(size=(2, 50))) for name in ("v", "t")})
    assert_standard_groups(nuts_models()["beta-rates"].posterior(as_sampled(model, on, parameters)), proper=False)


def as_sampled(model: ModelSpec, on: ModelData, parameters: xarray.Dataset) -> Sampled:
    energy = np.random.default_rng(2).normal(size=(2, 50))
    return Sampled(model, on, parameters, {"energy": energy}, Sampling((Run(0.95, 100, 50, 2, 0),), energy))


def arm_spec(seed: int = 4) -> ModelSpec:
    return spec("arm-beta-binomial", seed=seed)


ARMS = two_arms([(6, 20, 4, 21), (9, 30, 16, 31), (2, 15, 3, 14)])


@cache
def arm_level(seed: int = 4) -> Posterior:
    return fit(arm_spec(seed), ARMS, "nuts", SHORT)


def test_arm_level_beta_binomial_equals_plain_sums() -> None:
    """A sum over the mean of both logits, the log odds ratio and rho."""
    step, rho = 0.1, (np.arange(200) + 0.5) / 200
    middle, mu = step * np.arange(-120, 121), step * np.arange(-40, 41)
    m = (1 - rho) / rho

    def log_arm(name: str, logit: np.ndarray) -> np.ndarray:
        p = expit(logit)[:, None]
        arms = [getattr(s, name) for s in ARMS.studies]
        return sum(stats.betabinom.logpmf(a.events[0], a.n[0], m * p, m * (1 - p)) for a in arms)

    wide = step / 2 * np.arange(-280, 281)  # every middle -/+ mu / 2
    control, treated = log_arm("control", wide), log_arm("treated", wide)
    place = 280 + 2 * np.arange(-120, 121)[:, None]
    half = np.arange(-40, 41)[None, :]
    log_mass = control[place - half] + treated[place + half] + stats.beta.logpdf(rho, 1, 9)
    log_mass += (stats.norm.logpdf(middle, 0, 10)[:, None] + stats.norm.logpdf(mu))[:, :, None]
    mass = np.exp(log_mass - log_mass.max())
    mass /= mass.sum()
    found = arm_level()
    for name, grid, by in (("log_odds_ratio", mu, mass.sum(axis=(0, 2))), ("rho", rho, mass.sum(axis=(0, 1)))):
        mean = by @ grid
        sd = np.sqrt(by @ (grid - mean) ** 2)
        assert abs(found.overall[name].mean() - mean) < 0.06 * sd
        assert found.overall[name].sd() == pytest.approx(sd, rel=0.06)
    assert "tau" not in found.overall


def test_arm_level_rates_are_not_paired() -> None:
    """Which control belongs to which treated arm is not in the model."""
    rows = ARMS.studies
    turned = data(*(replace(s, control=rows[i - 1].control) for i, s in enumerate(rows)))
    found, other = arm_level(), fit(arm_spec(5), turned, "nuts", SHORT)
    sd = found.overall["log_odds_ratio"].sd()
    assert abs(found.overall["log_odds_ratio"].mean() - other.overall["log_odds_ratio"].mean()) < 0.08 * sd
    paired, unpaired = (fit(spec(), d).study["s01"]["log_odds_ratio"].mean() for d in (ARMS, turned))
    assert abs(paired - unpaired) > 0.03  # the primary model does know


@cache
def jointly(correlation: float | None) -> CheckedFit:
    evidence = read_evidence(ANAKINRA)
    settings = () if correlation is None else (("correlation", correlation),)
    model = replace(default_spec(evidence, "joint"), settings=settings)
    return fit_endpoint(evidence, "cr", model, "nuts", SHORT if correlation != 0.6 else Sampler(tune=400, draws=500))


@pytest.mark.slow
def test_uncorrelated_endpoints_are_those_fitted_one_by_one() -> None:
    found = jointly(0.0)
    posterior = found.posterior
    separate = default_spec(found.evidence)
    assert set(posterior.parts) == {"icans_any", "crs_any", "infection_g3"}
    for part in (replace(posterior, parts={}, correlations={}), *posterior.parts.values()):
        assert check_agreement(part, fit(separate, ModelData(part.endpoint, part.data.studies))).passed
    assert not posterior.correlations


@pytest.mark.slow
def test_learnt_correlations_pass_the_gates_and_are_reported() -> None:
    found = jointly(None)
    assert found.passed
    assert_every_endpoint_is_reported(found)


def test_a_joint_posterior_reports_and_saves_every_endpoint_and_correlation(evidence: Evidence) -> None:
    """Of invented draws, as if they had been sampled."""
    model = default_spec(evidence, "joint")
    on = select(evidence, model, "cr").data
    assert isinstance(on, JointData)
    rng, count = np.random.default_rng(1), len(on.parts)
    shapes = {"mu": (count,), "tau": (count,), "z": (4, count), "alpha_raw": (4, count), "u": (len(pairs(count)),)}
    drawn = {n: ([f"{n}_{i}" for i in range(len(shape))], shape) for n, shape in shapes.items()}
    parameters = xarray.Dataset(
        {
            n: (("chain", "draw", *axes), rng.uniform(-0.9 if n == "mu" else 0.1, 0.9, (2, 50, *shape)))
            for n, (axes, shape) in drawn.items()
        }
    )
    sampled = as_sampled(model, on, parameters)
    posterior = nuts_models()["joint"].posterior(sampled)
    assert_every_endpoint_is_reported(
        replace(fit_endpoint(evidence, "cr", engine="quadrature"), posterior=posterior, sampled=None)
    )
    tree = posterior.tree()
    for name in posterior.parts:
        assert tree[f"endpoints/{name}"]["posterior"].sizes["chain"] == 2
    fixed = replace(sampled, spec=replace(model, settings=(("correlation", 0.6),)))
    assert not nuts_models()["joint"].posterior(fixed).correlations


def assert_every_endpoint_is_reported(found: CheckedFit) -> None:
    plain = found.as_dict()
    assert set(plain["estimates"]["endpoints"]) == {"icans_any", "crs_any", "infection_g3"}
    correlations = {name for name in plain["estimates"] if name.startswith("correlation[")}
    assert len(correlations) == 6
    assert "correlation[icans_any, cr]" in correlations
    assert plain["estimates"]["study"].keys() == {"iptw", "phase2"}
    assert 0 < plain["probabilities"]["endpoints"]["icans_any"]["log_odds_ratio_below_0"] < 1
    assert plain["spec"]["settings"] == {"correlation": None}


@pytest.mark.slow
def test_a_new_study_has_correlated_effects() -> None:
    """Fixed at 0.6, its effects on two endpoints vary together; at 0 they do not. Both take one compiled model."""
    before = program._compiled.cache_info().misses
    apart, close = jointly(0.0).posterior, jointly(0.6).posterior
    assert program._compiled.cache_info().misses <= before + 1

    def together(posterior: Posterior) -> float:
        one = posterior.overall["log_odds_ratio_new"].draws
        other = posterior.parts["icans_any"].overall["log_odds_ratio_new"].draws
        return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])

    assert abs(together(apart)) < 0.06
    assert together(close) > 0.12


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: arm_level(), id="arm-beta-binomial"),
        pytest.param(lambda: jointly(None).posterior, id="joint", marks=pytest.mark.slow),
    ],
)
def test_models_without_quadrature_are_saved_whole(made: Callable[[], Posterior]) -> None:
    posterior = made()
    tree = posterior.tree()
    assert {"posterior", "prior", "log_likelihood", "posterior_predictive"} <= set(tree.children)
    for name in posterior.parts:
        assert "posterior" in tree[f"endpoints/{name}"].children
