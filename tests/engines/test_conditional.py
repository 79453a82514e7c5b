"""The likelihood without a baseline, and how little the vague prior of the baselines adds to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from engines.builders import BCG, BETA_BLOCKERS, spec, two_arms
from evidence.folders import folder
from reanalysis.engines.fit import fit
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData
from reanalysis.model.selection import default_spec, select

CONDITIONAL = spec(anchor="conditional")


@pytest.mark.parametrize("row", [(0, 39, 5, 35), (2, 13, 0, 15), (30, 31, 4, 9), (120, 400, 90, 410), (0, 1, 1, 1)])
def test_the_likelihood_is_fishers_noncentral_hypergeometric(row: tuple[int, int, int, int]) -> None:
    x0, n0, x1, n1 = row
    lattice = Lattice.covering(-6, 6, 0.25)
    values, log_factor = StudyLikelihood.of(two_arms([row]).studies[0], CONDITIONAL).on(lattice)
    truth = [stats.nchypergeom_fisher.logpmf(x1, n0 + n1, n1, x0 + x1, np.exp(d)) for d in lattice.points]
    assert np.log(values) + log_factor == pytest.approx(np.array(truth), abs=1e-7)


def shift(on: ModelData) -> float:
    """How far the average is from that of the conditional likelihood, in posterior SDs."""
    vague, exact = (fit(model, on).overall["log_odds_ratio"] for model in (spec(), CONDITIONAL))
    return abs(vague.mean() - exact.mean()) / exact.sd()


def made_up(seed: int) -> list[tuple[int, int, int, int]]:
    """1 to 12 trials with rare, common or any rates, arms of 8 to 5000, one arm up to ten times the other."""
    rng = np.random.default_rng(seed)
    low, high = [(-7, -4), (-4, -1), (-2, 2), (-7, 2)][seed % 4]
    average, rows = rng.choice([-1.0, 0.0, 1.0]), []
    for _ in range(rng.integers(1, 13)):
        n1 = int(np.exp(rng.uniform(np.log(8), np.log(2000))))
        n0 = int(np.clip(n1 * np.exp(rng.uniform(-2.3, 2.3)), 8, 5000))
        control, effect = rng.uniform(low, high), rng.normal(average, 0.5)
        rows.append((rng.binomial(n0, expit(control)), n0, rng.binomial(n1, expit(control + effect)), n1))
    return [tuple(map(int, row)) for row in rows if 0 < row[0] + row[2] < row[1] + row[3]]  # type: ignore[misc]


def enough(rows: list[tuple[int, int, int, int]]) -> bool:
    """At least 5 patients with and 20 without the event, or the other way about."""
    events = sum(x0 + x1 for x0, _, x1, _ in rows)
    others = sum(n0 + n1 for _, n0, _, n1 in rows) - events
    return min(events, others) >= 5 and max(events, others) >= 20


FOLDERS = [seed for seed in range(40) if enough(made_up(seed))]


@pytest.mark.parametrize("seeds", [FOLDERS[i::4] for i in range(4)], ids=str)
def test_the_vague_baseline_moves_no_average_by_a_tenth_of_its_sd(seeds: list[int]) -> None:
    """Of fewer patients the two likelihoods themselves differ: by 0.14 SD for 0 of 5 against 5 of 5."""
    assert {seed: s for seed in seeds if (s := shift(two_arms(made_up(seed)))) >= 0.1} == {}


@pytest.mark.parametrize("trials", [BETA_BLOCKERS, BCG, ((1, 50, 1, 50),) * 10, ((0, 39, 5, 35), (0, 40, 2, 40))])
def test_the_vague_baseline_decides_no_well_known_problem(trials: tuple[tuple[int, int, int, int], ...]) -> None:
    assert shift(two_arms(trials)) < 0.1


def test_a_prior_of_the_control_risk_decides_rare_events() -> None:
    """Ten trials of 1 of 50 against 1 of 50: what the default was, and why it is no longer."""
    on = two_arms([(1, 50, 1, 50)] * 10)
    before = spec(anchor="control", baseline="normal(0,1.5)")
    old, vague, exact = (fit(model, on).overall["log_odds_ratio"] for model in (before, spec(), CONDITIONAL))
    assert old.cdf(0.0) > 0.97
    assert vague.cdf(0.0) == pytest.approx(0.5, abs=1e-9)
    assert exact.cdf(0.0) == pytest.approx(0.5, abs=1e-9)


def test_it_has_no_rates_and_asks_for_plain_counts(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ["A control x 3 20", "A treated x 7 21"]))
    model = replace(default_spec(evidence), anchor="conditional")
    assert set(fit(model, select(evidence, model, "x").data).study["A"]) == {"log_odds_ratio"}
    with pytest.raises(
        InvalidInput, match="the conditional likelihood needs plain counts of both arms, without rho; A"
    ):
        select(evidence, replace(model, rho=0.01), "x")
