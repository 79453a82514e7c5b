"""Which effect does one specification among many stand for? That of the only comparison, else the average."""

from __future__ import annotations

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior


def headline_effect(posterior: Posterior) -> Marginal:
    """Log odds ratio of the one comparative study, whatever else lends it strength, or the average of several."""
    comparative = posterior.data.comparative
    if len(comparative) == 1:
        return posterior.study[comparative[0]]["log_odds_ratio"]
    return posterior.overall["log_odds_ratio"]
