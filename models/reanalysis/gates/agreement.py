"""Agreement of two independent engines on one posterior: NUTS against quadrature, quantity by quantity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reanalysis.engines.marginal import MappedMarginal, Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.convergence import gated_draws
from reanalysis.gates.result import CheckResult
from reanalysis.typing import Array

MCSE_LIMIT = 5.0
"""Monte Carlo standard errors by which a statistic may differ."""
SD_LIMITS = {"mean": 0.1, "median": 0.1, "2.5 %": 0.2, "97.5 %": 0.2}
"""Posterior SDs by which it may differ, whatever its Monte Carlo error."""
_HEAVY_TAILED = ("alpha", "beta")
_PROBABILITY = {"2.5 %": 0.025, "median": 0.5, "97.5 %": 0.975}


def check_agreement(nuts: Posterior, quadrature: Posterior) -> CheckResult:
    """Every statistic within 5 Monte Carlo standard errors and 0.1 posterior SD (0.2 at the interval's ends).

    Compared are log odds ratios (average, each study, new), tau, and the logits of the arm rates; alpha and beta of
    ``beta-rates`` as logarithms, because their own tails are too heavy for the errors of draws.
    """
    rows = []
    for name, draws in gated_draws(nuts).items():
        exact = _marginal(quadrature, name)
        if exact is None or name.endswith(("risk_difference", "log_risk_ratio")):
            continue
        if name in _HEAVY_TAILED:
            name, draws, exact = f"log {name}", np.log(draws), MappedMarginal(exact, np.log, np.exp)
        rows += _compare(name, draws, exact)
    table = pd.DataFrame(rows)
    table["passed"] = (table["in_mcse"].abs() <= MCSE_LIMIT) & (
        table["in_sd"].abs() <= table["statistic"].map(SD_LIMITS)
    )
    worst_mcse, worst_sd = table["in_mcse"].abs().max(), table["in_sd"].abs().max()
    return CheckResult(
        "Agreement of NUTS and quadrature",
        bool(table["passed"].all()),
        f"largest difference {worst_mcse:.1f} Monte Carlo standard errors and {worst_sd:.3f} posterior SD; "
        f"the limits are {MCSE_LIMIT:g} and 0.1 (0.2 at the ends of the interval)",
        table,
    )


def _marginal(posterior: Posterior, name: str) -> Marginal | None:
    study, _, quantity = name.rpartition(": ")
    return posterior.study[study].get(quantity) if study else posterior.overall.get(name)


def _compare(name: str, draws: Array, exact: Marginal) -> list[dict[str, object]]:
    from arviz_stats.base import array_stats

    sd, rows = exact.sd(), []
    for statistic in SD_LIMITS:
        if statistic == "mean":
            sampled, truth = float(np.mean(draws)), exact.mean()
            error = float(array_stats.mcse(draws, method="mean"))
        else:
            probability = _PROBABILITY[statistic]
            sampled = float(np.quantile(draws, probability))
            truth = float(exact.quantile(probability))
            error = float(array_stats.mcse(draws, method="quantile", prob=probability))
        difference = sampled - truth
        rows.append(
            {
                "quantity": name,
                "statistic": statistic,
                "nuts": sampled,
                "quadrature": truth,
                "mcse": error,
                "in_mcse": difference / error,
                "in_sd": difference / sd,
            }
        )
    return rows
