"""Draws from a quadrature posterior, for plots and the DataTree only: no reported number of this engine is a draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from reanalysis.engines.draws import Draws, hierarchical_draws, stand_alone
from reanalysis.engines.quadrature.exchangeability import ExchangeabilityPosterior, log_apart
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior
from reanalysis.engines.quadrature.pooled import CommonEffect
from reanalysis.engines.quadrature.study_effects import Predictive
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.told import draw_control
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_FEW = 9
"""Effects from the smallest to the largest drawn, at which nodes of the control logit are looked for ..."""

_NEGLIGIBLE = 45.0
"""... that lie within so many units of the log density's maximum."""

CHAINS, DRAWS = 4, 1000
"""Shape of the draws; the chains are independent and exist for ArviZ's sake."""


def sample(
    spec: ModelSpec,
    data: ModelData,
    studies: Sequence[StudyLikelihood],
    joint: HierarchyPosterior | ExchangeabilityPosterior | CommonEffect | None,
    given_others: Sequence[Predictive],
    each: int = DRAWS,
) -> Draws:
    """Independent joint draws of a hierarchical model, ``each`` (a multiple of 125) in every chain."""
    rng = stream(spec, data, "draws from quadrature")
    count = CHAINS * each
    average = tau = new = None
    if isinstance(joint, HierarchyPosterior):
        average, tau = _hyperparameters(joint, rng, count)
        effects = [draw_effect(study, average, tau, rng) for study in studies]
        new = average + tau * rng.standard_normal(count)
    elif isinstance(joint, ExchangeabilityPosterior):
        average, tau = _hyperparameters(joint.hierarchy, rng, count)
        effects = [_mixed_effect(study, joint, average, tau, rng) for study in studies]
        new = stand_alone(spec, average + tau * rng.standard_normal(count), rng)
    elif joint is not None:
        average = joint.average().draw(rng, count)
        effects = [average] * len(studies)
    else:
        effects = [
            _separate_effect(study, predictive, rng, count)
            for study, predictive in zip(studies, given_others, strict=True)
        ]
    baselines = bias = None
    if not spec.rates:
        drawn = [draw_baseline(s, e, rng) for s, e in zip(studies, effects, strict=True)]
        if spec.family.bias:
            treated = [a + e for a, e in zip(drawn, effects, strict=True)]
            bias = _stacked([_bias(s, b, rng) for s, b in zip(studies, treated, strict=True)])
        baselines = _stacked(drawn)
    mu, spread, predicted = (None if one is None else shaped(one) for one in (average, tau, new))
    return hierarchical_draws(spec, data, _stacked(effects), baselines, mu, spread, predicted, bias)


def _stacked(values: Sequence[Array]) -> Array:
    return shaped(np.stack(values, axis=-1))


def shaped(values: Array) -> Array:
    """Draws by chain."""
    return values.reshape(CHAINS, -1, *values.shape[1:])


def _hyperparameters(joint: HierarchyPosterior, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    cell = rng.choice(joint.mass.size, size=count, p=joint.mass.ravel())
    row, column = np.unravel_index(cell, joint.mass.shape)
    mu = joint.mu.points[column] + joint.mu.step * rng.uniform(-0.5, 0.5, count)
    edges = joint.u_bounds[0] + np.concatenate([[0.0], np.cumsum(joint.u_weight)])
    u = edges[row] + joint.u_weight[row] * rng.uniform(size=count)
    return mu, joint.scale.tau(u)


def draw_effect(study: StudyLikelihood, mu: Array, tau: Array, rng: np.random.Generator) -> Array:
    """Effect given (mu, tau): likelihood times Normal(mu, tau^2) on a lattice; the normal where tau is below it."""
    step = 0.25 * study.effect_width()
    low, high = float((mu - 6 * tau).min()), float((mu + 6 * tau).max())
    lattice = Lattice.covering(low - 2 * step, high + 2 * step, step)
    fine = lattice.step / max(1, int(np.ceil(lattice.step / (0.8 * study.width()))))
    dense = Lattice.covering(lattice.points[0], lattice.points[-1], fine)
    log_values = np.interp(lattice.points, dense.points, np.log(np.maximum(study.on(dense)[0], 1e-300)))
    wide = np.maximum(tau, step)
    effect = mu + tau * rng.standard_normal(len(mu))
    for start in range(0, len(mu), 500):
        block = slice(start, start + 500)
        log_weight = log_values - 0.5 * ((lattice.points - mu[block, None]) / wide[block, None]) ** 2
        drawn = _nodes(lattice, log_weight, rng)
        effect[block] = np.where(tau[block] > step, drawn, effect[block])
    return effect


def _mixed_effect(
    study: StudyLikelihood, joint: ExchangeabilityPosterior, mu: Array, tau: Array, rng: np.random.Generator
) -> Array:
    """Effect given (mu, tau) where a study may stand alone: which it does by the evidence for either."""
    if joint.share == 1:
        return draw_effect(study, mu, tau, rng)
    m, v = joint.apart.parameters
    step = 0.25 * min(study.effect_width(), v)
    low, high = float((mu - 6 * tau).min()), float((mu + 6 * tau).max())
    lattice = Lattice.covering(min(low, m - 6 * v), max(high, m + 6 * v), step)
    with np.errstate(divide="ignore"):
        values, log_factor = study.on(lattice)
        log_alone = np.log1p(-joint.share) + log_apart(study, joint.apart) - log_factor
        log_values, log_share = np.log(values), np.log(joint.share)
    wide = np.maximum(tau, 2 * step)
    alone = np.empty(len(mu), dtype=bool)
    for start in range(0, len(mu), 500):
        block = slice(start, start + 500)
        z = (lattice.points - mu[block, None]) / wide[block, None]
        kernel = np.exp(-0.5 * z**2)
        with np.errstate(divide="ignore"):
            log_with = log_share + np.log((kernel @ values) / kernel.sum(axis=1))
        alone[block] = rng.uniform(size=len(log_with)) < expit(log_alone - log_with)
    drawn = np.broadcast_to(log_values + joint.apart.logpdf(lattice.points), (500, lattice.size))
    by_itself = np.concatenate([_nodes(lattice, drawn, rng) for _ in range(-(-len(mu) // 500))])[: len(mu)]
    return np.where(alone, by_itself, draw_effect(study, mu, tau, rng))


def _bias(study: StudyLikelihood, treated: Array, rng: np.random.Generator) -> Array:
    """Bias given the treated logit without it; that of a ratio, or of words, from its prior."""
    sd, mean = study.study.bias, study.study.bias_mean
    if sd == 0 or study.study.treated is None or not study.study.counted:
        return mean + sd * rng.standard_normal(len(treated))
    x = np.linspace(-6 * sd, 6 * sd, 241)
    lattice = Lattice(float(x[1] - x[0]), -120, 241)
    bias = np.empty_like(treated)
    for start in range(0, len(treated), 500):
        block = slice(start, start + 500)
        log_arm = log_likelihood(study.study.treated, treated[block, None] + mean + lattice.points, study.study.rho)
        bias[block] = mean + _nodes(lattice, log_arm - 0.5 * (lattice.points / sd) ** 2, rng)
    return bias


def _separate_effect(study: StudyLikelihood, predictive: Predictive, rng: np.random.Generator, count: int) -> Array:
    lattice, prior = predictive(0.25 * study.width())
    with np.errstate(divide="ignore"):
        log_weight = np.log(study.on(lattice)[0] * prior)
    return np.concatenate(
        [_nodes(lattice, np.broadcast_to(log_weight, (500, lattice.size)), rng) for _ in range(count // 500)]
    )


def draw_baseline(study: StudyLikelihood, effect: Array, rng: np.random.Generator) -> Array:
    """Control logit given the effect."""
    if study.study.told is not None:
        return draw_control(study.study, effect, rng)
    step = 0.25 * study.width()
    lattice = study.baseline_lattice(step, Lattice.covering(float(effect.min()), float(effect.max()), step))
    reach = Lattice.covering(lattice.points[0] + effect.min(), lattice.points[-1] + effect.max(), lattice.step)
    control, treated = study.control_factor(lattice), study.treated_factor(reach)

    def log_weight(points: Array, control: Array, effect: Array) -> Array:
        """Log density, up to a constant, at each point (N,) given each effect (E,), shape (E, N)."""
        found = control + np.interp(points + effect[:, None], reach.points, treated)
        return found if study.splits else found + study.baseline.logpdf(points + 0.5 * effect[:, None])

    few = log_weight(lattice.points, control, np.linspace(effect.min(), effect.max(), _FEW))
    near = lattice.part((few > few.max(axis=1, keepdims=True) - _NEGLIGIBLE).any(axis=0))
    control = control[near.first - lattice.first :][: near.size]
    baseline = np.empty_like(effect)
    for start in range(0, len(effect), 500):
        block = slice(start, start + 500)
        baseline[block] = _nodes(near, log_weight(near.points, control, effect[block]), rng)
    return baseline


def _nodes(lattice: Lattice, log_weight: Array, rng: np.random.Generator) -> Array:
    """One node a row by its weight, spread evenly over its cell."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    cumulative = np.cumsum(weight, axis=1)
    target = rng.uniform(size=len(weight)) * cumulative[:, -1]
    index = np.minimum((cumulative < target[:, None]).sum(axis=1), lattice.size - 1)
    return lattice.points[index] + lattice.step * rng.uniform(-0.5, 0.5, len(weight))
