"""Swapping the arms of every study turns the sign of every comparison and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.builders import data, spec, study, two_arms
from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.nuts.kernel import ProgramKey
from reanalysis.engines.nuts.models import nuts_models
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

TURNED = ("log_odds_ratio", "log_odds_ratio_new", "risk_difference", "log_risk_ratio")
OTHER = {"control_logit": "treated_logit", "treated_logit": "control_logit"}
SHARES = np.array([0.025, 0.25, 0.5, 0.75, 0.975])

counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n + 1)))
rare = st.tuples(st.integers(0, 2), st.integers(20, 2000))
certain = st.one_of(counts, rare).map(lambda arm: Candidates.count(*arm))
printed = st.lists(st.one_of(counts, rare), min_size=2, max_size=4).map(
    lambda pairs: Candidates(*zip(*pairs, strict=True), tuple(float(i + 1) for i in range(len(pairs))))
)
arms = st.one_of(certain, printed)
folders = st.lists(st.tuples(arms, arms, st.sampled_from([0.0, 0.01, 0.05])), min_size=1, max_size=5).map(
    lambda rows: data(*(study(f"s{i}", *row) for i, row in enumerate(rows)))
)


def swapped(one: ModelData) -> ModelData:
    return replace(one, studies=tuple(replace(s, control=s.treated, treated=s.control) for s in one.studies))


def mirrored(model: ModelSpec) -> ModelSpec:
    mean, sd = model.priors.mu.parameters
    return replace(model, priors=replace(model.priors, mu=replace(model.priors.mu, parameters=(-mean, sd))))


def summary(marginal: Marginal, turn: bool) -> np.ndarray:
    """Mean, SD and quantiles of a quantity, or of minus it, in its SDs."""
    mean, quantiles = marginal.mean(), marginal.quantile(SHARES)
    if turn:
        mean, quantiles = -mean, -quantiles[::-1]
    return np.array([mean, marginal.sd(), *quantiles]) / marginal.sd()


def apart(one: Posterior, other: Posterior) -> dict[str, tuple[float, float]]:
    """Largest difference of mean or SD, and of the quantiles, of each quantity from its mirror image, in its SDs."""
    found = {}
    if one.log_evidence is not None and other.log_evidence is not None:
        found["log_evidence"] = (abs(one.log_evidence - other.log_evidence), 0.0)
    for where, left, right in (
        ("", one.overall, other.overall),
        *((f"{s} ", one.study[s], other.study[s]) for s in one.study),
    ):
        for name, marginal in left.items():
            difference = np.abs(summary(marginal, name in TURNED) - summary(right[OTHER.get(name, name)], turn=False))
            found[where + name] = (float(difference[:2].max()), float(difference[2:].max()))
    return found


MODELS: dict[str, dict[str, Any]] = {
    "partial": {},
    "no pooling": {"pooling": "none"},
    "complete": {"pooling": "complete"},
    "an effect expected": {"mu": "normal(0.6,0.8)"},
    "a narrow baseline": {"baseline": "normal(0,1.5)"},
    "a baseline that couples both arms": {"baseline": "normal(0,0.5)"},
    "uniform rates": {"baseline": "logistic(0,1)"},
    "exnex": {"model": "exnex"},
}


def answered(model: ModelSpec, on: ModelData) -> Posterior | None:
    """The posterior, None where the studies contradict each other or their priors beyond double precision."""
    try:
        posterior = fit(model, on)
        for one in posterior.study.values():
            [marginal.mean() for marginal in one.values()]
    except QuadratureError:
        return None
    return posterior


def require_mirrored(model: ModelSpec, on: ModelData) -> None:
    here, there = answered(model, on), answered(mirrored(model), swapped(on))
    assert (here is None) == (there is None)
    if here is None or there is None:
        return
    for name, (integrals, quantiles) in apart(here, there).items():
        assert integrals < 1e-6, name
        assert quantiles < 2e-4, name  # read between the nodes of grids that are not their own mirror images


VAGUE = Candidates((0, 55), (1, 127), (1.0, 2.0))
TINY = {
    "one treated patient each": [((0, 161), (0, 1)), ((0, 440), (0, 1))],
    "and two readings": [((0, 161), (0, 1)), ((0, 440), VAGUE)],
    "two readings of a tiny study": [((0, 161), (0, 1)), ((0, 2), VAGUE)],
    "two huge arms, one of them empty": [((2, 10), (40, 40)), ((0, 100000), (15052, 100000))],
    "one patient an arm": [((0, 1), (0, 1))],
}


@pytest.mark.parametrize("found", TINY)
@pytest.mark.parametrize("name", ["partial", "a baseline that couples both arms"])
def test_swapped_arms_mirror_tiny_arms_without_events(name: str, found: str) -> None:
    on = data(*(study(f"s{i}", *row) for i, row in enumerate(TINY[found])))
    model = spec(**MODELS[name])
    assert answered(model, on) is not None
    require_mirrored(model, on)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(on=folders)
def test_swapped_arms_mirror_every_quantity(name: str, on: ModelData) -> None:
    require_mirrored(spec(**MODELS[name]), on)


plain = st.lists(st.tuples(st.one_of(counts, rare), st.one_of(counts, rare)), min_size=1, max_size=6).map(
    lambda rows: two_arms([(*control, *treated) for control, treated in rows])
)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(on=plain)
def test_swapped_arms_mirror_the_conditional_likelihood(on: ModelData) -> None:
    require_mirrored(spec(anchor="conditional"), on)


def test_a_prior_of_the_control_logit_is_no_mirror() -> None:
    """What the test above would have seen."""
    model, on = spec(anchor="control", baseline="normal(0,1.5)"), two_arms([(1, 200, 3, 210), (0, 90, 2, 40)])
    assert apart(fit(model, on), fit(model, swapped(on)))["log_odds_ratio"][0] > 0.1


def test_swapped_arms_mirror_a_biased_effect_as_far_as_the_baseline_is_vague() -> None:
    """A bias is of the treated arm, so the means of both logits are not those of what the arms printed."""
    on = two_arms([(0, 39, 5, 35), (0, 40, 2, 40), (9, 30, 16, 31)])
    on = replace(on, studies=tuple(replace(s, bias=0.45) for s in on.studies))

    def average(sd: int) -> float:
        model = spec("bias", baseline=f"normal(0,{sd})")
        return apart(fit(model, on), fit(model, swapped(on)))["log_odds_ratio"][0]

    assert average(10) < 0.01
    assert average(40) < average(10) / 8


@pytest.mark.parametrize(("name", "family"), [("contrast", "normal"), ("exnex", "logistic")])
def test_swapped_arms_mirror_the_sampled_density(name: str, family: str) -> None:
    """At any values of the free variables and at their mirror images, interpreted: compiling it takes longer."""
    model, slots = spec(name, baseline=f"{family}(0,2)"), 3
    latent = study("b", Candidates((6, 9), (20, 30), (0.7, 0.3)), (2, 40))
    on = data(study("a", (0, 39), (5, 35), 0.02), latent, study("c", (3, 20), (3, 20)))
    rng = np.random.default_rng(5)
    values = {"mu": np.array(0.7), "tau_log__": np.array(-0.4)}
    values |= {free: rng.normal(size=slots) for free in ("z", "alpha_raw", "apart_raw")}
    turned = {free: -value if free in ("mu", "z", "apart_raw") else value for free, value in values.items()}
    log_density = interpreted(model, slots)
    assert log_density(on, turned) != pytest.approx(log_density(on, values), rel=1e-3)
    assert log_density(swapped(on), turned) == pytest.approx(log_density(on, values), abs=1e-9)


def interpreted(model: ModelSpec, slots: int) -> Callable[[ModelData, dict[str, np.ndarray]], float]:
    """The sampled log density as a function of the data and the free variables."""
    import pymc as pm
    import pytensor

    built = nuts_models()[model.model].build(ProgramKey.of(model, slots))
    mode = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    density = pytensor.function(built.value_vars, built.logp(), mode=mode)

    def at(on: ModelData, values: dict[str, np.ndarray]) -> float:
        arrays = nuts_models()[model.model].arrays(model, on, slots)
        with built:
            pm.set_data({variable.name: arrays[variable.name] for variable in built.data_vars})
        return float(density(*(values[variable.name] for variable in built.value_vars)))

    return at
