"""Did the chains agree? R-hat of every reported quantity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.quantities import gated_draws
from reanalysis.gates.result import CheckResult

LIMIT = 1.01
"""Rank-normalised split R-hat (Vehtari et al. 2021, Bayesian Analysis 16:667)."""


def check_convergence(posterior: Posterior) -> CheckResult:
    """R-hat at or below 1.01 for every reported quantity."""
    from arviz_stats.base import array_stats

    table = pd.DataFrame(
        [{"quantity": n, "r_hat": float(array_stats.rhat(d))} for n, d in gated_draws(posterior).items()]
    )
    worst = float(np.max(table["r_hat"]))
    return CheckResult("R-hat", bool(worst <= LIMIT), f"largest R-hat {worst:.4f}; the limit is {LIMIT}", table)
