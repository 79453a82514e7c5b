"""Coverage by k: propensity-weighted patients simulated one by one, analysed as their weighted rates are.

Unlike the calibration this is no test of the code: a weighted proportion is not a binomial of k * n patients, and how
near it comes depends on how patients were allocated. Patients have a construct and a severity that both bear on
treatment and outcome, in the proportions of the weighted cohort; weights are stabilised inverse propensities from a
logistic regression on both; the truth is the marginal log odds ratio over all patients. Reported, not gated.

Run with ``make bench``. Of 1,000 cohorts (seed 20230704) intervals of 50, 80 and 95 % held the truth in

    k       rho = 0                 rho = 0.01
    0.5     57.1   85.4   97.7 %    62.2   89.6   98.7 %
    0.65    52.6   81.7   96.9 %    59.6   87.7   98.2 %
    0.75    49.5   79.7   95.6 %    57.9   86.2   97.9 %
    0.8     48.4   78.1   94.7 %    57.5   85.4   97.7 %
    1       44.2   73.6   90.7 %    55.1   84.5   97.4 %

and Kish's effective proportion was 0.71 of controls and 0.69 of treated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from benchmarks.timing import WORKERS
from reanalysis.engines.batches import in_batches, local_processes
from reanalysis.engines.fit import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec, Priors
from reanalysis.typing import Array, Integers

K_GRID = (0.5, 0.65, 0.75, 0.8, 1.0)
RHO = (0.0, 0.01)
_LEVELS = (0.5, 0.8, 0.95)

_TREATED, _CONTROL = 61, 110
_CONSTRUCT = {1: 33 / 61, 0: 10 / 110}
"""Proportion of patients with a 4-1BB construct by arm, as reported of the weighted cohort before weighting."""

_SHIFT = 0.3
"""Mean severity of the treated above that of controls, in SDs."""

_BEARING = (0.5, 0.5)
"""Log odds ratios of the outcome for the construct and for a SD of severity."""

_NODES = np.polynomial.hermite_e.hermegauss(40)


@dataclass(frozen=True)
class Cohort:
    """One simulated cohort: weighted rates, the truth, and Kish's effective proportion of each arm."""

    control: float
    treated: float
    log_odds_ratio: float
    kish: tuple[float, float]


def weighted_cohort(rng: np.random.Generator) -> Cohort:
    """Patients, their weights, and what a paper would report of them."""
    arm = np.repeat([1, 0], [_TREATED, _CONTROL])
    construct = rng.binomial(1, np.where(arm == 1, _CONSTRUCT[1], _CONSTRUCT[0]))
    severity = rng.standard_normal(arm.size) + _SHIFT * arm
    base, effect = rng.normal(-1.0, 0.7), rng.standard_normal()
    risk = expit(base + _BEARING[0] * construct + _BEARING[1] * severity + effect * arm)
    event = rng.binomial(1, risk)
    propensity = _propensity(np.column_stack([np.ones(arm.size), construct, severity]), arm)
    weight = np.where(arm == 1, arm.mean() / propensity, (1 - arm.mean()) / (1 - propensity))
    rates, kish = [], []
    for one in (0, 1):
        w = weight[arm == one]
        rates.append(float(np.average(event[arm == one], weights=w)))
        kish.append(float(w.sum() ** 2 / (w**2).sum() / w.size))
    return Cohort(rates[0], rates[1], _marginal(base, effect), (kish[0], kish[1]))


def _propensity(design: Array, arm: Integers) -> Array:
    """Fitted probability of treatment, by Newton's method with a ridge that keeps separated arms finite."""
    coefficient = np.zeros(design.shape[1])
    ridge = 1e-3 * np.eye(design.shape[1])
    for _ in range(25):
        p = expit(design @ coefficient)
        gradient = design.T @ (arm - p) - ridge @ coefficient
        step = np.linalg.solve((design.T * (p * (1 - p))) @ design + ridge, gradient)
        coefficient += step
        if np.abs(step).max() < 1e-8:
            break
    return expit(design @ coefficient)


def _marginal(base: float, effect: float) -> float:
    """Log odds ratio of the mean risks of all patients, all treated against none treated."""
    node, weight = _NODES
    weight = weight / weight.sum()
    means = []
    for treated in (0.0, effect):
        total = 0.0
        for arm, size in ((1, _TREATED), (0, _CONTROL)):
            for construct, proportion in ((1, _CONSTRUCT[arm]), (0, 1 - _CONSTRUCT[arm])):
                predictor = base + _BEARING[0] * construct + _BEARING[1] * (node + _SHIFT * arm) + treated
                total += size * proportion * float(weight @ expit(predictor))
        means.append(total / (_TREATED + _CONTROL))
    return float(logit(means[1]) - logit(means[0]))


def covers(tasks: Sequence[tuple[int, int]]) -> list[dict[str, float]]:
    """Of each (seed, number): the place of the truth in the posterior for every k and rho, and Kish's proportion."""
    priors = Priors(
        Distribution("normal", (0.0, 1.0)), Distribution("halfnormal", (0.5,)), Distribution("normal", (0.0, 1.5))
    )
    spec = ModelSpec(pooling="complete", priors=priors)
    found = []
    for seed, number in tasks:
        cohort = weighted_cohort(np.random.default_rng([seed, 2_000_003, number]))
        row = {"kish_control": cohort.kish[0], "kish_treated": cohort.kish[1]}
        for k in K_GRID:
            for rho in RHO:
                arms = (
                    Candidates.count(cohort.control * _CONTROL, _CONTROL).scaled(k),
                    Candidates.count(cohort.treated * _TREATED, _TREATED).scaled(k),
                )
                data = ModelData("event", (StudyData("s", *arms, rho),))
                row[f"{k:g} {rho:g}"] = float(fit(spec, data).overall["log_odds_ratio"].cdf(cohort.log_odds_ratio))
        found.append(row)
    return found


def coverage_by_k(rows: Sequence[dict[str, float]]) -> pd.DataFrame:
    """Proportion of intervals that hold the truth, by k and rho; beside it Kish's mean effective proportion."""
    table = pd.DataFrame(rows)
    found = []
    for k in K_GRID:
        for rho in RHO:
            place = table[f"{k:g} {rho:g}"].to_numpy(dtype=float)
            covered = {f"covered_{100 * c:g}": float((np.abs(place - 0.5) <= c / 2).mean()) for c in _LEVELS}
            found.append({"k": k, "rho": rho, "cohorts": len(place)} | covered)
    result = pd.DataFrame(found)
    result["kish_control"] = float(table["kish_control"].mean())
    result["kish_treated"] = float(table["kish_treated"].mean())
    return result


@pytest.mark.timeout(3600)
def test_coverage_of_a_thousand_cohorts(capsys: pytest.CaptureFixture[str]) -> None:
    cohorts = [(20230704, number) for number in range(1000)]
    with local_processes(WORKERS) as executor:
        found = coverage_by_k(in_batches(covers, cohorts, size=50, executor=executor))
    with capsys.disabled():
        print(f"\n{found.round(3).to_string(index=False)}")
