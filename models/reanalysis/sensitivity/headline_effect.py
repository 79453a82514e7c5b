"""Which effect does one specification among many stand for? That of the only comparison, else the average."""

from __future__ import annotations

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

NO_AVERAGE = "no average of several studies without pooling"


def headline_effect(posterior: Posterior) -> Marginal:
    """Log odds ratio of the one comparative study, whatever else lends it strength, or the average of several."""
    comparative = posterior.data.comparative
    if len(comparative) == 1:
        return posterior.study[comparative[0]]["log_odds_ratio"]
    return posterior.overall["log_odds_ratio"]


def why_no_effect(spec: ModelSpec, data: ModelData) -> str:
    """Why a specification of these data stands for no effect; empty where it does for one."""
    if spec.pooling not in spec.family.poolings:
        return f"{spec.model} allows {', '.join(spec.family.poolings)} pooling only"
    if spec.pooling == "none" and len(data.comparative) != 1:
        return NO_AVERAGE
    return ""
