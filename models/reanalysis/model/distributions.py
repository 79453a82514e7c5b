"""What do prior strings such as ``normal(0,1)`` mean?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from reanalysis.typing import Array


@dataclass(frozen=True)
class _Family:
    """How a family maps its printed parameters to a frozen scipy distribution."""

    parameters: tuple[str, ...]
    frozen: Callable[..., Any]
    positive_only: bool
    scale_parameters: tuple[str, ...]


_FAMILIES: dict[str, _Family] = {
    "normal": _Family(("mean", "sd"), lambda m, s: stats.norm(m, s), False, ("sd",)),
    "logistic": _Family(("mean", "scale"), lambda m, s: stats.logistic(m, s), False, ("scale",)),
    "halfnormal": _Family(("scale",), lambda s: stats.halfnorm(scale=s), True, ("scale",)),
    "exponential": _Family(("rate",), lambda r: stats.expon(scale=1 / r), True, ("rate",)),
    "lognormal": _Family(
        ("meanlog", "sdlog"),
        lambda m, s: stats.lognorm(s, scale=np.exp(m)),
        True,
        ("sdlog",),
    ),
    "uniform": _Family(("lower", "upper"), lambda a, b: stats.uniform(a, b - a), False, ()),
}

_PATTERN = re.compile(r"^\s*([a-z]+)\s*\(([^()]*)\)\s*$")


@dataclass(frozen=True)
class Distribution:
    """A prior distribution named the way it is written.

    Parameters
    ----------
    family : str
        One of ``normal``, ``logistic``, ``halfnormal``, ``exponential``, ``lognormal``, ``uniform``.
    parameters : tuple of float
        In the order of the family's definition, e.g. mean and SD of a normal, meanlog and sdlog of a lognormal.

    Examples
    --------
    >>> Distribution.parse("normal(0, 1)").sd
    1.0
    >>> str(Distribution.parse("halfnormal(0.5)"))
    'halfnormal(0.5)'
    """

    family: str
    parameters: tuple[float, ...]

    @classmethod
    def parse(cls, text: str) -> Distribution:
        """Read ``family(number, ...)``.

        Raises
        ------
        ValueError
            With one sentence that says what is wrong and what would be right.
        """
        match = _PATTERN.match(text.lower())
        if match is None or match[1] not in _FAMILIES:
            raise ValueError(
                f"{text!r} is not a distribution; write one of "
                + ", ".join(f"{n}({','.join(f.parameters)})" for n, f in _FAMILIES.items())
            )
        name = match[1]
        family = _FAMILIES[name]
        try:
            values = tuple(float(part) for part in match[2].split(","))
        except ValueError:
            values = ()
        if len(values) != len(family.parameters) or not all(np.isfinite(values)):
            raise ValueError(f"{text!r} needs finite numbers for {name}({','.join(family.parameters)})")
        named = dict(zip(family.parameters, values, strict=True))
        for parameter in family.scale_parameters:
            if named[parameter] <= 0:
                raise ValueError(f"{text!r}: {parameter} must be above 0")
        if name == "uniform" and not named["lower"] < named["upper"]:
            raise ValueError(f"{text!r}: lower must be below upper")
        return cls(name, values)

    @property
    def positive(self) -> bool:
        """Whether all mass lies on values of 0 and above."""
        return _FAMILIES[self.family].positive_only or (self.family == "uniform" and self.parameters[0] >= 0)

    @property
    def _frozen(self) -> Any:
        return _frozen(self.family, self.parameters)

    def logpdf(self, x: ArrayLike) -> Array:
        """Log density at each x, ``-inf`` outside the support."""
        values = np.asarray(x, dtype=float)
        if self.family == "normal":  # the hot path of every fit: scipy's checks cost more than the sum
            mean, sd = self.parameters
            return -0.5 * ((values - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
        if self.family == "halfnormal":
            (scale,) = self.parameters
            inside = -0.5 * (values / scale) ** 2 - np.log(scale) + 0.5 * np.log(2 / np.pi)
            return np.where(values >= 0, inside, -np.inf)
        return np.asarray(self._frozen.logpdf(values))

    def quantile(self, probability: float) -> float:
        """Value below which the given share of mass lies."""
        return _quantile(self, probability)

    def tail(self, probability: float) -> float:
        """Value above which the given (possibly tiny) share of mass lies."""
        return _tail(self, probability)

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> Array:
        """Independent draws."""
        return np.asarray(self._frozen.rvs(size=size, random_state=rng))

    @property
    def mean(self) -> float:
        """Expectation."""
        return _moments(self)[0]

    @property
    def sd(self) -> float:
        """Standard deviation."""
        return _moments(self)[1]

    def __str__(self) -> str:
        return f"{self.family}({','.join(f'{p:g}' for p in self.parameters)})"


# scipy builds a frozen distribution in half a millisecond, which thousands of fits would pay again and again


@lru_cache(maxsize=512)
def _frozen(family: str, parameters: tuple[float, ...]) -> Any:
    return _FAMILIES[family].frozen(*parameters)


@lru_cache(maxsize=2048)
def _quantile(distribution: Distribution, probability: float) -> float:
    return float(_frozen(distribution.family, distribution.parameters).ppf(probability))


@lru_cache(maxsize=2048)
def _tail(distribution: Distribution, probability: float) -> float:
    return float(_frozen(distribution.family, distribution.parameters).isf(probability))


@lru_cache(maxsize=512)
def _moments(distribution: Distribution) -> tuple[float, float]:
    mean, variance = _frozen(distribution.family, distribution.parameters).stats("mv")
    return float(mean), float(np.sqrt(variance))
