"""At which control risks are effects told as risks?"""

from __future__ import annotations

import numpy as np

from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.rates import rate
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import Baseline


def named_baselines(evidence: Evidence, posterior: Posterior) -> tuple[Baseline, ...]:
    """Control risks at which risks are given: those of analysis.toml, else the median of the studies' control rates."""
    named = evidence.endpoint(posterior.endpoint).baselines
    if named:
        return named
    rates = [float(rate(m["control_logit"]).quantile(0.5)) for m in posterior.study.values() if "control_logit" in m]
    label = "median control rate" if len(rates) > 1 else "control rate"
    percent = float(np.clip(round(100 * float(np.median(rates)), 1), 0.1, 99.9)) if rates else 50.0
    return (Baseline(label=label if rates else "a control risk of one half", percent=percent),)
