"""Where a posterior is looked for bears on no number: not the prior's width, nor how many nodes it is looked for on."""

from __future__ import annotations

import numpy as np
import pytest

from engines.builders import BETA_BLOCKERS, ICANS, spec, two_arms
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature import hierarchy, surface

LEVELS = np.array([1e-3, 0.025, 0.5, 0.975, 0.999])
CASES = {
    "large trials": two_arms([(1250, 4000, 1130, 3980), (310, 2000, 255, 2010), (88, 1500, 61, 1490)]),
    "an empty arm": two_arms([(0, 30, 4, 31), (2, 40, 3, 41)]),
    "icans": ICANS,
}


def told(posterior: Posterior) -> np.ndarray:
    """Quantiles of what all studies share and of each study's effect, in SDs of theirs."""
    found = [*posterior.overall.values(), *(one["log_odds_ratio"] for one in posterior.study.values())]
    return np.array([np.asarray(one.quantile(LEVELS)) / one.sd() for one in found])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("mu", ["normal(0,1)", "student_t(3,0,1)"])
def test_nodes_of_a_stretch_of_its_own_give_the_same_posterior(
    monkeypatch: pytest.MonkeyPatch, name: str, mu: str
) -> None:
    asked = spec(mu=mu, tau="halfnormal(0.5)")
    whole = told(fit(asked, CASES[name]))
    monkeypatch.setattr(hierarchy, "_FEW_NODES", 0)
    monkeypatch.setattr(hierarchy, "_SHORTER", 2.0)
    assert told(fit(asked, CASES[name])) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_coarser_nodes_for_larger_heterogeneities_find_the_same_window(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked = spec(mu="normal(0,4)", tau="halfnormal(2)")
    whole = told(fit(asked, CASES[name]))
    strides = []
    find = surface._blocks_of_rows

    def finding(*given: object) -> object:
        found = find(*given)  # type: ignore[arg-type]
        strides.extend(round(nodes.step / given[1].step) for _, nodes in found)  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(surface, "_blocks_of_rows", finding)
    monkeypatch.setattr(surface, "MOST_NUMBERS", 2**12)
    assert told(fit(asked, CASES[name])) == pytest.approx(whole, abs=1e-6)
    assert max(strides) > 4


def test_flat_priors_give_large_trials_what_wide_ones_do() -> None:
    """From a prior SD of 20 on, the average of 22 trials has no more to gain: it moves with the prior's variance."""
    trials = two_arms(BETA_BLOCKERS)
    wide, flat = (told(fit(spec(mu=f"normal(0,{sd})", tau="halfnormal(1)"), trials)) for sd in (20, 100))
    assert flat == pytest.approx(wide, abs=1e-3)
