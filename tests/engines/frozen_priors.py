"""Densities of priors by scipy, which shares nothing with the package's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reanalysis.model.distributions import Distribution


@dataclass(frozen=True)
class _Folded:
    """The absolute value of a distribution that is symmetric around 0."""

    whole: Any

    def logpdf(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.whole.logpdf(x) + np.log(2))


_FROZEN: dict[str, Callable[..., Any]] = {
    "normal": stats.norm,
    "logistic": stats.logistic,
    "halfnormal": lambda s: stats.halfnorm(0, s),
    "exponential": lambda rate: stats.expon(0, 1 / rate),
    "lognormal": lambda m, s: stats.lognorm(s, 0, np.exp(m)),
    "student_t": stats.t,
    "halfcauchy": lambda s: stats.halfcauchy(0, s),
    "half_student_t": lambda df, s: _Folded(stats.t(df, 0, s)),
    "inverse_gamma": lambda a, b: stats.invgamma(a, 0, b),
    "uniform": lambda a, b: stats.uniform(a, b - a),
}


def frozen(prior: Distribution) -> Any:
    return _FROZEN[prior.family](*prior.parameters)
