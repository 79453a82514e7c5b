"""Did the sampler reach the tails? Energy fraction of missing information."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.result import CheckResult

LIMIT = 0.3


def check_energy(posterior: Posterior) -> CheckResult:
    """E-BFMI of at least 0.3 in every chain (Betancourt 2016, arXiv:1604.00695)."""
    assert posterior.sampling is not None
    energy = posterior.sampling.energy
    bfmi = (np.diff(energy, axis=1) ** 2).mean(axis=1) / energy.var(axis=1)
    table = pd.DataFrame({"chain": range(len(bfmi)), "e_bfmi": bfmi})
    worst = float(bfmi.min())
    return CheckResult("E-BFMI", bool(worst >= LIMIT), f"smallest E-BFMI {worst:.2f}; the limit is {LIMIT}", table)
