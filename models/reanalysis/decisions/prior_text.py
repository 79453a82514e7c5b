"""Priors of a trial as they are written: distributions, today's posterior, and mixtures of them.

``beta(1,1)``, ``0.8*beta(33.9,103)+0.2*beta(1,1)`` or a file ``prior.json`` of a rate; ``normal(0,1)``,
``0.8*today+0.2*normal(0,1)`` of an effect. ``today`` is the posterior of the folder, and ``robust`` the same with a
vague component of weight 0.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

from reanalysis.decisions.trial_priors import SMALLEST_SHAPE, Effect, Tabulated
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.estimands.mixture_file import read_mixture
from reanalysis.evidence.problems import InvalidInput, did_you_mean
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import PRIMARY
from reanalysis.model.spec import DEFAULT_PRIORS

ROBUST = 0.2
"""Weight of the vague component of ``robust``."""

LARGEST_SHAPE = 1e6

_SUM = 1e-3
"""Weights that sum to 1 within this are taken to do so: printed ones are rounded."""

_TERM = re.compile(r"^\s*(?:([0-9.]+(?:e[+-]?\d+)?)\s*\*)?\s*(.+?)\s*$", re.IGNORECASE)
_BETA = re.compile(r"^beta\s*\(([^()]*)\)$")

WORDS = ("today", "robust")

_OF = {
    "mu": "an effect; write a distribution, today or robust",
    "baseline": "a baseline; write a distribution",
}


def rate_prior(value: object, today: Callable[[], BetaMixture]) -> BetaMixture:
    """Prior of a rate.

    Parameters
    ----------
    today : callable
        Gives what ``today`` stands for.

    Raises
    ------
    ValueError
        With one sentence that says what is wrong and what would be right.
    """
    if isinstance(value, BetaMixture):
        return value
    if isinstance(value, str) and value.strip().lower().endswith(".json"):
        return _filed(value.strip())
    parts: list[tuple[float, float, float]] = []
    form = "beta(a,b), a mixture such as 0.8*beta(33.9,103)+0.2*beta(1,1), a .json file of one, today or robust"
    for weight, name in _terms(value, form):
        if name in WORDS:
            posterior = today()
            posterior = posterior.robust(ROBUST) if name == "robust" else posterior
            parts += [(weight * w, a, b) for w, a, b in zip(posterior.weights, posterior.a, posterior.b, strict=True)]
        else:
            parts.append((weight, *_shapes(name)))
    total = math.fsum(weight for weight, _, _ in parts)
    weights, a, b = zip(*((weight / total, a, b) for weight, a, b in parts), strict=True)
    return BetaMixture(weights, a, b)


def _filed(path: str) -> BetaMixture:
    try:
        found = read_mixture(path)
    except InvalidInput as error:
        raise ValueError(str(error)) from None
    for a, b in zip(found.a, found.b, strict=True):
        _require_shapes(path, a, b)
    return found


def _shapes(name: str) -> tuple[float, float]:
    match = _BETA.match(name)
    if match is None:
        raise ValueError(f"{name!r} is no prior of a rate; write beta(a,b), today or robust{did_you_mean(name, WORDS)}")
    try:
        a, b = (float(part) for part in match[1].split(","))
    except ValueError:
        raise ValueError(f"{name!r} needs finite numbers for beta(a,b)") from None
    _require_shapes(name, a, b)
    return a, b


def _require_shapes(name: str, a: float, b: float) -> None:
    if not (SMALLEST_SHAPE <= a <= LARGEST_SHAPE and SMALLEST_SHAPE <= b <= LARGEST_SHAPE):
        raise ValueError(f"{name!r}: a and b must lie between {SMALLEST_SHAPE:g} and {LARGEST_SHAPE:,.0f}")


def effect_prior(value: object, today: Callable[[], Tabulated], vague: Distribution) -> Effect:
    """Prior of a log odds ratio.

    Parameters
    ----------
    today : callable
        Gives what ``today`` stands for.
    vague : Distribution
        Vague component of ``robust``.

    Raises
    ------
    ValueError
        With one sentence that says what is wrong and what would be right.
    """
    if isinstance(value, Effect):
        return value
    if isinstance(value, Distribution):
        return Effect((1.0,), (_smooth("mu", value),))
    weights: list[float] = []
    components: list[Distribution | Tabulated] = []
    for weight, name in _terms(
        value, "a distribution such as normal(0,1), a mixture such as 0.8*today+0.2*normal(0,1)"
    ):
        if name == "robust":
            weights += [weight * (1 - ROBUST), weight * ROBUST]
            components += [today(), vague]
        else:
            weights.append(weight)
            components.append(today() if name == "today" else _stated("mu", name))
    total = math.fsum(weights)
    return Effect(tuple(weight / total for weight in weights), tuple(components))


def baseline_prior(value: object) -> Distribution:
    """Prior of a baseline, the mean of both logits or the control logit.

    Raises
    ------
    ValueError
        With one sentence that says what is wrong and what would be right.
    """
    return _smooth("baseline", value) if isinstance(value, Distribution) else _stated("baseline", str(value))


def _stated(of: str, text: str) -> Distribution:
    if "(" not in text:
        raise ValueError(f"{text!r} is no prior of {_OF[of]}")
    return _smooth(of, Distribution.parse(text))


def _smooth(of: str, prior: Distribution) -> Distribution:
    """A prior that the model takes of the same quantity."""
    Distribution.parse(str(prior))  # its parameters are as free as those of a text
    replace(DEFAULT_PRIORS[PRIMARY], **{of: prior})
    return prior


def _terms(value: object, form: str) -> list[tuple[float, str]]:
    """Weights and names of the parts of a mixture, in lower case."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not text; write {form}")
    found: list[tuple[float | None, str]] = []
    for part in re.split(r"(?<![0-9.]e)\+(?![^(]*\))", value.lower()):
        match = _TERM.match(part)
        if match is None:
            raise ValueError(f"{value!r}: {part.strip()!r} is no part of a mixture; write {form}")
        found.append((None if match[1] is None else _weight(match[1]), match[2]))
    if len(found) == 1 and found[0][0] is None:
        return [(1.0, found[0][1])]
    if any(weight is None for weight, _ in found):
        raise ValueError(f"{value!r}: every part of a mixture needs a weight, as in 0.8*...+0.2*...")
    total = math.fsum(weight for weight, _ in found if weight is not None)
    if not abs(total - 1) <= _SUM:
        raise ValueError(f"{value!r}: weights must sum to 1, not {total:g}")
    return [(weight, name) for weight, name in found if weight]


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no weight") from None
