"""What an external benchmark says of a control logit: the robust mixture of its posterior and the vague prior.

    p(a) = w p(a | benchmark) + (1 - w) p_0(a) = p_0(a) [w p(benchmark | a) / Z + 1 - w]

with Z the integral of p(benchmark | a) p_0(a): the benchmark multiplies the prior p_0 by the bracket. That is so
whatever p_0 is anchored to: the benchmark has the study's control logit with probability w, or one of its own from p_0.

Source: Schmidli et al. 2014, Biometrics 70:1023.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from reanalysis.model.data import Benchmark
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import log_likelihood
from reanalysis.typing import Array

_REACH, _STEP = 10.0, 0.0075


def _grid(baseline: Distribution) -> tuple[Array, float]:
    centre = baseline.quantile(0.5)
    reach = baseline.reach(_REACH)
    nodes = np.linspace(centre - reach, centre + reach, 2 * max(2000, round(reach / _STEP)) + 1)
    return nodes, float(nodes[1] - nodes[0])


@lru_cache(maxsize=512)
def log_benchmark_evidence(benchmark: Benchmark, baseline: Distribution) -> float:
    """Log of Z, the probability of the benchmark under the vague prior."""
    nodes, step = _grid(baseline)
    log_values = log_likelihood(benchmark.candidates, nodes, benchmark.rho) + baseline.logpdf(nodes)
    return float(np.logaddexp.reduce(log_values) + np.log(step))


def log_robust_factor(benchmark: Benchmark, baseline: Distribution, logit: ArrayLike) -> Array:
    """Log of the bracket: what the benchmark multiplies the vague prior by, at each logit."""
    relative = log_likelihood(benchmark.candidates, logit, benchmark.rho) - log_benchmark_evidence(benchmark, baseline)
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log(benchmark.share) + relative, np.log1p(-benchmark.share))


def draw_baseline(benchmark: Benchmark, baseline: Distribution, rng: np.random.Generator, size: int) -> Array:
    """Draws from the robust mixture, by inversion on a grid."""
    nodes, step = _grid(baseline)
    log_density = baseline.logpdf(nodes) + log_robust_factor(benchmark, baseline, nodes)
    cumulative = np.cumsum(np.exp(log_density - log_density.max()))
    node = np.searchsorted(cumulative, rng.uniform(size=size) * cumulative[-1])
    return nodes[np.minimum(node, len(nodes) - 1)] + step * rng.uniform(-0.5, 0.5, size)
