"""Random counts under the candidates an arm allows: what a model could have reported."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from reanalysis.typing import Array


def draw_report(
    n: Array,
    log_weight: Array,
    logit: Array,
    rho: Array,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] | None = None,
) -> Array:
    """Draw one candidate by its weight, then its count; all other slots hold -1."""
    rng = rng or np.random.default_rng()
    batch = np.broadcast_shapes(n.shape[:-1], log_weight.shape[:-1], logit.shape, rho.shape, size or ())
    n = np.broadcast_to(n, (*batch, n.shape[-1]))
    weight = np.exp(np.broadcast_to(log_weight, n.shape))
    weight = weight / _same_denominator(n)
    logit, rho = np.broadcast_to(logit, batch), np.broadcast_to(rho, batch)
    cumulative = np.cumsum(weight, axis=-1)
    uniform = rng.uniform(size=batch) * cumulative[..., -1]
    slot = np.minimum((cumulative < uniform[..., None]).sum(axis=-1), n.shape[-1] - 1)
    chosen = np.take_along_axis(n, slot[..., None], axis=-1)[..., 0]
    count = draw_counts(rng, chosen, logit, rho)
    drawn = np.full(n.shape, -1.0)
    np.put_along_axis(drawn, slot[..., None], count[..., None], axis=-1)
    return drawn


def draw_mixed_report(
    n: Array,
    log_weight: Array,
    logit: Array,
    logit_apart: Array,
    rho: Array,
    log_mix: Array,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] | None = None,
) -> Array:
    """Draw which of two effects a study has by the weights ``exp(log_mix)``, then the report of all its arms.

    Parameters
    ----------
    n, log_weight : ndarray, shape (..., A, C)
        Candidates of A arms.
    logit, logit_apart, rho : ndarray, shape (..., A)
        Logits under either effect, and intra-arm correlations.
    log_mix : ndarray, shape (..., 2)
        Logs of both weights.
    """
    rng = rng or np.random.default_rng()
    batch = np.broadcast_shapes(logit.shape[:-1], logit_apart.shape[:-1], log_mix.shape[:-1], size or ())
    apart = np.log(rng.uniform(size=batch)) >= log_mix[..., 0]
    return draw_report(n, log_weight, np.where(apart[..., None], logit_apart, logit), rho, rng=rng)


def draw_benchmark(
    n: Array,
    log_weight: Array,
    baseline: Array,
    rho: Array,
    log_share: Array,
    log_evidence: Array,
    vague: Array,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] | None = None,
    family: str = "normal",
) -> Array:
    """Draw the report of a benchmark, which has a study's control logit or one of its own from the vague prior."""
    rng = rng or np.random.default_rng()
    batch = np.broadcast_shapes(baseline.shape, rho.shape, log_share.shape[:-1], size or ())
    if family == "student_t":
        standard = rng.standard_t(vague[..., 0], size=batch)
    else:
        standard = rng.logistic(size=batch) if family == "logistic" else rng.standard_normal(batch)
    own = vague[..., -2] + vague[..., -1] * standard
    shares = np.log(rng.uniform(size=batch)) < log_share[..., 0]
    return draw_report(n, log_weight, np.where(shares, baseline, own), rho, rng=rng, size=size)


def draw_joint_report(
    n: Array,
    log_weight: Array,
    logit: Array,
    rho: Array,
    size_log_weight: Array,
    shares: Array,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] | None = None,
) -> Array:
    """Draw the reports of all endpoints of an arm: the denominator they share first, then each endpoint's count.

    Parameters
    ----------
    n, log_weight : ndarray, shape (..., E, K, X)
        Candidates by endpoint, possible denominator and count.
    logit, rho, shares : ndarray, shape (..., E)
        By endpoint; ``shares`` is 1 where the K are values of the shared denominator.
    size_log_weight : ndarray, shape (..., K)
        Log weights of the shared denominator.
    """
    rng = rng or np.random.default_rng()
    batch = np.broadcast_shapes(logit.shape, rho.shape, shares.shape, n.shape[:-2], (*(size or ()), n.shape[-3]))
    k, x = n.shape[-2:]
    weight = np.broadcast_to(np.exp(size_log_weight), (*batch[:-1], k))
    cumulative = np.cumsum(weight, axis=-1)
    target = rng.uniform(size=batch[:-1]) * cumulative[..., -1]
    chosen = np.minimum((cumulative < target[..., None]).sum(axis=-1), k - 1)
    open_to = np.broadcast_to((shares < 1)[..., None], (*batch, k)) | (
        np.arange(k) == chosen[..., None, None] * np.ones((*batch, 1))
    )
    allowed = np.where(open_to[..., None], log_weight, -np.inf)
    flat = (*batch, k * x)
    sizes = np.broadcast_to(n, (*batch, k, x)).reshape(flat)
    return draw_report(sizes, allowed.reshape(flat), logit, rho, rng=rng).reshape(*batch, k, x)


def _same_denominator(n: Array) -> Array:
    """How many slots share each slot's denominator: its weight stands in each of them but counts once."""
    return (n[..., None, :] == n[..., :, None]).sum(axis=-1)


def draw_counts(rng: np.random.Generator, n: Array, logit: Array, rho: Array) -> Array:
    """Beta-binomial counts; a fractional effective size is drawn at the nearest whole one."""
    rate = expit(logit)
    spread = rho > 0
    precision = 1 / np.where(spread, rho, 0.5) - 1
    a, b = np.maximum(rate * precision, 1e-12), np.maximum((1 - rate) * precision, 1e-12)
    rate = np.where(spread, rng.beta(a, b), rate)
    return rng.binomial(np.rint(n).astype(np.int64), np.clip(rate, 0.0, 1.0)).astype(float)
