"""The model of several endpoints at once, their effects correlated across studies.

    delta_s. = mu + diag(tau) L z_s      z_se ~ Normal(0, 1)      Omega = L L'      L from r = 2u - 1
    u of column j ~ Beta(b_j, b_j),  b_j = 2 + (E - 2 - j)/2:  Omega ~ LKJ(2)

The rows of L follow from the partial correlations one by one: L_ij = r_ij prod_{k<j} sqrt(1 - r_ik^2), and L_ii is the
whole product. An arm's probability is a sum over its unreported denominator, where endpoints share one, of the product
over these endpoints, times the product over all others.

Source: Lewandowski, Kurowicka and Joe 2009, J Multivar Anal 100:1989.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from reanalysis.engines.arrays import LOG_NOTHING
from reanalysis.engines.draws import Draws, hierarchical_draws, prior_draws
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.nuts.kernel import NutsModel, ProgramKey, baseline_of, located, log_pmf_of, mu_of, tau_of
from reanalysis.engines.nuts.sampled import Sampled, posterior_of
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.prediction import draw_joint_report
from reanalysis.engines.streams import stream
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import JointData, SharedDenominator
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree

_ARMS = ("control", "treated")
_SHAPE = 2.0
"""Of the LKJ prior."""


def pairs(endpoints: int) -> list[tuple[int, int]]:
    """Row and column of every partial correlation, in the order of u."""
    return [(i, j) for i in range(1, endpoints) for j in range(i)]


def partial_prior(endpoints: int) -> Array:
    """Both parameters of the Beta prior of every u."""
    return np.array([_SHAPE + (endpoints - 2 - j) / 2 for _, j in pairs(endpoints)])


def cholesky(u: Array, endpoints: int) -> Array:
    """L from u.

    Parameters
    ----------
    u : ndarray, shape (..., E (E - 1) / 2)

    Returns
    -------
    ndarray, shape (..., E, E)
    """
    factor = np.zeros((*u.shape[:-1], endpoints, endpoints))
    factor[..., 0, 0] = 1.0
    left = np.ones((*u.shape[:-1], endpoints))
    for column, (i, j) in enumerate(pairs(endpoints)):
        r = 2 * u[..., column] - 1
        factor[..., i, j] = r * left[..., i]
        left[..., i] = left[..., i] * np.sqrt(1 - r**2)
        factor[..., i, i] = left[..., i]
    return factor


def fixed_cholesky(correlation: float, endpoints: int) -> Array:
    """L where all correlations are the same number."""
    omega = np.full((endpoints, endpoints), correlation)
    np.fill_diagonal(omega, 1.0)
    return np.asarray(np.linalg.cholesky(omega))


def build_joint_model(key: ProgramKey) -> Any:
    """The PyMC model with placeholder data.

    Returns
    -------
    pymc.Model
        Free variables mu, tau (E,), u, z and alpha_raw (slots, E).
    """
    import pymc as pm
    import pytensor.tensor as pt

    s, e = key.slots, key.endpoints
    with pm.Model() as model:
        slots = [pm.Data(f"slot_{name}", np.zeros((s, 2, e, 2, 2))) for name in ("events", "n", "log_weight")]
        rho = pm.Data("rho", np.zeros((s, 2, e)))
        size_log_weight = pm.Data("size_log_weight", np.zeros((s, 2, 2)))
        shares = pm.Data("shares", np.zeros((s, 2, e)))
        tau_prior = pm.Data("tau_prior", np.array([1.0, 1.0]))
        below = pm.Data("below", np.array(0.5))
        fixed_factor = pm.Data("fixed_factor", np.eye(e))
        _, mu = mu_of(pm, key.mu_family, shape=e)
        tau = tau_of(pm, key.tau_family, tau_prior, shape=e)
        z = pm.Normal("z", shape=(s, e))
        baseline = baseline_of(pm, key.baseline_family, shape=(s, e))
        factor = fixed_factor
        if e > 1:
            fixed = pm.Data("fixed", np.array(0.0))
            b = partial_prior(e)
            u = pm.Beta("u", b, b, shape=len(b))
            factor = pt.switch(fixed > 0, fixed_factor, _symbolic_cholesky(u, e))
        effect = mu + tau * pt.dot(z, factor.T)
        control = baseline - below * effect
        pm.CustomDist(
            "print", *slots[1:], pt.stack([control, control + effect], axis=1), rho, size_log_weight, shares,
            logp=joint_report_logp, random=draw_joint_report,
            signature="(e,k,x),(e,k,x),(e),(e),(k),(e)->(e,k,x)", observed=slots[0],
        )  # fmt: skip
    return model


def _symbolic_cholesky(u: Any, endpoints: int) -> Any:
    """As `cholesky`, in PyTensor."""
    import pytensor.tensor as pt

    rows = [[pt.constant(1.0)] + [pt.constant(0.0)] * (endpoints - 1)]
    columns = iter(range(len(pairs(endpoints))))
    for i in range(1, endpoints):
        row, left = [], pt.constant(1.0)
        for _ in range(i):
            r = 2 * u[next(columns)] - 1
            row.append(r * left)
            left = left * pt.sqrt(1 - r**2)
        rows.append([*row, left, *[pt.constant(0.0)] * (endpoints - i - 1)])
    return pt.stack([pt.stack(row) for row in rows])


def joint_report_logp(
    value: Any, n: Any, log_weight: Any, logit: Any, rho: Any, size_log_weight: Any, shares: Any
) -> Any:
    """Log probability of all that is reported of one arm.

    Parameters
    ----------
    value, n, log_weight : tensor, shape (..., E, K, X)
        Candidates by endpoint, possible denominator and count. A slot below 0 is one the report does not name.
    logit, rho : tensor, shape (..., E)
        By endpoint.
    size_log_weight : tensor, shape (..., K)
        Log prior weights of the denominator that endpoints share.
    shares : tensor, shape (..., E)
        1 for an endpoint that shares it, whose K are its values; 0 for one whose candidates stand on their own.
    """
    import pytensor.tensor as pt

    terms = log_pmf_of(pt.maximum(value, 0.0), n, logit[..., None, None], rho[..., None, None]) + log_weight
    by_size = pt.logsumexp(pt.switch(value >= 0, terms, LOG_NOTHING), axis=-1)
    shared = pt.gt(shares, 0)
    alone = pt.switch(shared, 0.0, pt.logsumexp(by_size, axis=-1)).sum(axis=-1)
    together = pt.switch(shared[..., None], by_size, 0.0).sum(axis=-2)
    return alone + pt.logsumexp(size_log_weight + together, axis=-1)


def joint_arrays(spec: ModelSpec, data: JointData, slots: int) -> dict[str, Array]:
    """Data and prior hyperparameters of a joint fit, all float64.

    Returns
    -------
    dict
        slot_events, slot_n, slot_log_weight (slots, 2, E, K, X), rho and shares (slots, 2, E), size_log_weight
        (slots, 2, K), the hyperparameters, fixed and fixed_factor (E, E).
    """
    studies, e = data.all_studies, len(data.parts)
    shared = {(one.study, one.arm): one for one in data.shared}
    blocks: dict[tuple[int, int, int], list[list[tuple[float, float, float]]]] = {}
    rho, shares = np.zeros((slots, 2, e)), np.zeros((slots, 2, e))
    for index, part in enumerate(data.parts):
        for study in part.studies:
            s = studies.index(study.study)
            rho[s, :, index] = study.rho
            for a, arm in enumerate(_ARMS):
                candidates: Candidates | None = getattr(study, arm)
                if candidates is None:
                    continue
                common = shared.get((study.study, arm))
                joined = common is not None and part.endpoint in common.endpoints
                shares[s, a, index] = joined
                blocks[s, a, index] = _by_size(candidates, common if joined else None)
    k = max(len(block) for block in blocks.values())
    x = max(len(row) for block in blocks.values() for row in block)
    events, n = np.zeros((slots, 2, e, k, x)), np.zeros((slots, 2, e, k, x))
    log_weight = np.full((slots, 2, e, k, x), LOG_NOTHING)
    log_weight[..., 0, 0] = 0.0  # what is not observed is one certain 0 of 0
    for place, block in blocks.items():
        log_weight[(*place, 0, 0)] = LOG_NOTHING
        for row, candidates_of_size in enumerate(block):
            for column, values in enumerate(candidates_of_size):
                at = (*place, row, column)
                events[at], n[at], log_weight[at] = values
    size_log_weight = np.full((slots, 2, k), LOG_NOTHING)
    size_log_weight[..., 0] = 0.0
    for (name, arm), one in shared.items():
        at_arm = studies.index(name), _ARMS.index(arm)
        size_log_weight[at_arm] = LOG_NOTHING
        size_log_weight[at_arm][: len(one.weight)] = _log(one.weight)
    correlation = spec.setting("correlation")
    return {
        "slot_events": events,
        "slot_n": n,
        "slot_log_weight": log_weight,
        "rho": rho,
        "shares": shares,
        "size_log_weight": size_log_weight,
        "mu_prior": np.array(spec.priors.mu.parameters),
        "tau_prior": np.array((*spec.priors.tau.parameters, 0.0)[:2]),
        "baseline_prior": np.array(spec.priors.baseline.parameters),
        "below": np.array(spec.below),
        "fixed": np.array(0.0 if correlation is None else 1.0),
        "fixed_factor": fixed_cholesky(correlation or 0.0, e),
    }


def _by_size(candidates: Candidates, common: SharedDenominator | None) -> list[list[tuple[float, float, float]]]:
    """Candidates (events, n, log weight) by shared denominator, their weight given it; all in one row without one."""
    triples = list(zip(candidates.events, candidates.n, _log(candidates.weight), strict=True))
    if common is None:
        return [triples]
    return [
        [(x, n, w - log_prior) for x, n, w in triples if n == size]
        for size, log_prior in zip(common.n, _log(common.weight), strict=True)
    ]


def _log(weights: tuple[float, ...]) -> Array:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(weights), LOG_NOTHING)


def joint_assembled(spec: ModelSpec, data: JointData, posterior: Any) -> tuple[Mapping[str, Draws], dict[str, Array]]:
    """Draws by endpoint, and of the correlations that are learnt, named ``correlation[first, second]``."""
    count = len(data.parts)
    mu, tau, z = (posterior[name].values for name in ("mu", "tau", "z"))
    baseline = located(spec.priors.baseline, posterior["alpha_raw"].values)
    correlation = spec.setting("correlation")
    learnt = correlation is None and count > 1
    factor = cholesky(posterior["u"].values, count) if learnt else fixed_cholesky(correlation or 0.0, count)
    effect = mu[..., None, :] + tau[..., None, :] * (z @ np.swapaxes(factor, -1, -2))
    rng = stream(spec, data, "new-study effects")
    new = mu + tau * (factor @ rng.standard_normal((*mu.shape, 1)))[..., 0]
    studies = data.all_studies
    control = baseline - spec.below * effect
    draws = {}
    for e, part in enumerate(data.parts):
        at = [studies.index(name) for name in part.names]
        draws[part.endpoint] = hierarchical_draws(
            spec, part, effect[..., at, e], control[..., at, e], mu[..., e], tau[..., e], new[..., e]
        )
    if not learnt:
        return draws, {}
    omega = factor @ np.swapaxes(factor, -1, -2)
    names = data.endpoints
    return draws, {f"correlation[{names[j]}, {names[i]}]": omega[..., i, j] for i in range(count) for j in range(i)}


def _posterior(sampled: Sampled) -> Posterior:
    """The posterior of the endpoint asked for, with those of the others and the correlations beside it."""
    data = sampled.data
    assert isinstance(data, JointData)
    draws, correlations = joint_assembled(sampled.spec, data, sampled.parameters)
    parts = {part.endpoint: posterior_of(sampled, part, draws[part.endpoint], prior_draws) for part in data.parts}
    own = parts.pop(data.endpoint)
    beside = Marginals({name: partial(DrawsMarginal, value) for name, value in correlations.items()})
    return replace(own, data=data, parts=parts, correlations=beside, make_tree=partial(_tree, own, parts))


def _tree(own: Posterior, parts: Mapping[str, Posterior]) -> DataTree:
    """The draws of the endpoint asked for, with those of the others below ``endpoints``."""
    tree = own.tree()
    for name, part in parts.items():
        tree[f"endpoints/{name}"] = part.tree()
    return tree


MODELS = {"joint": NutsModel(build_joint_model, joint_arrays, _posterior)}
