"""Which draws are judged? Every reported quantity, by its name in results."""

from __future__ import annotations

from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.posterior import Posterior
from reanalysis.typing import Array


def gated_draws(posterior: Posterior) -> dict[str, Array]:
    """Draws of log odds ratios (average, each study, new), tau, baselines, rates and risk differences.

    Returns
    -------
    dict of str to ndarray, shape (chains, draws)
        Empty for a posterior that is not made of draws.
    """
    found = {}
    for name, marginal in (*posterior.overall.items(), *posterior.correlations.items()):
        if isinstance(marginal, DrawsMarginal):
            found[name] = marginal.draws
    for study, marginals in posterior.study.items():
        for name, marginal in marginals.items():
            if isinstance(marginal, DrawsMarginal):
                found[f"{study}: {name}"] = marginal.draws
    for endpoint, part in posterior.parts.items():
        found |= {f"{endpoint}: {name}": draws for name, draws in gated_draws(part).items()}
    return found
