"""Chains that agree stay within the bands as often as they say, and one that does not is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.chain_ranks import LEVEL, chain_ranks
from reanalysis.model.selection import default_spec, select

Array = np.ndarray


@pytest.fixture(scope="module")
def exact() -> Posterior:
    evidence = read_evidence(Path(__file__).parents[2] / "data" / "anakinra")
    spec = default_spec(evidence)
    return fit(spec, select(evidence, spec, "icans_any").data, "quadrature")


def drawn(exact: Posterior, **draws: Array) -> Posterior:
    """A posterior of some shared quantities alone, known by these draws."""
    return replace(exact, overall={name: DrawsMarginal(one) for name, one in draws.items()}, study={})


def test_chains_that_agree_stay_within_all_bands_as_often_as_they_say(exact: Posterior) -> None:
    rng = np.random.default_rng(11)
    repeats, inside = 600, 0
    for _ in range(repeats):
        posterior = drawn(exact, **{f"q{i}": rng.normal(size=(4, 250)) for i in range(3)})
        inside += not any(one.outside for one in chain_ranks(posterior))
    assert inside / repeats == pytest.approx(LEVEL, abs=4 * np.sqrt(LEVEL * (1 - LEVEL) / repeats))


@pytest.mark.parametrize("shift", ["moved", "wider", "stuck"])
def test_a_chain_that_disagrees_is_the_one_that_strays_furthest(exact: Posterior, shift: str) -> None:
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(4, 1000))
    draws[2] = {"moved": draws[2] + 0.5, "wider": 1.7 * draws[2], "stuck": np.full(1000, 0.3)}[shift]
    bad, good = chain_ranks(drawn(exact, tau=draws, log_odds_ratio=rng.normal(size=(4, 1000))))
    assert 3 in bad.outside
    assert int(np.argmax(bad.strayed)) == 2
    assert good.outside == ()


def test_differences_are_those_of_the_distribution_functions(exact: Posterior) -> None:
    draws = np.random.default_rng(4).normal(size=(3, 400))
    (found,) = chain_ranks(drawn(exact, tau=draws))
    kept = draws[:, :: found.every]
    for node, differences in zip(found.nodes, found.difference.T, strict=True):
        threshold = np.sort(kept, axis=None)[round(node * kept.size) - 1]
        assert differences == pytest.approx((kept <= threshold).mean(axis=1) - node, abs=1e-12)
    assert found.difference.sum(axis=0) == pytest.approx(np.zeros(len(found.nodes)), abs=1e-12)


def autocorrelated(rng: np.random.Generator, correlation: float) -> Array:
    draws = rng.normal(size=(4, 2000))
    draws[:, 1:] *= np.sqrt(1 - correlation**2)
    return np.asarray(lfilter([1.0], [1.0, -correlation], draws, axis=1))


def test_draws_are_thinned_by_how_much_they_repeat_themselves(exact: Posterior) -> None:
    rng = np.random.default_rng(8)
    independent, slow = rng.normal(size=(4, 2000)), autocorrelated(rng, 0.6)  # four draws are worth one
    (quick,) = chain_ranks(drawn(exact, tau=independent))
    assert quick.every == 1
    found = chain_ranks(drawn(exact, tau=independent, log_odds_ratio=slow))
    assert {one.every for one in found} <= {6, 7, 8}


def test_chains_of_draws_that_repeat_themselves_stay_within_the_bands_as_often(exact: Posterior) -> None:
    rng = np.random.default_rng(12)
    repeats = 300
    inside = sum(not chain_ranks(drawn(exact, tau=autocorrelated(rng, 0.6)))[0].outside for _ in range(repeats))
    assert inside / repeats == pytest.approx(LEVEL, abs=4 * np.sqrt(LEVEL * (1 - LEVEL) / repeats))


def test_what_no_chains_drew_has_no_ranks(exact: Posterior) -> None:
    assert chain_ranks(exact) == ()
    assert chain_ranks(drawn(exact, tau=np.random.default_rng(1).normal(size=(1, 500)))) == ()
