"""Evidence, fits and results are values: they pickle, copy and reach another process, before and after use."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reanalysis as ra
from builds import evidence_folders
from readme.answer import analysed
from reanalysis.analysis.plan import plan
from reanalysis.analysis.request import Request
from reanalysis.digests import of_value
from reanalysis.engines.draws import prior_draws
from reanalysis.engines.nuts.sampled import Sampled, posterior_of
from reanalysis.engines.posterior import Posterior, Run, Sampling
from reanalysis.estimands.table import estimates
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.checked_fit import CheckedFit

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"
MODELS: dict[str, dict[str, Any]] = {
    "partial": {},
    "none": {"pooling": "none"},
    "complete": {"pooling": "complete"},
    "exnex": {"model": "exnex"},
    "bias": {"model": "bias"},
    "all-cohort": {"model": "all-cohort"},
    "rates": {"model": "rates"},
    "beta-rates": {"model": "beta-rates"},
}


def copies(value: Any) -> list[Any]:
    """The value, pickled and copied."""
    return [pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)]


def used(fit: CheckedFit) -> dict[str, Any]:
    """What a reader asks of a fit."""
    fit.table()
    fit._repr_html_()
    return fit.as_dict()


@pytest.mark.parametrize("choices", MODELS.values(), ids=MODELS)
def test_a_fit_by_quadrature_is_a_value(evidence: Evidence, choices: dict[str, Any]) -> None:
    fresh, fit = (ra.fit(evidence, "icans_any", **choices) for _ in range(2))
    expected = used(fit)
    for found in (*copies(fresh), *copies(fit)):
        assert found.as_dict() == expected
        assert of_value(found.posterior.study, found.posterior.overall) == of_value(
            fit.posterior.study, fit.posterior.overall
        )


def test_draws_of_a_copy_are_the_same(evidence: Evidence) -> None:
    fit = ra.fit(evidence, "icans_any")
    one, two = (found.posterior.tree()["posterior"]["tau"].values for found in (fit, copies(fit)[0]))
    assert np.array_equal(one, two)


@pytest.fixture(scope="module")
def sampled(evidence: Evidence) -> Posterior:
    """What the sampling engine makes of draws, here of the prior: no model is compiled for it."""
    fit = ra.fit(evidence, "icans_any")
    draws = prior_draws(fit.spec, fit.posterior.data, 4, 50)
    stats = {"energy": np.zeros((4, 50))}
    sampling = Sampling((Run(0.95, 100, 50, 4, 0),), stats["energy"])
    return posterior_of(
        Sampled(fit.spec, fit.posterior.data, None, stats, sampling), fit.posterior.data, draws, prior_draws
    )


def test_a_sampled_posterior_is_a_value(sampled: Posterior) -> None:
    before = copies(sampled)
    expected, tree = estimates(sampled), sampled.tree()
    for found in (*before, *copies(sampled)):
        assert estimates(found) == expected
    assert np.array_equal(before[0].tree()["posterior"]["tau"].values, tree["posterior"]["tau"].values)


RESULTS: dict[str, Callable[[Evidence], Any]] = {
    "audit": ra.audit,
    "coverage": ra.coverage,
    "effects": lambda evidence: ra.effects(ra.fit(evidence, "infection")),
    "selection": lambda evidence: ra.select(evidence, ra.specification(evidence), "infection"),
    "multiverse": lambda evidence: ra.multiverse(evidence, "infection", most=5),
    "plan": lambda evidence: plan(evidence, Request("quadrature")),
    "analysis": lambda evidence: analysed(evidence),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_result_is_a_value(result: Callable[[Evidence], Any], tmp_path: Path) -> None:
    found = result(ra.read_evidence(evidence_folders.two_endpoints(tmp_path)))
    for same in copies(found):
        assert type(same) is type(found)
        assert of_value(same) == of_value(found)


def test_values_reach_another_process_before_and_after_use(evidence: Evidence, sampled: Posterior) -> None:
    posteriors = [ra.fit(evidence, "icans_any", **choices).posterior for choices in MODELS.values()]
    here = [estimates(posterior) for posterior in (*posteriors, sampled)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        fresh = [ra.fit(evidence, "icans_any", **choices).posterior for choices in MODELS.values()]
        for each in (fresh, posteriors):
            assert list(executor.map(estimates, (*each, sampled))) == here
        assert executor.submit(replace, evidence).result() == evidence
