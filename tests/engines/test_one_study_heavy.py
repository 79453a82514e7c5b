"""One study under priors with heavy tails, against sums over dense grids that share nothing with the engine."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.special import ndtr

from engines.brute_force import arm_log_likelihood
from engines.frozen_priors import frozen
from reanalysis.engines.fit import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification

EFFECT, STEP = np.linspace(-12.0, 12.0, 241), 0.1
HERMITE = ((-(3**0.5), 1 / 6), (0.0, 2 / 3), (3**0.5, 1 / 6))
CONTROL = np.arange(-14.0, 14.0, 0.04)

PRIORS = [
    ("student_t(4,0,0.57)", "inverse_gamma(2.91,0.66)"),
    ("student_t(3,0,10)", "halfcauchy(1)"),
    ("normal(0,1)", "halfcauchy(1)"),
    ("logistic(0,1)", "halfcauchy(1)"),
]


def likelihood(study: StudyData, spec: ModelSpec) -> np.ndarray:
    """Of the effect, the baseline summed out."""
    control = arm_log_likelihood(study.control, CONTROL, study.rho)
    found = []
    for effect in EFFECT:
        treated = arm_log_likelihood(study.treated, CONTROL + effect, study.rho)
        prior = frozen(spec.priors.baseline).logpdf(CONTROL + spec.below * effect)
        found.append(np.exp(control + treated + prior).sum())
    return np.array(found) * (CONTROL[1] - CONTROL[0])


@pytest.mark.parametrize(("mu", "tau"), PRIORS)
@pytest.mark.parametrize("endpoint", ["crs_any", "infection_g3"])
def test_one_cohort_has_a_posterior_under_heavy_tails(evidence: Evidence, endpoint: str, mu: str, tau: str) -> None:
    spec = specification(evidence, endpoint, priors={"mu": mu, "tau": tau})
    data = select(evidence, spec, endpoint).data
    posterior = fit(spec, data)
    (study,) = data.studies
    known = likelihood(study, spec)
    spline = CubicSpline(EFFECT, known)

    def _known(at: np.ndarray) -> np.ndarray:
        return np.where(np.abs(at) < EFFECT[-1], spline(np.clip(at, EFFECT[0], EFFECT[-1])), 0.0)

    u, v = np.linspace(-11.0, 11.0, 801), np.linspace(-13.0, 14.0, 271)
    averages, spreads = np.sinh(u), np.exp(v)
    prior = np.exp(frozen(spec.priors.mu).logpdf(averages)) * np.cosh(u) * (u[1] - u[0])
    mass, weighted = np.empty((len(v), len(u))), np.empty((len(v), len(EFFECT)))
    for row, spread in enumerate(spreads):
        if spread < 2 * STEP:  # then nothing moves much over the scatter: three nodes of Gauss-Hermite
            of_mu = sum(share * _known(averages + spread * z) for z, share in HERMITE)
            of_effect = sum(share * np.exp(frozen(spec.priors.mu).logpdf(EFFECT + spread * z)) for z, share in HERMITE)
        else:
            z = (EFFECT[:, None] - averages) / spread
            kernel = np.exp(-0.5 * z**2) / (spread * np.sqrt(2 * np.pi))
            of_mu, of_effect = known @ kernel * STEP, kernel @ prior
        own = np.exp(frozen(spec.priors.tau).logpdf(spread)) * spread * (v[1] - v[0])
        mass[row], weighted[row] = own * prior * of_mu, own * of_effect * known * STEP
    total = mass.sum()
    assert posterior.log_evidence == pytest.approx(np.log(total), abs=2e-4)
    mass /= total
    overall = posterior.overall
    for at in (-1.0, 0.0, 0.7, 3.0):
        assert overall["log_odds_ratio"].cdf(at) == pytest.approx(_below(averages, mass.sum(axis=0), at), abs=5e-4)
        below = float((mass * ndtr((at - averages) / spreads[:, None])).sum())
        assert overall["log_odds_ratio_new"].cdf(at) == pytest.approx(below, abs=5e-4)
    for at in (0.1, 0.5, 2.0, 30.0):
        assert overall["tau"].cdf(at) == pytest.approx(_below(spreads, mass.sum(axis=1), at), abs=1e-3)
    of_study = weighted.sum(axis=0) / weighted.sum()
    mean = of_study @ EFFECT
    sd = np.sqrt(of_study @ (EFFECT - mean) ** 2)
    found = posterior.study[study.study]["log_odds_ratio"]
    assert found.mean() == pytest.approx(mean, abs=1e-3 * sd)
    assert found.sd() == pytest.approx(sd, rel=1e-3)


def _below(x: np.ndarray, mass: np.ndarray, at: float) -> float:
    """Mass at or below a value, half of it at a node."""
    return float(np.interp(at, x, np.cumsum(mass) - 0.5 * mass))


@pytest.mark.parametrize("mu", ["normal(0,100)", "student_t(3,0,50)"])
def test_a_common_effect_takes_a_prior_that_reaches_far_beyond_large_trials(mu: str) -> None:
    """The prior is flat where trials of 100,000 patients speak: the posterior is that of its height alone."""
    counts = ((499, 88391, 505, 88391), (11, 139, 4, 123), (372, 1451, 180, 1541))
    studies = tuple(
        StudyData(f"s{i}", Candidates.count(a, n), Candidates.count(b, m), 0.0) for i, (a, n, b, m) in enumerate(counts)
    )
    spec = ModelSpec(pooling="complete", anchor="control")
    priors = spec.priors.__class__(Distribution.parse(mu), spec.priors.tau, Distribution.parse("normal(0,100)"))
    found = fit(ModelSpec(pooling="complete", anchor="control", priors=priors), ModelData("e", studies))
    usual = spec.priors.__class__(Distribution.parse("normal(0,10)"), spec.priors.tau, priors.baseline)
    narrower = fit(ModelSpec(pooling="complete", anchor="control", priors=usual), ModelData("e", studies))
    one, other = found.overall["log_odds_ratio"], narrower.overall["log_odds_ratio"]
    assert one.mean() == pytest.approx(other.mean(), abs=1e-3 * other.sd())
    assert one.sd() == pytest.approx(other.sd(), rel=1e-3)
    height = priors.mu.logpdf(one.mean()) - usual.mu.logpdf(one.mean())
    assert found.log_evidence - narrower.log_evidence == pytest.approx(height, abs=1e-3)
