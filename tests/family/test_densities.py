"""Densities of the compiled models, interpreted: a model that changes one thing of another is it where that is nothing.

Nothing is sampled and nothing compiled, which takes longer than all calls.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import logistic

from engines.builders import ICANS, data, one_arm, spec, study
from reanalysis.engines.benchmark import log_benchmark_evidence
from reanalysis.engines.beta_rate import arms_of
from reanalysis.engines.nuts.kernel import ProgramKey
from reanalysis.engines.nuts.models import nuts_models
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import Benchmark, JointData, ModelData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

SLOTS = 4
Point = dict[str, np.ndarray]


def density(model: ModelSpec, on: ModelData, points: list[Point]) -> np.ndarray:
    """Log density of the free variables, on their own scales, at each point."""
    from pytensor.compile.mode import Mode

    family = nuts_models()[model.model]
    built = family.build(ProgramKey.of(model, SLOTS, len(on.parts) if isinstance(on, JointData) else 1))
    arrays = family.arrays(model, on, SLOTS)
    for variable in built.data_vars:
        variable.set_value(arrays[variable.name])
    logp = built.compile_logp(mode=Mode(linker="py", optimizer=None))
    names = [variable.name for variable in built.continuous_value_vars]
    return np.array([float(logp({name: point[name] for name in names})) for point in points])


def points(*shape: int, **more: int) -> list[Point]:
    """Places of mu, log tau, z and the baselines, by endpoint where a shape is given."""
    rng = np.random.default_rng(4)
    sizes = {"mu": shape, "tau_log__": shape, "z": (SLOTS, *shape), "alpha_raw": (SLOTS, *shape), **more}
    return [{name: np.asarray(rng.normal(0, 0.5, size)) for name, size in sizes.items()} for _ in range(3)]


def test_uncorrelated_endpoints_have_the_densities_of_each(evidence: Evidence) -> None:
    """Where they share no denominator: one by one, but for the prior of correlations that are not asked for."""
    joint = replace(default_spec(evidence, "joint"), settings=(("correlation", 0.0),))
    whole = select(evidence, joint, "cr").data
    assert isinstance(whole, JointData)
    apart, count = replace(whole, shared=()), len(whole.parts)
    assert count == 4
    at = points(count, u_logodds__=count * (count - 1) // 2)
    at = [one | {"u_logodds__": at[0]["u_logodds__"]} for one in at]
    together = density(joint, apart, at)
    rest = together.copy()
    for e, part in enumerate(apart.parts):
        own = [apart.all_studies.index(name) for name in part.names]
        order = [*own, *(s for s in range(SLOTS) if s not in own)]  # what has no figures of it is a slot to spare
        rest -= density(default_spec(evidence), part, [of_endpoint(one, e, order) for one in at])
    assert rest == pytest.approx(np.full(len(at), rest[0]), abs=1e-8)
    correlated = replace(joint, settings=(("correlation", 0.6),))
    assert np.ptp(density(correlated, apart, at) - together) > 0.1


def of_endpoint(point: Point, endpoint: int, order: list[int]) -> Point:
    """The variables of one of several endpoints, slots in an order."""
    own = {name: values[..., endpoint] for name, values in point.items() if name != "u_logodds__"}
    return {name: values[order] if values.ndim else values for name, values in own.items()}


NOTHING = {
    "all-cohort": (spec("all-cohort"), "mu"),
    "bias": (spec("bias"), "bias_raw"),
    "exnex": (replace(spec("exnex"), settings=(("w", 1.0),)), "apart_raw"),
}
"""A model set so that it changes nothing, and the variable it has beside the others."""


@pytest.mark.parametrize("model", NOTHING)
def test_a_model_that_changes_nothing_is_the_contrast_model(model: str) -> None:
    changed, beside = NOTHING[model]
    at = points(**{} if beside == "mu" else {beside: SLOTS})
    at = [one | {beside: at[0][beside]} for one in at]
    gap = density(changed, ICANS, at) - density(spec(), ICANS, at)
    assert gap == pytest.approx(np.full(len(at), gap[0]), abs=1e-8)


def test_a_benchmark_adds_what_it_says_of_the_control_that_a_study_lacks() -> None:
    """Of a baseline that it shares with probability 1/2, against the likelihood of the other engine."""
    benchmark = Benchmark(Candidates.count(55, 101), 0.05, 0.5)
    lacking = study("d", None, (13, 20), 0.02)
    model, at = spec("all-cohort"), points()
    filled, bare = (
        density(model, data(*ICANS.studies[1:], replace(lacking, benchmark=one)), at) for one in (benchmark, None)
    )
    alone = log_benchmark_evidence(benchmark, model.priors.baseline)
    for one, found in zip(at, filled - bare, strict=True):
        effect = one["mu"] + np.exp(one["tau_log__"]) * one["z"][2]
        centre, scale = model.priors.baseline.parameters
        control = centre + scale * one["alpha_raw"][2] - model.below * effect
        shared = log_likelihood(benchmark.candidates, control, benchmark.rho)
        assert found == pytest.approx(np.logaddexp(shared, alone) + np.log(0.5), abs=1e-8)


def test_the_beta_distribution_of_all_rates_has_the_density_that_its_model_states() -> None:
    model, on = spec("beta-rates"), one_arm([(1, 20), (12, 24), (3, 25)])
    low, high = nuts_models()["beta-rates"].arrays(model, on, SLOTS)["total_bounds"]
    at = [{"v": np.array(v), "t_interval__": np.array(u)} for v, u in ((-0.7, 0.9), (0.4, 1.3), (1.1, 0.6))]
    expected = []
    for one in at:
        v, u = float(one["v"]), float(one["t_interval__"])
        t = low + (high - low) * expit(u)
        likelihood = sum(log_likelihood(arm, np.array(v), expit(-t)) for arm in arms_of(model, on))
        expected.append(logistic.logpdf(v) - t / 2 + np.log(expit(u) * expit(-u)) + float(likelihood))
    gap = density(model, on, at) - expected
    assert gap == pytest.approx(np.full(len(at), gap[0]), abs=1e-8)
