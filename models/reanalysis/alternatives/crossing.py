"""Tipping points: where a probability crosses a threshold as one assumption takes every value of a range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq

from reanalysis.engines.errors import EngineError

THRESHOLDS = (0.5, 0.8, 0.95)
_NODES = 33
_CLOSE = 1e-6


@dataclass(frozen=True)
class Assumption:
    """A choice with a level for every number of a range."""

    name: str
    """Short name."""
    meaning: str
    """What its number is, with its unit."""
    now: float | None
    """Its value in the primary analysis; None where that makes no such assumption."""
    low: float
    high: float
    """Where it is searched."""
    chances: Callable[[Sequence[float]], Sequence[float | None]]
    """P(benefit) at each of some values; None where it cannot be computed."""
    logarithmic: bool = False
    """Whether the search steps by factors."""
    whole: bool = False
    """Whether only whole numbers mean anything."""

    def chance(self, value: float) -> float:
        """P(benefit) at one value.

        Raises
        ------
        EngineError
            If it cannot be computed.
        """
        (found,) = self.chances([value])
        if found is None:
            raise EngineError(f"{self.name} = {value:g} has no posterior")
        return found

    def nodes(self) -> list[float]:
        """Values between which crossings are looked for, both ends and that of the primary analysis among them."""
        if self.whole:
            return [float(x) for x in np.unique(np.rint(np.linspace(self.low, self.high, _NODES)))]
        nodes = (np.geomspace if self.logarithmic else np.linspace)(self.low, self.high, _NODES)
        nodes[0], nodes[-1] = self.low, self.high
        now = [] if self.now is None or not self.low < self.now < self.high else [self.now]
        return [float(x) for x in np.unique([*nodes, *now])]


@dataclass(frozen=True)
class TippingPoint:
    """Where one probability crosses one threshold."""

    assumption: str
    meaning: str
    """What is changed."""
    now: float | None
    """Its value in the primary analysis."""
    event: str
    """``benefit`` or ``harm`` (``fewer events`` or ``more events`` where no side is good)."""
    threshold: float
    """Probability crossed."""
    value: float | None
    """Value nearest to ``now`` at which P(event) equals the threshold; of whole numbers the last at which it still
    reaches it. None where P(event) does not cross it within ``low`` to ``high``."""
    low: float
    high: float
    """Where it was searched."""
    at_low: float | None
    at_high: float | None
    """P(event) there, None where it could not be computed."""
    whole: bool = False

    @property
    def text(self) -> str:
        """The value, or the range in which there is none."""
        if self.value is not None and self.whole:
            assert self.at_low is not None
            return f"{self.value:g} or {'fewer' if self.at_low > self.threshold else 'more'}"
        if self.value is not None:
            return f"{self.value:.3g}"
        return f"not reachable within [{self.low:g}, {self.high:g}]"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"text": self.text}


def tipping_points_of(assumption: Assumption, events: tuple[str, str]) -> list[TippingPoint]:
    """Crossings of every threshold by P(events[0]) and by its complement.

    A half is crossed by both at once and is listed once.
    """
    nodes = assumption.nodes()
    chances = assumption.chances(nodes)
    about, ends = (assumption.name, assumption.meaning, assumption.now), (assumption.low, assumption.high)
    found = []
    for event, harm in ((events[0], False), (events[1], True)):
        at_low, at_high = (c if c is None or not harm else 1 - c for c in (chances[0], chances[-1]))
        for threshold in THRESHOLDS[1:] if harm else THRESHOLDS:
            excess = partial(_excess, assumption, harm, threshold)
            known = [(x, excess(x, c)) for x, c in zip(nodes, chances, strict=True) if c is not None]
            value = _nearest(assumption, known, excess)
            found.append(TippingPoint(*about, event, threshold, value, *ends, at_low, at_high, assumption.whole))
    return found


def _excess(assumption: Assumption, harm: bool, threshold: float, x: float, chance: float | None = None) -> float:
    """P(event) above the threshold, from the chance at x where it is known."""
    chance = assumption.chance(x) if chance is None else chance
    return (1 - chance if harm else chance) - threshold


def _nearest(
    assumption: Assumption, known: list[tuple[float, float]], excess: Callable[[float], float]
) -> float | None:
    """The root of ``excess`` nearest to the present value, between the values at which it is known."""
    centre = assumption.low if assumption.now is None else assumption.now
    search = _last_whole if assumption.whole else _root_of_log if assumption.logarithmic else _root
    found = []
    for (a, at_a), (b, at_b) in pairwise(known):
        if at_a * at_b <= 0 and at_a != at_b:
            try:
                found.append(search(excess, a, b))
            except EngineError:  # a value in between cannot be computed
                continue
    return min(found, key=lambda x: abs(x - centre), default=None)


def _root(excess: Callable[[float], float], a: float, b: float) -> float:
    return float(brentq(excess, a, b, xtol=_CLOSE))


def _root_of_log(excess: Callable[[float], float], a: float, b: float) -> float:
    # the ends themselves, because exp(log(a)) may lie beyond a bound
    return float(np.exp(brentq(lambda u: excess(float(np.clip(np.exp(u), a, b))), np.log(a), np.log(b), xtol=_CLOSE)))


def _last_whole(excess: Callable[[float], float], a: float, b: float) -> float:
    """The last whole number, from either end, at which P still reaches the threshold."""
    low, high = int(a), int(b)
    reached = excess(low) >= 0
    while high - low > 1:
        middle = (low + high) // 2
        if (excess(middle) >= 0) == reached:
            low = middle
        else:
            high = middle
    return float(low if reached else high)
