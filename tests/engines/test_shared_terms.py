"""What a multiverse takes in short cuts is what a fit by itself gives: averages of many priors, a study on its own."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from engines.brute_force import PROBABILITIES, Density, errors
from engines.builders import BCG, ICANS, data, ratio, spec, study, two_arms
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.interpolation import integrated
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature import spectra
from reanalysis.engines.quadrature.engine import effects
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.spectra import Spectra
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData

MU = ("normal(0,1)", "normal(0,2.82)", "normal(0,0.355)", "normal(-0.693147,0.355)", "normal(0.693147,0.355)")
TAU = ("halfnormal(0.5)", "halfnormal(0.25)", "halfnormal(1)", "lognormal(-0.935,0.76)", "lognormal(-1.245,0.76)")
CLOSE = 1e-5
"""SDs by which one answer may differ from the other."""

FOLDERS: dict[str, ModelData] = {
    "anakinra": ICANS,
    "rare events": two_arms([(1, 50, 1, 50)] * 10),
    "empty cells": two_arms([(0, 39, 5, 35), (0, 40, 2, 40)]),
    "studies in conflict": two_arms([(3, 60, 20, 61), (22, 60, 4, 58), (9, 40, 9, 40)]),
    "thirteen large trials": two_arms(BCG),
    "a ratio beside counts": data(study("a", (9, 30), (5, 28), 0.02), ratio("b", 0.3, 0.4)),
}


def apart(one: Marginal, other: Marginal) -> float:
    """Largest difference of mean, SD and quantiles, in SDs."""

    def numbers(m: Marginal) -> np.ndarray:
        return np.array([m.mean(), m.sd(), *np.asarray(m.quantile(PROBABILITIES))])

    return float(np.abs(numbers(one) - numbers(other)).max() / other.sd())


@pytest.mark.parametrize("model", ["contrast", "exnex"])
@pytest.mark.parametrize("name", FOLDERS)
def test_averages_under_many_priors_are_those_of_a_fit_under_each(name: str, model: str) -> None:
    specs = [spec(model, mu=mu, tau=tau) for mu, tau in product(MU, TAU)]
    shared = effects(specs, FOLDERS[name])
    wrong = {
        (str(one.priors.mu), str(one.priors.tau)): difference
        for one, found in zip(specs, shared, strict=True)
        if (difference := apart(found, fit(one, FOLDERS[name]).overall["log_odds_ratio"])) >= CLOSE
    }
    assert wrong == {}


def test_averages_come_in_the_order_of_the_priors_asked_for() -> None:
    pairs = list(product(MU[:3], TAU[:2]))
    forth = effects([spec(mu=mu, tau=tau) for mu, tau in pairs], ICANS)
    back = effects([spec(mu=mu, tau=tau) for mu, tau in pairs[::-1]], ICANS)
    assert [m.sd() for m in forth] == pytest.approx([m.sd() for m in back[::-1]], abs=1e-9)
    assert len({round(m.sd(), 6) for m in forth}) == len(pairs)


LONE = {
    "small": study("a", (3, 20), (7, 21)),
    "an empty cell, rho": study("a", (0, 39), (5, 35), 0.02),
    "latent": study("a", Candidates((6, 12, 18), (10, 20, 30), (0.2, 0.6, 0.2)), (7, 20)),
    "large": study("a", (300, 1000), (200, 1000)),
    "a ratio": ratio("a", 0.8, 0.3),
}


@pytest.mark.parametrize(("model", "pooling"), [("contrast", "partial"), ("contrast", "none"), ("exnex", "partial")])
@pytest.mark.parametrize("name", LONE)
def test_the_effect_of_a_study_alone_is_that_of_its_fit(name: str, model: str, pooling: str) -> None:
    on = data(LONE[name])
    for mu, tau in product(MU[:3], TAU):
        one = spec(model, mu=mu, tau=tau, pooling=pooling)
        assert apart(effects([one], on, "a")[0], fit(one, on).study["a"]["log_odds_ratio"]) < CLOSE, (mu, tau)


@pytest.mark.parametrize(
    "tau", ["lognormal(-0.935,0.76)", "lognormal(-1.245,0.76)", "lognormal(-2.5,1.5)", "exponential(2)"]
)
@pytest.mark.parametrize(
    ("row", "reach", "step", "mean_reach"),
    [((3, 20, 7, 21), 20, 0.05, 60), ((0, 39, 5, 35), 110, 0.1, 130), ((300, 1000, 200, 1000), 12, 0.02, 8)],
    ids=["small", "an empty cell", "large"],
)
def test_a_study_alone_agrees_with_a_direct_sum(
    row: tuple[int, int, int, int], reach: float, step: float, mean_reach: float, tau: str
) -> None:
    """Priors of the heterogeneity that vanish at 0, or have long tails: its grid once lost 5e-3 SD of them."""
    model = spec(tau=tau)
    node = np.linspace(-14, 7, 2001)  # of log tau
    weight = np.exp(np.asarray(model.priors.tau.logpdf(np.exp(node))) + node)
    effect, mean = (step * np.arange(-round(to / step), round(to / step) + 1) for to in (reach, mean_reach))
    prior = sum(w * stats.norm.pdf(effect, 0, np.hypot(1, np.exp(u))) for u, w in zip(node, weight, strict=True))
    x0, n0, x1, n1 = row
    control, treated = (expit(mean[:, None] + sign * effect / 2) for sign in (-1, 1))
    both = stats.binom.pmf(x0, n0, control) * stats.binom.pmf(x1, n1, treated)
    truth = Density(effect, prior * (stats.norm.pdf(mean, 0, 10) @ both))
    wrong = errors(fit(model, two_arms([row])).study["s00"]["log_odds_ratio"], truth)
    assert max(wrong.values()) < CLOSE, wrong


def test_many_priors_transform_each_likelihood_as_often_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    transformed = []
    own = Spectra.of

    def counted(*arguments: object) -> Spectra:
        transformed.append(arguments)
        return own(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Spectra, "of", counted)
    specs = [spec(mu=mu, tau=tau) for mu, tau in product(MU, TAU)]
    spectra._remembered.cache_clear()
    effects(specs, ICANS)
    many = len(transformed)
    assert 0 < many <= 4 * len(ICANS.studies)  # its rungs
    effects([spec("exnex", mu=mu, tau=tau) for mu, tau in product(MU, TAU)], ICANS)
    assert len(transformed) == many


POOLED = [("contrast", "partial"), ("contrast", "complete"), ("contrast", "none"), ("exnex", "partial")]


@pytest.mark.parametrize(("model", "pooling"), POOLED)
@pytest.mark.parametrize("name", [name for name in FOLDERS if name not in ("rare events", "thirteen large trials")])
def test_one_study_s_effect_under_many_priors_is_that_of_its_fits(name: str, model: str, pooling: str) -> None:
    specs = [spec(model, mu=mu, tau=tau, pooling=pooling) for mu, tau in product(MU[1:3], TAU[1::2])]
    study = FOLDERS[name].names[0]
    wrong = {
        (str(one.priors.mu), str(one.priors.tau)): difference
        for one, found in zip(specs, effects(specs, FOLDERS[name], study), strict=True)
        if (difference := apart(found, fit(one, FOLDERS[name]).study[study]["log_odds_ratio"])) >= CLOSE
    }
    assert wrong == {}


def test_one_study_s_effects_come_in_the_order_of_the_priors_asked_for() -> None:
    pairs = list(product(MU[:3], TAU[:2]))
    forth = effects([spec(mu=mu, tau=tau) for mu, tau in pairs], ICANS, "phase2")
    back = effects([spec(mu=mu, tau=tau) for mu, tau in pairs[::-1]], ICANS, "phase2")
    assert [m.sd() for m in forth] == pytest.approx([m.sd() for m in back[::-1]], abs=1e-9)
    assert len({round(m.sd(), 6) for m in forth}) == len(pairs)


@pytest.mark.parametrize("model", ["contrast", "exnex"])
@pytest.mark.parametrize("name", ["anakinra", "alone"])
def test_many_priors_evaluate_a_study_s_own_likelihood_once(
    name: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = FOLDERS["anakinra"] if name == "anakinra" else data(study("phase2", (3, 20), (7, 21)))
    own = StudyLikelihood.on
    counts = []
    for priors in (product(MU[:1], TAU[:1]), product(MU, TAU)):
        evaluated = []
        with monkeypatch.context() as patched:
            patched.setattr(StudyLikelihood, "on", lambda one, at, made=evaluated: made.append(at) or own(one, at))
            found = effects([spec(model, mu=mu, tau=tau) for mu, tau in priors], on, "phase2")
        assert not any(isinstance(one, EngineError) for one in found)
        counts.append(len(evaluated))
    assert counts[1] <= counts[0] + 2 * len(on.studies)


def test_a_study_among_two_agrees_with_a_direct_sum() -> None:
    """Far tails of the heterogeneity: coarse nodes for its mixtures once moved an effect by 1e-2 SD."""
    model, on = spec(tau="lognormal(-1.245,0.76)"), two_arms([(4, 55, 7, 30), (6, 50, 1, 25)])
    at = Lattice(0.02, -500, 1001)
    first, second = (one.on(at)[0] for one in likelihoods(model, on))
    square, crossed = at.points**2, np.outer(at.points, at.points)
    posterior = np.zeros(at.size)
    for node in np.linspace(-5, 6, 45):
        variance = 1 + np.exp(2 * (0.76 * node - 1.245))
        determinant = variance**2 - 1  # of two effects with covariance 1
        quadratic = variance * np.add.outer(square, square) - 2 * crossed
        given = (np.exp(-0.5 * quadratic / determinant) @ second) / np.sqrt(determinant)
        posterior += np.exp(-0.5 * node**2) * given
    truth = Density(at.points, posterior * first)
    for found in (fit(model, on).study["s00"]["log_odds_ratio"], *effects([model], on, "s00")):
        wrong = errors(found, truth)
        assert max(wrong.values()) < CLOSE, wrong


def test_what_cannot_be_computed_is_said_in_its_place() -> None:
    found = effects([spec(), spec("joint"), spec(mu="normal(0,2.82)")], ICANS)
    assert [isinstance(one, EngineError) for one in found] == [False, True, False]
    assert "sampling engine only" in str(found[1])


@pytest.mark.parametrize("times", [3, 4])
def test_the_integral_of_a_density_s_interpolant_is_its_distribution_function(times: int) -> None:
    x = np.linspace(-9.0, 9.0, 43)
    fine, cumulative = integrated(stats.norm.pdf([x, x - 0.7], scale=1.0), float(x[1] - x[0]), times)
    at = np.linspace(-9.0, 9.0, times * 42 + 1)
    assert fine == pytest.approx(stats.norm.pdf([at, at - 0.7]), abs=1e-11)
    assert cumulative == pytest.approx(stats.norm.cdf([at, at - 0.7]), abs=1e-11)
