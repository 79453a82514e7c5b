"""Swapping the arms of every study turns the sign of every comparison and changes nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.builders import data, spec, study, two_arms
from reanalysis.engines.arrays import padded_arrays
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.nuts.program import ProgramKey, build_model
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import ModelData, StudyData
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


def apart(one: Posterior, other: Posterior) -> dict[str, float]:
    """Largest difference of each quantity from its mirror image, in its SDs."""
    found = {"log_evidence": abs(one.log_evidence - other.log_evidence) if one.log_evidence is not None else 0.0}
    for where, left, right in (
        ("", one.overall, other.overall),
        *((s, one.study[s], other.study[s]) for s in one.study),
    ):
        for name, marginal in left.items():
            difference = summary(marginal, name in TURNED) - summary(right[OTHER.get(name, name)], turn=False)
            found[f"{where} {name}"] = float(np.abs(difference).max())
    return found


MODELS: dict[str, dict[str, Any]] = {
    "partial": {},
    "no pooling": {"pooling": "none"},
    "complete": {"pooling": "complete"},
    "an effect expected": {"mu": "normal(0.6,0.8)"},
    "a narrow baseline": {"baseline": "normal(0,1.5)"},
    "a baseline too narrow to split": {"baseline": "normal(0,0.5)"},
    "uniform rates": {"baseline": "logistic(0,1)"},
    "exnex": {"model": "exnex"},
}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(on=folders)
def test_swapped_arms_mirror_every_quantity(name: str, on: ModelData) -> None:
    model = spec(**MODELS[name])
    differences = apart(fit(model, on), fit(mirrored(model), swapped(on)))
    assert max(differences.values()) < 1e-6, max(differences.items(), key=lambda one: one[1])
