"""Convergence of the chains: R-hat, effective sample sizes and Monte Carlo errors of every reported quantity.

Source: Vehtari et al. 2021, Bayesian Analysis 16:667.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reanalysis.engines.marginal import DrawsMarginal, Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.result import CheckResult
from reanalysis.typing import Array

R_HAT_LIMIT = 1.01
"""Largest rank-normalised split R-hat."""
SIZE_LIMIT = 1000
"""Smallest bulk or tail effective sample size."""

_ENDS = {"lower": 0.025, "median": 0.5, "upper": 0.975}


def gated_draws(posterior: Posterior) -> dict[str, Array]:
    """Draws of log odds ratios (average, each study, new), tau, baselines, rates and risk differences.

    Returns
    -------
    dict of str to ndarray, shape (chains, draws)
        By name in results; empty for a posterior that is not made of draws.
    """
    marginals = dict(posterior.overall) | dict(posterior.correlations)
    for study, own in posterior.study.items():
        marginals |= {f"{study}: {name}": marginal for name, marginal in own.items()}
    found = {name: marginal.draws for name, marginal in marginals.items() if isinstance(marginal, DrawsMarginal)}
    for endpoint, part in posterior.parts.items():
        found |= {f"{endpoint}: {name}": draws for name, draws in gated_draws(part).items()}
    return found


def check_convergence(posterior: Posterior) -> CheckResult:
    """R-hat at or below 1.01 for every reported quantity."""
    from arviz_stats.base import array_stats

    table = pd.DataFrame(
        [{"quantity": n, "r_hat": float(array_stats.rhat(d))} for n, d in gated_draws(posterior).items()]
    )
    worst = float(np.max(table["r_hat"]))
    return CheckResult(
        "R-hat",
        bool(worst <= R_HAT_LIMIT),
        f"largest R-hat {worst:.4f}; the limit is {R_HAT_LIMIT}",
        table,
        ("BARG: chains converged: R-hat",),
    )


def check_effective_sample(posterior: Posterior) -> CheckResult:
    """Bulk and tail effective sample size of at least 1,000 for every reported quantity."""
    from arviz_stats.base import array_stats

    table = pd.DataFrame(
        [
            {
                "quantity": name,
                "ess_bulk": float(array_stats.ess(draws, method="bulk")),
                "ess_tail": float(array_stats.ess(draws, method="tail", prob=(0.025, 0.975))),
            }
            for name, draws in gated_draws(posterior).items()
        ]
    )
    bulk, tail = float(table["ess_bulk"].min()), float(table["ess_tail"].min())
    return CheckResult(
        "Effective sample size",
        bool(min(bulk, tail) >= SIZE_LIMIT),
        f"smallest bulk ESS {bulk:.0f}, smallest tail ESS {tail:.0f}; the limit is {SIZE_LIMIT}",
        table,
        ("BARG: chains long enough: effective sample sizes",),
    )


def monte_carlo(marginal: Marginal) -> dict[str, float | None]:
    """Standard errors of mean, median and interval, and the effective number of draws: what another run would move.

    Returns
    -------
    dict
        ``mean``, ``median``, ``lower``, ``upper`` and ``effective_sample_size``. Quadrature draws nothing: its errors
        are 0 and it has no sample size. A probability p has the standard error sqrt(p (1 - p) / size).
    """
    if not isinstance(marginal, DrawsMarginal):
        return dict.fromkeys(("mean", *_ENDS), 0.0) | {"effective_sample_size": None}
    from arviz_stats.base import array_stats

    errors = {name: float(array_stats.mcse(marginal.draws, method="quantile", prob=end)) for name, end in _ENDS.items()}
    return {
        "mean": float(array_stats.mcse(marginal.draws, method="mean")),
        **errors,
        "effective_sample_size": float(array_stats.ess(marginal.draws, method="bulk")),
    }
