"""Are there enough independent draws? Bulk and tail effective sample sizes."""

from __future__ import annotations

import pandas as pd

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.quantities import gated_draws
from reanalysis.gates.result import CheckResult

LIMIT = 1000


def check_effective_sample(posterior: Posterior) -> CheckResult:
    """Bulk and tail ESS of at least 1,000 for every reported quantity (Vehtari et al. 2021)."""
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
        bool(min(bulk, tail) >= LIMIT),
        f"smallest bulk ESS {bulk:.0f}, smallest tail ESS {tail:.0f}; the limit is {LIMIT}",
        table,
    )
