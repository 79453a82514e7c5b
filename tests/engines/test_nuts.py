"""The sampling engine: the compiled density, its data, its draws, and its agreement with quadrature."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from pathlib import Path

import arviz
import numpy as np
import pytest
from scipy.special import expit

from engines.builders import ICANS, data, spec, study, two_arms
from reanalysis.engines.arrays import padded_arrays
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.nuts.engine import Sampler
from reanalysis.engines.nuts.kernel import ProgramKey, report_logp, tau_of
from reanalysis.engines.nuts.program import _compiled, program
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.prediction import draw_report
from reanalysis.engines.tree import save_tree
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.gates.agreement import check_agreement
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.gates.gates import gates
from reanalysis.model.data import ModelData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import log_likelihood, log_pmf

pytestmark = pytest.mark.xdist_group("nuts")

SAMPLER = Sampler(draws=2000)
TWO = data(*ICANS.studies[1:])


@pytest.fixture(scope="module")
def nuts() -> Posterior:
    return fit(spec(seed=1), ICANS, "nuts", SAMPLER)


def test_the_compiled_density_of_a_print_is_the_numpy_likelihood() -> None:
    import pytensor

    arm = Candidates((0.0, 12.0, 45.5), (20.0, 30.0, 60.25), (0.2, 0.5, 0.3))
    logit = np.linspace(-9, 9, 31)
    for rho in (0.0, 0.01, 0.4):
        found = pytensor.function([], report_logp(arm.x, arm.size, arm.log_weight, logit, np.full(31, rho)))()
        assert found == pytest.approx(log_likelihood(arm, logit, rho), abs=1e-9)


def test_random_prints_have_the_frequencies_of_their_density() -> None:
    n, log_weight = np.array([5.0, 8.0]), np.log([0.3, 0.7])
    count = 200_000
    drawn = draw_report(n, log_weight, np.full(count, 0.4), np.array(0.1), rng=np.random.default_rng(1))
    for slot in (0, 1):
        for x in range(int(n[slot]) + 1):
            expected = np.exp(log_weight[slot] + log_pmf(x, n[slot], 0.4, 0.1))
            share = np.mean(drawn[:, slot] == x)
            assert abs(share - expected) < 5 * np.sqrt(expected / count)


def test_sampled_rows_of_two_endpoints_are_independent(nuts: Posterior) -> None:
    other = fit(spec(seed=1), replace(ICANS, endpoint="another"), "nuts", SAMPLER)
    one, two = (posterior.tree()["posterior"] for posterior in (nuts, other))
    for name in ("log_odds_ratio_new", "log_odds_ratio", "tau"):
        found = np.corrcoef(one[name].values.ravel(), two[name].values.ravel())[0, 1]
        assert abs(found) < 0.1, name  # 8,000 rows, the chains' autocorrelation included


@pytest.mark.parametrize("fault", ["missing", "shape", "integers"])
def test_data_of_a_wrong_name_shape_or_kind_are_refused(nuts: Posterior, fault: str) -> None:
    compiled = program(ProgramKey.of(nuts.spec, 3))
    arrays = padded_arrays(nuts.spec, ICANS, 3)
    arrays = {name: arrays[name] for name in compiled.shapes}
    if fault == "missing":
        del arrays["rho"]
    elif fault == "shape":
        arrays["rho"] = arrays["rho"][:2]
    else:
        arrays["events"] = arrays["events"].astype(np.int64)
    with pytest.raises(EngineError):
        compiled.with_data(arrays)


def test_every_gate_passes_and_both_engines_agree(nuts: Posterior) -> None:
    results = gates(nuts, fit(nuts.spec, ICANS))
    assert len(results) == 5
    assert [gate.name for gate in results if not gate.passed] == []


def test_a_sampled_posterior_pickles_and_copies_with_its_draws(nuts: Posterior) -> None:
    for found in (pickle.loads(pickle.dumps(nuts)), copy.deepcopy(nuts)):
        assert found.spec == nuts.spec
        for name, marginal in nuts.overall.items():
            assert found.overall[name].quantile([0.1, 0.5]).tolist() == marginal.quantile([0.1, 0.5]).tolist()
        assert found.tree()["posterior"].equals(nuts.tree()["posterior"])


def test_padded_studies_change_nothing(nuts: Posterior) -> None:
    two = fit(nuts.spec, TWO, "nuts", SAMPLER)
    assert set(two.study) == set(TWO.names)
    assert check_agreement(two, fit(two.spec, TWO)).passed


ZERO_CELLS = two_arms([(0, 39, 5, 35), (0, 40, 2, 40), (9, 30, 16, 31)])
PRINTS_AND_ZEROES = ((ICANS, "prints"), (ZERO_CELLS, "zero cells"))


BASELINES = [
    pytest.param("midpoint", "normal(0,10)", ZERO_CELLS, id="midpoint-zero cells"),
    pytest.param("control", "normal(0,1.5)", ICANS, id="control-prints"),
    *(
        pytest.param(anchor, baseline, on, id=f"{anchor}-{baseline}-{name}", marks=pytest.mark.slow)
        for anchor, baseline, on, name in (
            ("control", "normal(0,1.5)", ZERO_CELLS, "zero cells"),
            *((a, "logistic(0,1)", on, n) for a in ("midpoint", "control") for on, n in PRINTS_AND_ZEROES),
        )
    ),
]


@pytest.mark.parametrize(("anchor", "baseline", "on"), BASELINES)
def test_both_engines_agree_under_every_anchor_and_prior_of_the_baselines(
    anchor: str, baseline: str, on: ModelData
) -> None:
    model = spec(seed=1, anchor=anchor, baseline=baseline)
    result = check_agreement(fit(model, on, "nuts", SAMPLER), fit(model, on))
    assert result.passed, result.text


@pytest.mark.slow
@pytest.mark.parametrize(
    "priors",
    [
        {"mu": "student_t(4,0,0.57)", "tau": "inverse_gamma(2.91,0.66)"},
        {"mu": "logistic(0,0.3)", "tau": "half_student_t(4,0.5)", "baseline": "student_t(4,0,2.5)"},
        {"mu": "student_t(4,0,0.57)", "pooling": "none"},
    ],
    ids=str,
)
def test_both_engines_agree_under_other_families_of_priors(priors: dict[str, str]) -> None:
    model = spec(seed=1, **priors)
    result = check_agreement(fit(model, ICANS, "nuts", SAMPLER), fit(model, ICANS))
    assert result.passed, result.text


def test_every_prior_of_the_heterogeneity_has_a_compiled_density() -> None:
    """As written; PyMC's constants of a half-Cauchy density are in single precision, which no draw depends on."""
    import pymc as pm

    for text in ("halfcauchy(0.5)", "half_student_t(3,0.7)", "inverse_gamma(2.91,0.66)", "lognormal(-1,0.7)"):
        prior = Distribution.parse(text)
        with pm.Model():
            tau = tau_of(pm, prior.family, np.array((*prior.parameters, 0.0)[:2]))
            assert pm.logp(tau, np.array(0.6)).eval() == pytest.approx(float(prior.logpdf(0.6)), abs=1e-8)


def test_anchors_are_data_of_one_program(nuts: Posterior) -> None:
    before = _compiled.cache_info().misses
    fit(spec(seed=1, anchor="control"), ICANS, "nuts", Sampler(tune=100, draws=100))
    assert _compiled.cache_info().misses == before


RARE = two_arms(
    [
        (int(rng.binomial(n0, p)), int(n0), int(rng.binomial(n1, min(1.43 * p, 1))), int(n1))
        for rng in [np.random.default_rng(7)]
        for n0, n1, p in zip(
            *np.exp(rng.uniform(np.log(50), np.log(2000), (2, 42))).astype(int),
            np.exp(rng.uniform(np.log(0.002), np.log(0.01), 42)),
            strict=True,
        )
    ]
)
"""42 trials of 50 to 2000 patients an arm, risks of 0.2 to 1 %, and 1.43 times that."""


@pytest.mark.slow
def test_forty_two_trials_of_rare_events_pass_every_gate() -> None:
    telling = data(*(one for one in RARE.studies if one.silence is None))
    _, exact, results = fit_and_judge(spec(seed=1), telling, "nuts", None)
    assert [gate.text for gate in results if not gate.passed] == []
    assert exact.overall["log_odds_ratio"].cdf(0.0) < 0.1  # harm is not made benefit


def test_a_prior_of_heterogeneity_half_as_wide_again_fails_the_agreement_gate(nuts: Posterior) -> None:
    result = check_agreement(nuts, fit(spec(tau="halfnormal(0.75)", seed=1), ICANS))
    assert result.passed is False
    assert "tau" in set(result.table.loc[~result.table["passed"], "quantity"])


def test_the_same_seed_gives_the_same_draws(nuts: Posterior) -> None:
    again = fit(nuts.spec, ICANS, "nuts", SAMPLER)
    for name, marginal in nuts.overall.items():
        assert np.array_equal(marginal.draws, again.overall[name].draws), name  # type: ignore[attr-defined]


@pytest.mark.parametrize("engine", ["nuts", "quadrature"])
def test_a_saved_posterior_opens_in_plain_arviz(nuts: Posterior, engine: str, tmp_path: Path) -> None:
    tree = (nuts if engine == "nuts" else fit(nuts.spec, ICANS)).tree()
    save_tree(tree, tmp_path / "posterior.nc")
    opened = arviz.from_netcdf(tmp_path / "posterior.nc")
    groups = {
        "posterior",
        "prior",
        "posterior_predictive",
        "log_likelihood",
        "log_prior",
        "observed_data",
        "constant_data",
    }
    assert groups | ({"sample_stats"} if engine == "nuts" else set()) <= set(opened.children)
    for group in groups:
        for name, values in tree[group].data_vars.items():
            assert np.array_equal(values.values, opened[group][name].values, equal_nan=True), (group, name)
    assert json.loads(opened.attrs["spec"])["model"] == "contrast"
    logit = np.log(opened.posterior["control_rate"] / (1 - opened.posterior["control_rate"])).sel(study="phase2").values
    stored = opened.log_likelihood["print"].sel(study="phase2", arm="control").values
    phase2 = next(s for s in ICANS.studies if s.study == "phase2")
    assert phase2.control is not None
    assert stored == pytest.approx(log_likelihood(phase2.control, logit, phase2.rho), abs=1e-8)


def test_quadrature_draws_follow_its_integrals() -> None:
    posterior = fit(spec(seed=3), data(study("a", (3, 20), (7, 21)), study("b", (4, 30), (9, 31))))
    drawn = posterior.tree().posterior
    for name, values in (("log_odds_ratio", drawn["log_odds_ratio"]), ("tau", drawn["tau"])):
        exact = posterior.overall[name]
        assert float(values.mean()) == pytest.approx(exact.mean(), abs=5 * exact.sd() / np.sqrt(values.size))
    rate = drawn["control_rate"].sel(study="a")
    exact = posterior.study["a"]["control_logit"]
    assert float(rate.mean()) == pytest.approx(exact.mean(expit), abs=5 * exact.sd(expit) / np.sqrt(rate.size))
