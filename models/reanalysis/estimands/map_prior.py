"""The meta-analytic-predictive (MAP) prior: what earlier arms say of a future one, in closed form and in patients.

The predictive distribution of a new study's rate is approximated by the mixture of Beta distributions closest to it in
Kullback-Leibler divergence, which is maximum likelihood on its quantiles: from one to four components, the fewest after
which one more gains less than 1e-5. Robustness against conflict comes from a vague component of fixed weight.

The ELIR effective sample size (see :mod:`reanalysis.estimands.beta_mixture`) is given on the scale of the rate and on
the logit scale, where it always exists: on that of the rate it does not where the density grows without bound towards 0
or 1, as after an arm without events. The two agree where both exist, but for a density that does not vanish at 0 and 1.
On the logit scale it is that of the predictive distribution itself, since the Beta mixture closest to it has tails of
its own.

Source: Neuenschwander et al. 2010, Clin Trials 7:5; Schmidli et al. 2014, Biometrics 70:1023; Neuenschwander et al.
2020, Biometrics 76:578.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import betaln, digamma, expit, log_expit, logsumexp, softmax

from reanalysis.engines.marginal import DrawsMarginal, Marginal
from reanalysis.estimands.beta_mixture import BetaMixture, elir_size, elir_size_of_logit, moment_size
from reanalysis.typing import Array

MOST_COMPONENTS = 4
_WORTH = 1e-5
"""Gain in Kullback-Leibler divergence for which another component is taken."""

_NODES = 160
"""Gauss-Legendre nodes of the probability whose quantiles are fitted."""

_NARROWEST = 0.1
"""Smallest SD of a component, as a fraction of that of the whole: about that of four nodes."""

_SMALLEST = 1e-12
"""Rates are kept this far from 0 and 1."""

_END = 1e-4
"""Probability at either end of a distribution that its logit ELIR leaves out: so far out the ratio may have no mean."""

_POINTS = 2001
"""Points of the logit ELIR."""

_UNBOUNDED = "the density of the rate grows without bound towards 0 or 1"


@dataclass(frozen=True, repr=False)
class MapPrior:
    """The MAP prior of a rate.

    Parameters
    ----------
    mixture : BetaMixture
        Closed form.
    robust_weight : float
        Weight of the vague component Beta(1, 1) in the robust version.
    new_logit : Marginal
        The predictive distribution of the logit rate that the mixture was fitted to.
    patients : float
        Patients that were counted.
    """

    mixture: BetaMixture
    robust_weight: float
    new_logit: Marginal
    patients: float

    def __repr__(self) -> str:
        size = self.size()
        return (
            f"MAP prior: {self.mixture}\nmean {self.mixture.mean():.3g}, SD {self.mixture.sd():.3g}, "
            f"worth {size.elir:.3g} patients of {self.patients:g} (ELIR)\n"
            f".robust adds beta(1,1) with weight {self.robust_weight:g}"
        )

    @cached_property
    def robust(self) -> BetaMixture:
        """The mixture with its vague component."""
        return self.mixture.robust(self.robust_weight)

    def size(self, vague: float = 0.0) -> EffectiveSize:
        """Effective sample sizes, those of the robust version with the weight of its vague component."""
        return effective_size(self.robust if vague else self.mixture, self.new_logit, vague, self.patients)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: both mixtures with their mean, SD and effective sample sizes."""
        return {
            "mixture": _described(self.mixture, self.size()),
            "robust_weight": self.robust_weight,
            "robust": _described(self.robust, self.size(self.robust_weight)),
        }


def _described(mixture: BetaMixture, size: EffectiveSize) -> dict[str, Any]:
    return mixture.as_dict() | {"mean": mixture.mean(), "sd": mixture.sd()} | size.as_dict()


def map_prior(new_logit: Marginal, robust_weight: float, patients: float) -> MapPrior:
    """MAP prior from the predictive distribution of a new study's logit rate after so many patients."""
    return MapPrior(fitted_mixture(new_logit), robust_weight, new_logit, patients)


def fitted_mixture(new_logit: Marginal) -> BetaMixture:
    """The Beta mixture closest to the distribution of a logit rate."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    rates = np.clip(expit(new_logit.quantile(0.5 * (1 + node))), _SMALLEST, 1 - _SMALLEST)
    best, reached = _maximised(rates, 0.5 * weight, 1)
    for count in range(2, MOST_COMPONENTS + 1):
        richer, gained = _maximised(rates, 0.5 * weight, count)
        if gained - reached < _WORTH:
            break
        best, reached = richer, gained
    return best


def _maximised(rates: Array, mass: Array, count: int) -> tuple[BetaMixture, float]:
    """Mixture of ``count`` components of highest mean log density at weighted rates, and that mean.

    Components start as equal parts of the sorted rates, so the result is deterministic.
    """
    from scipy.optimize import minimize

    log_p, log_q = np.log(rates)[:, None], np.log1p(-rates)[:, None]
    whole_sd = float(np.sqrt(mass @ (rates - mass @ rates) ** 2))
    centre = float(mass @ rates)
    largest = max(np.log(centre * (1 - centre) / (_NARROWEST * whole_sd) ** 2), 1.0)
    start = np.empty((3, count))
    for k, group in enumerate(np.array_split(np.sort(rates), count)):
        mean, sd = float(group.mean()), max(float(group.std()), 0.3 * whole_sd)
        size = max(mean * (1 - mean) / sd**2 - 1, 2.0)
        start[:, k] = 0.0, *np.minimum(np.log([mean * size, (1 - mean) * size]), largest)

    def minus_mean(at: Array) -> tuple[float, Array]:
        """Minus the mean log density and its gradient in (logits of the weights, log a, log b)."""
        shape = at.reshape(3, count)
        log_weight, a, b = shape[0] - logsumexp(shape[0]), np.exp(shape[1]), np.exp(shape[2])
        log_terms = log_weight + (a - 1) * log_p + (b - 1) * log_q - betaln(a, b)
        top = log_terms.max(axis=1, keepdims=True)
        terms = np.exp(log_terms - top)
        sums = terms.sum(axis=1)
        total = top[:, 0] + np.log(sums)
        part = (mass / sums)[:, None] * terms
        both = digamma(a + b)
        gradient = np.stack(
            [
                part.sum(axis=0) - np.exp(log_weight),
                a * (part * (log_p + both - digamma(a))).sum(axis=0),
                b * (part * (log_q + both - digamma(b))).sum(axis=0),
            ]
        )
        return -float(mass @ total), -gradient.ravel()

    found = minimize(
        minus_mean,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-20.0, 20.0)] * count + [(-5.0, largest)] * (2 * count),
        options={"maxiter": 300, "maxfun": 400, "ftol": 1e-11, "gtol": 1e-8},
    )
    logits, log_a, log_b = found.x.reshape(3, count)
    order = np.argsort(-logits)
    weights = softmax(logits)[order]
    a, b = np.exp(log_a)[order], np.exp(log_b)[order]
    mixture = BetaMixture(tuple(weights.tolist()), tuple(a.tolist()), tuple(b.tolist()))
    return mixture, -float(found.fun)


def logit_elir_size(logit: Marginal, vague: float = 0.0) -> float:
    """Expected local-information-ratio effective sample size on the logit scale, in patients; it may be negative.

    Parameters
    ----------
    logit : Marginal
        Distribution of a logit rate, its density known.
    vague : float
        Weight of a uniform rate, a logistic logit, beside it.
    """
    low, high = (float(logit.quantile(end)) for end in (_END, 1 - _END))
    if vague > 0:
        reach = float(np.log((1 - _END) / _END))
        low, high = min(low, -reach), max(high, reach)
    theta = np.linspace(low, high, _POINTS)
    step = theta[1] - theta[0]
    patient = np.exp(log_expit(theta) + log_expit(-theta))
    density = (1 - vague) * logit.density(theta) + vague * patient
    log_density = np.log(np.maximum(density, np.finfo(float).tiny))
    information = -(log_density[2:] - 2 * log_density[1:-1] + log_density[:-2]) / step**2
    return float((density[1:-1] * information / patient[1:-1]).sum() / density[1:-1].sum())


@dataclass(frozen=True)
class EffectiveSize:
    """What a prior of a rate is worth, in patients: at least 0, and at most as many as were counted."""

    elir: float
    """On the scale of the rate where it exists there, else on the logit scale."""
    elir_logit: float
    """On the logit scale."""
    moment: float
    """That of the one Beta distribution of the same mean and SD."""
    note: str = ""
    """On which scale the first is where it is not that of the rate, and which of them is at a bound; or empty."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        sizes = {"elir": self.elir, "elir_logit": self.elir_logit, "moment": self.moment}
        return {"effective_sample_size": sizes, "effective_sample_size_note": self.note}


_NAMES = {"elir": "ELIR", "elir_logit": "ELIR on the logit scale", "moment": "moment"}


def effective_size(
    mixture: BetaMixture, logit: Marginal, vague: float = 0.0, patients: float = np.inf
) -> EffectiveSize:
    """Effective sample sizes of a prior.

    Parameters
    ----------
    mixture : BetaMixture
        Closed form of the prior, its vague component included.
    logit : Marginal
        The distribution it was fitted to, without that component; of draws, which do not give its density, the logit
        scale is that of the mixture.
    vague : float
        Weight of the vague component.
    patients : float
        Patients that were counted: what a size has beyond them, the priors of the model say.
    """
    drawn = isinstance(logit, DrawsMarginal)
    on_logits = elir_size_of_logit(mixture, _END) if drawn else logit_elir_size(logit, vague)
    on_rates, notes = elir_size(mixture), []
    if on_rates is None:
        notes.append(f"ELIR on the logit scale, as {_UNBOUNDED}; without the last {_END:.2%} at either end")
    found = {
        "elir": on_logits if on_rates is None else on_rates,
        "elir_logit": on_logits,
        "moment": moment_size(mixture),
    }
    bounded = {name: float(np.clip(size, 0.0, patients)) for name, size in found.items()}
    above = [_NAMES[name] for name, size in found.items() if size > patients]
    if above:
        said = "the priors of the model say the rest"
        notes.append(f"{', '.join(above)} above the {patients:g} patients that were counted, given as these: {said}")
    below = [_NAMES[name] for name, size in found.items() if size < 0]
    if below:
        said = "on average the prior is less informative than one that is flat"
        notes.append(f"{', '.join(below)} below 0, given as 0: {said}")
    return EffectiveSize(**bounded, note="; ".join(notes))
