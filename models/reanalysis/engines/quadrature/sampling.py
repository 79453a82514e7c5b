"""Draws from a quadrature posterior, for plots and the DataTree only: no reported number of this engine is a draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.draws import Draws, hierarchical_draws
from reanalysis.engines.quadrature.hierarchy import HierarchyPosterior
from reanalysis.engines.quadrature.lattice import Lattice
from reanalysis.engines.quadrature.pooled import CommonEffect
from reanalysis.engines.quadrature.study_effects import Predictive
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]

CHAINS, DRAWS = 4, 1000
"""Shape of the draws; the chains are independent and exist for ArviZ's sake."""


def sample(
    spec: ModelSpec,
    studies: Sequence[StudyLikelihood],
    joint: HierarchyPosterior | CommonEffect | None,
    given_others: Sequence[Predictive],
) -> Draws:
    """Independent joint draws of ``contrast`` or ``rates``."""
    rng = np.random.default_rng([spec.seed, 40])
    count = CHAINS * DRAWS
    average = tau = new = None
    if isinstance(joint, HierarchyPosterior):
        average, tau = _hyperparameters(joint, rng, count)
        effects = [_effect(study, average, tau, rng) for study in studies]
        new = average + tau * rng.standard_normal(count)
    elif joint is not None:
        average = joint.average().draw(rng, count)
        effects = [average] * len(studies)
    else:
        effects = [
            _separate_effect(study, predictive, rng, count)
            for study, predictive in zip(studies, given_others, strict=True)
        ]
    baselines = None
    if spec.model == "contrast":
        baselines = _shaped(np.stack([_baseline(s, e, rng) for s, e in zip(studies, effects, strict=True)], axis=-1))
    return hierarchical_draws(
        spec,
        _shaped(np.stack(effects, axis=-1)),
        baselines,
        *(None if one is None else _shaped(one) for one in (average, tau, new)),
    )


def _shaped(values: Array) -> Array:
    return values.reshape(CHAINS, DRAWS, *values.shape[1:])


def _hyperparameters(joint: HierarchyPosterior, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    cell = rng.choice(joint.mass.size, size=count, p=joint.mass.ravel())
    row, column = np.unravel_index(cell, joint.mass.shape)
    mu = joint.mu.points[column] + joint.mu.step * rng.uniform(-0.5, 0.5, count)
    edges = joint.u_bounds[0] + np.concatenate([[0.0], np.cumsum(joint.u_weight)])
    u = edges[row] + joint.u_weight[row] * rng.uniform(size=count)
    return mu, joint.scale.tau(u)


def _effect(study: StudyLikelihood, mu: Array, tau: Array, rng: np.random.Generator) -> Array:
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


def _separate_effect(study: StudyLikelihood, predictive: Predictive, rng: np.random.Generator, count: int) -> Array:
    lattice, prior = predictive(0.25 * study.width())
    with np.errstate(divide="ignore"):
        log_weight = np.log(study.on(lattice)[0] * prior)
    return np.concatenate(
        [_nodes(lattice, np.broadcast_to(log_weight, (500, lattice.size)), rng) for _ in range(count // 500)]
    )


def _baseline(study: StudyLikelihood, effect: Array, rng: np.random.Generator) -> Array:
    """Control logit given the effect."""
    lattice = study.baseline_lattice(0.25 * study.width())
    control = study.control_factor(lattice)
    reach = Lattice.covering(lattice.points[0] + effect.min(), lattice.points[-1] + effect.max(), lattice.step)
    treated = study.treated_factor(reach)
    baseline = np.empty_like(effect)
    for start in range(0, len(effect), 500):
        block = slice(start, start + 500)
        at = lattice.points + effect[block, None]
        log_weight = control + np.interp(at, reach.points, treated)
        baseline[block] = _nodes(lattice, log_weight, rng)
    return baseline


def _nodes(lattice: Lattice, log_weight: Array, rng: np.random.Generator) -> Array:
    """One node a row by its weight, spread evenly over its cell."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    cumulative = np.cumsum(weight, axis=1)
    target = rng.uniform(size=len(weight)) * cumulative[:, -1]
    index = np.minimum((cumulative < target[:, None]).sum(axis=1), lattice.size - 1)
    return lattice.points[index] + lattice.step * rng.uniform(-0.5, 0.5, len(weight))
