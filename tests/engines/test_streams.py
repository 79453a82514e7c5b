"""Rows of two fits are independent, whatever they have in common; a fit made again has the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engines.builders import ICANS, data, spec, study, two_arms
from reanalysis.engines.fit import fit
from reanalysis.engines.streams import sampler_seed, stream
from reanalysis.model.data import ModelData

OTHER = two_arms([(6, 20, 4, 21), (9, 30, 16, 31), (2, 15, 3, 14)])


def draws(on: ModelData, **choices: Any) -> dict[str, np.ndarray]:
    """By group and variable, one row a draw."""
    tree = fit(spec(**choices), on).tree()
    found = {}
    for group in ("posterior", "posterior_predictive", "prior"):
        if group in tree.children:
            for name, values in tree[group].data_vars.items():
                found[f"{group} {name}"] = values.values.reshape(values.sizes["chain"] * values.sizes["draw"], -1)
    return found


def largest_correlation(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    found = []
    for name in one.keys() & other.keys():
        a, b = (v - v.mean(axis=0) for v in (one[name], other[name]))
        scale = np.outer(np.sqrt((a**2).sum(axis=0)), np.sqrt((b**2).sum(axis=0)))
        found.append(np.abs(np.divide(a.T @ b, scale, where=scale > 0, out=np.zeros_like(scale))).max())
    return float(max(found))


@pytest.mark.parametrize(
    "other",
    [
        lambda: draws(replace(OTHER, endpoint="another")),
        lambda: draws(OTHER, model="exnex"),
        lambda: draws(OTHER, tau="halfnormal(0.6)"),
        lambda: draws(data(*OTHER.studies[:2])),
        lambda: draws(OTHER, seed=2),
    ],
    ids=["endpoint", "model", "prior", "studies", "seed"],
)
def test_two_fits_are_independent(other: Any) -> None:
    """4,000 rows: a correlation by chance has SD 0.016, and there are some 100 of them."""
    assert largest_correlation(draws(OTHER), other()) < 0.08


def test_prior_and_posterior_of_one_fit_are_independent() -> None:
    found = draws(OTHER)
    posterior, prior = (
        {name.removeprefix(group): values for name, values in found.items() if name.startswith(group)}
        for group in ("posterior ", "prior ")
    )
    assert largest_correlation(posterior, prior) < 0.08


def test_a_fit_made_again_has_the_same_bits() -> None:
    one, other = draws(ICANS), draws(ICANS)
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_stream_is_that_of_every_process() -> None:
    code = (
        "from engines.builders import ICANS, spec; from reanalysis.engines.streams import stream; "
        "print(stream(spec(), ICANS, 'x').integers(2**62))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{stream(spec(), ICANS, 'x').integers(2**62)}\n"}


def test_a_stream_keeps_its_numbers_when_a_figure_is_corrected() -> None:
    on = data(study("a", (1, 20), (2, 20)))
    corrected = data(study("a", (3, 20), (2, 20)))
    assert stream(spec(), on, "x").uniform() == stream(spec(), corrected, "x").uniform()
    assert stream(spec(), on, "x").uniform() != stream(spec(), on, "y").uniform()


def test_the_sampler_has_a_seed_of_its_own_for_every_endpoint_and_model() -> None:
    seeds = {
        sampler_seed(
            spec(model, arm="treated" if model == "rates" else "control", seed=seed), replace(OTHER, endpoint=e)
        )
        for model in ("contrast", "exnex", "rates")
        for e in ("x", "y")
        for seed in (0, 1)
    }
    assert len(seeds) == 12
    assert all(0 <= seed < 2**64 for seed in seeds)
