"""Gates of Hamiltonian Monte Carlo: divergent transitions, and the energy fraction of missing information."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.result import CheckResult

BFMI_LIMIT = 0.3
"""Smallest energy fraction of missing information of a chain."""


def check_divergences(posterior: Posterior) -> CheckResult:
    """No divergence in the last run; a first run with divergences is repeated once at higher acceptance."""
    assert posterior.sampling is not None
    runs = posterior.sampling.runs
    last = runs[-1].divergences
    text = f"{last} divergent transitions"
    if len(runs) > 1:
        text += (
            f" after the rerun at target acceptance {runs[-1].target_accept} "
            f"(first run at {runs[0].target_accept}: {runs[0].divergences})"
        )
    table = pd.DataFrame([vars(run) for run in runs])
    return CheckResult("Divergences", bool(last == 0), f"{text}; the limit is 0", table)


def check_energy(posterior: Posterior) -> CheckResult:
    """E-BFMI of at least 0.3 in every chain (Betancourt 2016, arXiv:1604.00695, equation 6)."""
    from arviz_stats.base import array_stats

    assert posterior.sampling is not None
    bfmi = np.asarray(array_stats.bfmi(posterior.sampling.energy))
    table = pd.DataFrame({"chain": range(len(bfmi)), "e_bfmi": bfmi})
    worst = float(bfmi.min())
    text = f"smallest E-BFMI {worst:.2f}; the limit is {BFMI_LIMIT}"
    return CheckResult("E-BFMI", bool(worst >= BFMI_LIMIT), text, table)
