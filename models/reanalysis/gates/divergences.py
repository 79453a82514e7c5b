"""Did the sampler lose its way? Divergent transitions, and the one rerun declared for them."""

from __future__ import annotations

import pandas as pd

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.result import CheckResult


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
    return CheckResult(
        "Divergences", bool(last == 0), f"{text}; the limit is 0", pd.DataFrame([vars(run) for run in runs])
    )
