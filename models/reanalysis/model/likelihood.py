"""Probability of what an arm reported, given its event probability.

Source: beta-binomial with mean pi and intra-arm correlation rho, Williams 1975 (Biometrics 31:949); the mixture
over candidates is the law of total probability over the denominators and readings that a report allows.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, logsumexp, rel_entr

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.typing import Array

_BLOCK = 2**18
"""Nodes times candidates computed at once: 2 MiB an array."""


def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(0.0, x)


def log_binomial_coefficient(x: ArrayLike, n: ArrayLike) -> Array:
    """Log of n choose x, continued to fractional pseudo-counts by the gamma function."""
    x, n = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    return np.asarray(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1))


def log_pmf(x: ArrayLike, n: ArrayLike, logit: ArrayLike, rho: ArrayLike) -> Array:
    """Log probability of x events among n.

    Parameters
    ----------
    x, n, logit, rho : array_like
        Counts, sizes, log odds of the event and intra-arm correlation in [0, 1), broadcast together.
        ``rho = 0`` is the binomial, taken exactly and not as a small rho: a floor loses up to 7e-3 to cancellation.

    Returns
    -------
    ndarray
        Log probability, of the broadcast shape.
    """
    x, n, logit, rho = (np.asarray(v, dtype=float) for v in (x, n, logit, rho))
    log_p, log_q = -softplus(-logit), -softplus(logit)
    coefficient = log_binomial_coefficient(x, n)
    binomial = coefficient + x * log_p + (n - x) * log_q
    if not np.any(rho > 0):
        return np.asarray(binomial)
    precision = 1 / np.where(rho > 0, rho, 0.5) - 1
    a, b = np.exp(log_p) * precision, np.exp(log_q) * precision
    # a or b underflows to 0 only where its own count decides the limit; the floor keeps gammaln finite there
    a, b = np.maximum(a, 1e-300), np.maximum(b, 1e-300)
    overdispersed = (
        coefficient
        + (gammaln(x + a) - gammaln(a))
        + (gammaln(n - x + b) - gammaln(b))
        - (gammaln(n + precision) - gammaln(precision))
    )
    return np.where(rho > 0, overdispersed, binomial)


def log_likelihood(candidates: Candidates, logit: ArrayLike, rho: float) -> Array:
    """Log probability of a report: logsumexp over its candidates of log weight + log pmf; of two reports their sum.

    Parameters
    ----------
    candidates : Candidates
        C candidate pairs.
    logit : array_like
        Log odds of the event, any shape.
    rho : float
        Intra-arm correlation of the study's design.

    Returns
    -------
    ndarray
        Of the shape of ``logit``.
    """
    logit = np.asarray(logit, dtype=float)
    if candidates.again is not None:
        first, second = replace(candidates, again=None), candidates.again
        return log_likelihood(first, logit, rho) + log_likelihood(second, logit, rho)
    if candidates.certain:
        return candidates.log_weight[0] + log_pmf(candidates.x[0], candidates.size[0], logit, rho)
    terms = log_pmf(candidates.x, candidates.size, logit[..., None], rho) + candidates.log_weight
    return np.asarray(logsumexp(terms, axis=-1))


@lru_cache(maxsize=8192)
def information(candidates: Candidates, rho: float, within: float = 0.0) -> float:
    """Largest Fisher information about the logit among the candidates: sets how fine a grid must be.

    Parameters
    ----------
    candidates : Candidates
        C candidate pairs.
    rho : float
        Intra-arm correlation of the study's design.
    within : float
        Also over all rates nearer to one half whose log likelihood lies within so many units of the largest: an arm
        without events says little about its logit until other evidence pulls the rate up.

    Returns
    -------
    float
        In patients times rate times (1 - rate), discounted for rho.
    """
    x, n = candidates.x[:, None], candidates.size[:, None]
    effective = n / (1 + np.maximum(n - 1, 0) * rho)
    observed = (x + 0.5) / (n + 1)
    rate = observed + (0.5 - observed) * np.linspace(0.0, 1.0, 41) ** 2
    share = x / np.maximum(n, 1e-300)
    loss = effective * (rel_entr(share, rate) + rel_entr(1 - share, 1 - rate))
    plausible = loss <= np.maximum(within, loss[:, :1])
    known = float(np.max(np.where(plausible, effective * rate * (1 - rate), 0.0)))
    return known if candidates.again is None else known + information(candidates.again, rho, within)


def width(n: float, rho: float) -> float:
    """Scale, in logits, of the steepest probability of a count of ``n``: one over the root of its information."""
    return information(Candidates.count(n / 2, n), rho) ** -0.5 if n > 0 else np.inf


def log_likelihood_on_grid(candidates: Candidates, rho: float, step: float, first: int, size: int) -> Array:
    """`log_likelihood` at ``step * (first + 0, 1, ..., size - 1)``, remembered if short: thousands of fits share arms.

    Returns
    -------
    ndarray
        Shape (size,), read-only.
    """
    compute = _remembered if size <= REMEMBERED else _on_grid
    return compute(candidates, rho, step, first, size)


REMEMBERED = 4096
"""Nodes up to which an array is remembered: the memory of all is then bounded by 64 MiB."""


def _on_grid(candidates: Candidates, rho: float, step: float, first: int, size: int) -> Array:
    logit = step * (first + np.arange(size))
    block = max(1, _BLOCK // len(candidates))
    values = np.concatenate(
        [log_likelihood(candidates, logit[start : start + block], rho) for start in range(0, size, block)]
    )
    values.flags.writeable = False
    return values


_remembered = lru_cache(maxsize=2048)(_on_grid)
