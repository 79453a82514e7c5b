"""How far would another run of the sampler move a number? Monte Carlo standard errors of one marginal."""

from __future__ import annotations

from reanalysis.engines.marginal import DrawsMarginal, Marginal

_ENDS = {"lower": 0.025, "median": 0.5, "upper": 0.975}


def monte_carlo(marginal: Marginal) -> dict[str, float | None]:
    """Standard errors of mean, median and interval, and the effective number of draws.

    Returns
    -------
    dict
        ``mean``, ``median``, ``lower``, ``upper`` and ``effective_sample_size``. Quadrature draws nothing: its errors
        are 0 and it has no sample size. A probability p has the standard error sqrt(p (1 - p) / size).
    """
    if not isinstance(marginal, DrawsMarginal):
        return dict.fromkeys(("mean", *_ENDS), 0.0) | {"effective_sample_size": None}
    from arviz_stats.base import array_stats

    errors = {name: float(array_stats.mcse(marginal.draws, method="quantile", prob=end)) for name, end in _ENDS.items()}
    return {
        "mean": float(array_stats.mcse(marginal.draws, method="mean")),
        **errors,
        "effective_sample_size": float(array_stats.ess(marginal.draws, method="bulk")),
    }
