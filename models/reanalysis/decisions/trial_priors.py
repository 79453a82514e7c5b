"""Priors of a two-arm trial: of the effect, and of the two logits together.

A trial is analysed with a baseline and an effect (``contrast``) or with two independent rates (``arms``); it is
designed with a control rate and an effect. Each is a joint density of the two logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.special import betaincinv, betaln, log_expit, logit

from reanalysis.decisions.logit_nodes import Logits
from reanalysis.decisions.logit_pairs import JointDensity
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_OUTSIDE = 1e-11
"""Probability left out on either side of a prior."""

_OUTSIDE_BASELINE = 1e-9
"""The same of a baseline, of which only outcomes without events, or with nothing else, see the tails."""

_FARTHEST = 60.0
"""Log odds ratio beyond which no effect is looked for."""

_SATURATED, _OUTSIDE_SATURATED = 60.0, 1e-5
"""Logit beyond which a rate is 0 or 1 to any number of patients, and the probability left out there where tails are
heavy: it moves outcomes with no event or nothing else, and those by as little."""

SMALLEST_SHAPE = 1e-6
"""Of a Beta distribution: most of its mass then lies where a rate is 0 or 1 to any number of patients."""

_TINY = 1e-280
"""Rates below are found by their power law."""

_FLAT = 2.0
"""Scale, in logits, that nodes resolve where neither counts nor a prior do."""

_TABULATED = 8192

_QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution in SDs."""


@dataclass(frozen=True, eq=False)
class Tabulated:
    """A distribution of an effect known as a density at uniform nodes, such as today's posterior."""

    x: Array
    pdf: Array
    quartiles: float
    label: str

    @classmethod
    def of(cls, marginal: Marginal, label: str) -> Tabulated:
        """From a marginal posterior with a density."""
        low, high = (float(q) for q in marginal.quantile([_OUTSIDE, 1 - _OUTSIDE]))
        x = np.linspace(low, high, _TABULATED)
        lower, upper = (float(q) for q in marginal.quantile([0.25, 0.75]))
        return cls(x, marginal.density(x), upper - lower, label)

    @property
    def ends(self) -> tuple[float, float]:
        """Where all mass lies between."""
        return float(self.x[0]), float(self.x[-1])

    def density(self, x: Array) -> Array:
        """Density at each x."""
        return np.interp(x, self.x, self.pdf, left=0.0, right=0.0)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True)
class Effect:
    """A prior of the log odds ratio: a mixture of distributions."""

    weights: tuple[float, ...]
    """Summing to 1."""
    components: tuple[Distribution | Tabulated, ...]
    """As many."""

    def density(self, x: Array) -> Array:
        """Density at each x."""
        parts = (
            weight * (np.exp(one.logpdf(x)) if isinstance(one, Distribution) else one.density(x))
            for weight, one in zip(self.weights, self.components, strict=True)
            if weight > 0
        )
        return np.asarray(sum(parts))

    @property
    def ends(self) -> tuple[float, float]:
        """Where all but negligible mass lies between."""
        found = [
            one.ends if isinstance(one, Tabulated) else (one.quantile(_OUTSIDE), one.tail(_OUTSIDE))
            for one in self.components
        ]
        return max(min(low for low, _ in found), -_FARTHEST), min(max(high for _, high in found), _FARTHEST)

    @property
    def width(self) -> float:
        """Scale of the narrowest component, by its quartiles."""
        between = (
            one.quartiles if isinstance(one, Tabulated) else one.quantile(0.75) - one.quantile(0.25)
            for one in self.components
        )
        return min(between) / _QUARTILES

    def __str__(self) -> str:
        return _mixture_text(self.weights, [str(one) for one in self.components])


def rate_text(rate: BetaMixture | float) -> str:
    """A prior of a rate as it is written."""
    if isinstance(rate, float):
        return f"{rate:g}"
    return _mixture_text(rate.weights, [f"beta({a:g},{b:g})" for a, b in zip(rate.a, rate.b, strict=True)])


def _mixture_text(weights: tuple[float, ...], names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return " + ".join(f"{weight:.4g}*{name}" for weight, name in zip(weights, names, strict=True))


class TrialPrior(JointDensity, Protocol):
    """A joint prior of the two logits of a trial."""

    def as_text(self) -> dict[str, str]:
        """Its parts as they are written, by name."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class BaselineAndEffect:
    """The prior of the ``contrast`` model: a vague baseline, and the effect."""

    baseline: Distribution
    """Of the mean of both logits, or of the control logit."""
    effect: Effect
    """Of the log odds ratio."""
    below: float = 0.5
    """Share of the effect by which the control logit lies below the baseline: 0.5 for the mean logit, else 0."""

    def nodes(self, n_control: int, n_treated: int, step: float) -> tuple[Logits, Logits]:
        """Nodes, a step apart, that resolve so many patients in either arm.

        The sum over treated logits meets the prior of the effect; that over control logits, both likelihoods.
        """
        low, high = _baseline_ends(self.baseline)
        least, most = self.effect.ends
        above, flat = 1 - self.below, min(_FLAT, self.baseline.width)
        control = low - self.below * most, high - self.below * least
        treated = low + above * least, high + above * most
        return (
            Logits.covering(*control, n_control + n_treated, flat, step),
            Logits.covering(*treated, n_treated, min(self.effect.width, flat), step),
        )

    def density(self, control: Array, treated: Array) -> Array:
        """Density, up to a factor, at each pair of a control and a treated logit."""
        effect = treated - control[:, None]
        baseline = np.exp(self.baseline.logpdf(control[:, None] + self.below * effect))
        return baseline * self.effect.density(effect)

    def as_text(self) -> dict[str, str]:
        """Its parts as they are written, by name."""
        return {"mu": str(self.effect), "baseline": str(self.baseline)}


@dataclass(frozen=True)
class TwoRates:
    """Independent rates of the two arms."""

    control: BetaMixture | float
    """Of the control rate, or its value."""
    treated: BetaMixture
    """Of the treated rate."""

    def nodes(self, n_control: int, n_treated: int, step: float) -> tuple[Logits, Logits]:
        """Nodes, a step apart, that resolve so many patients in either arm."""
        # the outer sum, over control logits, meets all that is known of the treated rate as a step of that width
        known = n_control + n_treated + _patients(self.treated)
        return _rate_nodes(self.control, known, step), _rate_nodes(self.treated, n_treated, step)

    def density(self, control: Array, treated: Array) -> Array:
        """Density, up to a factor, at each pair of a control and a treated logit."""
        return _rate_density(self.control, control)[:, None] * _rate_density(self.treated, treated)

    def as_text(self) -> dict[str, str]:
        """Its parts as they are written, by name."""
        return {"control": rate_text(self.control), "treated": rate_text(self.treated)}


@dataclass(frozen=True)
class ControlAndEffect:
    """A control rate and an independent effect: what a trial is designed for."""

    control: BetaMixture | float
    """Of the control rate, or its value."""
    effect: Effect
    """Of the log odds ratio."""

    def nodes(self, n_control: int, n_treated: int, step: float) -> tuple[Logits, Logits]:
        """Nodes, a step apart, that resolve so many patients in either arm."""
        control = _rate_nodes(self.control, n_control + n_treated, step)
        low, high = (float(end) for end in control.points[[0, -1]] + self.effect.ends)
        return control, Logits.covering(low, high, n_treated, min(self.effect.width, _FLAT), step)

    def density(self, control: Array, treated: Array) -> Array:
        """Density, up to a factor, at each pair of a control and a treated logit."""
        return _rate_density(self.control, control)[:, None] * self.effect.density(treated - control[:, None])

    def as_text(self) -> dict[str, str]:
        """Its parts as they are written, by name."""
        return {"control": rate_text(self.control), "mu": str(self.effect)}


def _baseline_ends(prior: Distribution) -> tuple[float, float]:
    """Where all but negligible mass of a baseline lies between."""
    low, high = prior.quantile(_OUTSIDE_BASELINE), prior.tail(_OUTSIDE_BASELINE)
    if not prior.heavy:
        return low, high
    least, most = prior.quantile(_OUTSIDE_SATURATED), prior.tail(_OUTSIDE_SATURATED)
    return max(low, min(least, -_SATURATED)), min(high, max(most, _SATURATED))


def _patients(rate: BetaMixture) -> float:
    """Patients that the narrowest component of a prior is worth."""
    return max(a + b for a, b in zip(rate.a, rate.b, strict=True))


@lru_cache(maxsize=256)
def _rate_nodes(rate: BetaMixture | float, patients: float, step: float) -> Logits:
    if isinstance(rate, float):
        return Logits.point(float(logit(rate)))
    ends = zip(rate.a, rate.b, strict=True)
    low, high = (min(found) for found in zip(*((_lowest(a, b), _lowest(b, a)) for a, b in ends), strict=True))
    high = -high  # 1 - rate is Beta(b, a): near 1 a rate itself has too few digits
    return Logits.covering(low, high, patients + _patients(rate), _FLAT, step)


def _lowest(a: float, b: float) -> float:
    """Logit of a Beta rate below which nearly nothing lies, also where the rate itself is 0 to a computer."""
    rate = float(betaincinv(a, b, _OUTSIDE))
    # near 0 the probability below a rate p is p^a / (a B(a, b))
    return float(logit(rate)) if rate > _TINY else float(np.log(_OUTSIDE) + np.log(a) + betaln(a, b)) / a


def _rate_density(rate: BetaMixture | float, at: Array) -> Array:
    """Density of the logit of a rate, 1 at the only node of a known one."""
    if isinstance(rate, float):
        return np.ones(len(at))
    weights, a, b = (np.asarray(v) for v in (rate.weights, rate.a, rate.b))
    return np.exp(log_expit(at)[:, None] * a + log_expit(-at)[:, None] * b - betaln(a, b)) @ weights
