"""Prior distributions, named the way they are written: ``normal(0,1)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainccinv, gammaincinv, gammaln, logit, ndtr, ndtri, stdtrit

from reanalysis.typing import Array


@dataclass(frozen=True)
class _Family:
    """A family in closed form: scipy's checks cost thousands of fits more than these sums."""

    parameters: tuple[str, ...]
    """Their names, in order."""
    frozen: Callable[..., Any]
    """The scipy distribution, which draws."""
    log_density: Callable[..., Array]
    """Of values, then the parameters."""
    quantile: Callable[..., float]
    """Of a probability below, then the parameters; ``tail`` of one above."""
    tail: Callable[..., float]
    moments: Callable[..., tuple[float, float]]
    """Mean and SD from the parameters."""
    positive_only: bool = False
    """Whether all mass lies above 0."""
    scale_parameters: tuple[str, ...] = ()
    """Those that must be above 0."""
    even: bool = False
    """Whether the density on positive values is smooth when it is continued as an even function."""
    heavy: bool = False
    """Whether a tail falls as a power, so that what lies beyond any grid may count."""


def _stats() -> Any:
    from scipy import stats  # half a second

    return stats


@dataclass(frozen=True)
class _Half:
    """The absolute value of a distribution that is symmetric around 0."""

    whole: Any

    def rvs(self, size: Any, random_state: np.random.Generator) -> Array:
        """Draws."""
        return np.abs(self.whole.rvs(size=size, random_state=random_state))


def _above(x: Array, log_density: Array) -> Array:
    return np.where(x >= 0, log_density, -np.inf)


def _lognormal_log_density(x: Array, m: float, s: float) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        log_x = np.log(np.maximum(x, 0.0))
        return np.where(x > 0, -0.5 * ((log_x - m) / s) ** 2 - log_x - np.log(s) - _HALF_LOG_2_PI, -np.inf)


def _logistic_log_density(x: Array, m: float, s: float) -> Array:
    z = np.abs(x - m) / s
    return -z - 2 * np.log1p(np.exp(-z)) - np.log(s)


def _student_log_density(x: Array, df: float, m: float, s: float) -> Array:
    constant = gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * np.log(df * np.pi) - np.log(s)
    return constant - 0.5 * (df + 1) * np.log1p(((x - m) / s) ** 2 / df)


def _student_tail(p: float, df: float) -> float:
    """Value of the standard distribution above which p lies."""
    return float(-stdtrit(df, p)) if 0 < p < 1 else (_INFINITE if p <= 0 else -_INFINITE)


def _student_moments(df: float, s: float) -> tuple[float, float]:
    """Mean of the absolute value, and SD, of a Student distribution around 0, infinite where there is none."""
    mean = 2 * s * (df / np.pi) ** 0.5 * np.exp(gammaln(0.5 * (df + 1)) - gammaln(0.5 * df)) / (df - 1) if df > 1 else 0
    return mean or _INFINITE, s * (df / (df - 2)) ** 0.5 if df > 2 else _INFINITE


def _half_student_moments(df: float, s: float) -> tuple[float, float]:
    mean, sd = _student_moments(df, s)
    return mean, (sd**2 - mean**2) ** 0.5 if np.isfinite(sd) else _INFINITE


def _inverse_gamma_log_density(x: Array, a: float, b: float) -> Array:
    with np.errstate(divide="ignore"):
        positive = np.maximum(x, 1e-300)
        return np.where(x > 0, a * np.log(b) - gammaln(a) - (a + 1) * np.log(positive) - b / positive, -np.inf)


def _inverse_gamma_moments(a: float, b: float) -> tuple[float, float]:
    mean = b / (a - 1) if a > 1 else _INFINITE
    return mean, mean / (a - 2) ** 0.5 if a > 2 else _INFINITE


_HALF_LOG_2_PI = 0.5 * np.log(2 * np.pi)
_INFINITE = float("inf")

_FAMILIES: dict[str, _Family] = {
    "normal": _Family(
        ("mean", "sd"),
        lambda m, s: _stats().norm(m, s),
        lambda x, m, s: -0.5 * ((x - m) / s) ** 2 - np.log(s) - _HALF_LOG_2_PI,
        lambda p, m, s: m + s * ndtri(p),
        lambda p, m, s: m - s * ndtri(p),
        lambda m, s: (m, s),
        scale_parameters=("sd",),
    ),
    "logistic": _Family(
        ("mean", "scale"),
        lambda m, s: _stats().logistic(m, s),
        _logistic_log_density,
        lambda p, m, s: m + s * logit(p),
        lambda p, m, s: m - s * logit(p),
        lambda m, s: (m, s * np.pi / 3**0.5),
        scale_parameters=("scale",),
    ),
    "halfnormal": _Family(
        ("scale",),
        lambda s: _stats().halfnorm(scale=s),
        lambda x, s: _above(x, -0.5 * (x / s) ** 2 - np.log(s) + 0.5 * np.log(2 / np.pi)),
        lambda p, s: s * ndtri(0.5 + 0.5 * p),
        lambda p, s: -s * ndtri(0.5 * p),
        lambda s: (s * (2 / np.pi) ** 0.5, s * (1 - 2 / np.pi) ** 0.5),
        positive_only=True,
        scale_parameters=("scale",),
        even=True,
    ),
    "exponential": _Family(
        ("rate",),
        lambda r: _stats().expon(scale=1 / r),
        lambda x, r: _above(x, np.log(r) - r * x),
        lambda p, r: -np.log1p(-p) / r if p < 1 else _INFINITE,
        lambda p, r: -np.log(p) / r if p > 0 else _INFINITE,
        lambda r: (1 / r, 1 / r),
        positive_only=True,
        scale_parameters=("rate",),
    ),
    "lognormal": _Family(
        ("meanlog", "sdlog"),
        lambda m, s: _stats().lognorm(s, scale=np.exp(m)),
        _lognormal_log_density,
        lambda p, m, s: np.exp(m + s * ndtri(p)),
        lambda p, m, s: np.exp(m - s * ndtri(p)),
        lambda m, s: (np.exp(m + s**2 / 2), np.exp(m + s**2 / 2) * np.expm1(s**2) ** 0.5),
        positive_only=True,
        scale_parameters=("sdlog",),
        even=True,
    ),
    "student_t": _Family(
        ("df", "mean", "scale"),
        lambda df, m, s: _stats().t(df, m, s),
        _student_log_density,
        lambda p, df, m, s: m - s * _student_tail(p, df),
        lambda p, df, m, s: m + s * _student_tail(p, df),
        lambda df, m, s: (m if df > 1 else float("nan"), _student_moments(df, s)[1]),
        scale_parameters=("df", "scale"),
        heavy=True,
    ),
    "halfcauchy": _Family(
        ("scale",),
        lambda s: _stats().halfcauchy(scale=s),
        lambda x, s: _above(x, np.log(2 / np.pi) - np.log(s) - np.log1p((x / s) ** 2)),
        lambda p, s: s * np.tan(0.5 * np.pi * p) if p < 1 else _INFINITE,
        lambda p, s: s / np.tan(0.5 * np.pi * p) if p > 0 else _INFINITE,
        lambda s: (_INFINITE, _INFINITE),
        positive_only=True,
        scale_parameters=("scale",),
        even=True,
        heavy=True,
    ),
    "half_student_t": _Family(
        ("df", "scale"),
        lambda df, s: _Half(_stats().t(df, 0.0, s)),
        lambda x, df, s: _above(x, np.log(2) + _student_log_density(x, df, 0.0, s)),
        lambda p, df, s: -s * _student_tail(0.5 + 0.5 * p, df),
        lambda p, df, s: s * _student_tail(0.5 * p, df),
        _half_student_moments,
        positive_only=True,
        scale_parameters=("df", "scale"),
        even=True,
        heavy=True,
    ),
    "inverse_gamma": _Family(
        ("shape", "scale"),
        lambda a, b: _stats().invgamma(a, scale=b),
        _inverse_gamma_log_density,
        lambda p, a, b: b / gammainccinv(a, p) if p > 0 else 0.0,
        lambda p, a, b: b / gammaincinv(a, p) if p > 0 else _INFINITE,
        _inverse_gamma_moments,
        positive_only=True,
        scale_parameters=("shape", "scale"),
        even=True,
        heavy=True,
    ),
    "uniform": _Family(
        ("lower", "upper"),
        lambda a, b: _stats().uniform(a, b - a),
        lambda x, a, b: np.where((x >= a) & (x <= b), -np.log(b - a), -np.inf),
        lambda p, a, b: a + p * (b - a),
        lambda p, a, b: b - p * (b - a),
        lambda a, b: (0.5 * (a + b), (b - a) / 12**0.5),
    ),
}

_FARTHEST = 300.0

_PATTERN = re.compile(r"^\s*([a-z_]+)\s*\(([^()]*)\)\s*$")


@dataclass(frozen=True)
class Distribution:
    """A prior distribution named the way it is written.

    Parameters
    ----------
    family : str
        One of ``normal``, ``logistic``, ``student_t``, ``halfnormal``, ``exponential``, ``lognormal``, ``halfcauchy``,
        ``half_student_t``, ``inverse_gamma``, ``uniform``.
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
    def even(self) -> bool:
        """Whether its density on positive values is smooth when it is continued as an even function."""
        return _FAMILIES[self.family].even

    @property
    def heavy(self) -> bool:
        """Whether a tail falls as a power of the value."""
        return _FAMILIES[self.family].heavy

    @property
    def width(self) -> float:
        """Scale of its narrowest feature: the SD where the tails are light, else the scale."""
        return self.parameters[-1] if self.heavy else self.sd

    @property
    def location_scale(self) -> tuple[float, float]:
        """Centre and scale of a symmetric family: what its standard distribution is moved and stretched by."""
        centre, scale = self.parameters[-2:]
        return centre, scale

    def reach(self, sds: float) -> float:
        """Distance from the centre beyond which lies as little as beyond so many SDs of a normal distribution.

        No more than 300 where the tails are heavy: farther out on the logit scale a rate is 0 or 1.
        """
        return min(self.tail(float(ndtr(-sds))) - self.quantile(0.5), _FARTHEST) if self.heavy else sds * self.sd

    def logpdf(self, x: ArrayLike) -> Array:
        """Log density at each x, ``-inf`` outside the support."""
        return _FAMILIES[self.family].log_density(np.asarray(x, dtype=float), *self.parameters)

    def quantile(self, probability: float) -> float:
        """Value below which the given probability lies."""
        return float(_FAMILIES[self.family].quantile(probability, *self.parameters))

    def tail(self, probability: float) -> float:
        """Value above which the given (possibly tiny) probability lies."""
        return float(_FAMILIES[self.family].tail(probability, *self.parameters))

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> Array:
        """Independent draws."""
        frozen = _FAMILIES[self.family].frozen(*self.parameters)
        return np.asarray(frozen.rvs(size=size, random_state=rng))

    @property
    def mean(self) -> float:
        """Expectation."""
        return float(_FAMILIES[self.family].moments(*self.parameters)[0])

    @property
    def sd(self) -> float:
        """Standard deviation."""
        return float(_FAMILIES[self.family].moments(*self.parameters)[1])

    def __str__(self) -> str:
        return f"{self.family}({','.join(f'{p:g}' for p in self.parameters)})"
