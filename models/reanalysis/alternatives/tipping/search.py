"""Where does a probability cross a threshold as one assumption is turned?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq

from reanalysis.engines.errors import EngineError

Excess = Callable[[float], float]

THRESHOLDS = (0.5, 0.8, 0.95)
_NODES = 33
_CLOSE = 1e-6


@dataclass(frozen=True)
class Knob:
    """One assumption that can be turned.

    Parameters
    ----------
    name : str
        Short name.
    meaning : str
        What its number is, with its unit.
    now : float or None
        Its value in the primary analysis; None where that makes no such assumption.
    low, high : float
        Where it is searched.
    chance : callable
        P(benefit) at a value.
    logarithmic : bool
        Whether the search steps by factors.
    whole : bool
        Whether only whole numbers mean anything.
    """

    name: str
    meaning: str
    now: float | None
    low: float
    high: float
    chance: Callable[[float], float]
    logarithmic: bool = False
    whole: bool = False


@dataclass(frozen=True)
class TippingPoint:
    """Where one probability crosses one threshold.

    Parameters
    ----------
    knob, meaning : str
        What is turned.
    now : float or None
        Its value in the primary analysis.
    event : str
        ``benefit`` or ``harm`` (``fewer events`` or ``more events`` where no side is good).
    threshold : float
        Probability crossed.
    value : float or None
        Value nearest to ``now`` at which P(event) equals the threshold; of whole numbers the last at which it still
        reaches it. None where P(event) does not cross it within ``low`` to ``high``.
    low, high : float
        Where it was searched.
    at_low, at_high : float or None
        P(event) there, None where it could not be computed.
    """

    knob: str
    meaning: str
    now: float | None
    event: str
    threshold: float
    value: float | None
    low: float
    high: float
    at_low: float | None
    at_high: float | None
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


def tipping_points_of(knob: Knob, events: tuple[str, str]) -> list[TippingPoint]:
    """Crossings of every threshold by P(events[0]) and by its complement.

    A half is crossed by both at once and is listed once.
    """
    nodes = _nodes(knob)
    chances = [_chance(knob, x) for x in nodes]
    found = []
    for event, complement in ((events[0], False), (events[1], True)):
        probabilities = [1 - c if complement and c is not None else c for c in chances]
        for threshold in THRESHOLDS:
            if complement and threshold == 0.5:
                continue
            excess = partial(_excess, knob, complement, threshold)
            value = _nearest_crossing(knob, nodes, probabilities, threshold, excess)
            where = (knob.low, knob.high, probabilities[0], probabilities[-1])
            found.append(TippingPoint(knob.name, knob.meaning, knob.now, event, threshold, value, *where, knob.whole))
    return found


def _excess(knob: Knob, complement: bool, threshold: float, x: float) -> float:
    """P(event) above the threshold."""
    chance = knob.chance(x)
    return (1 - chance if complement else chance) - threshold


def _nodes(knob: Knob) -> list[float]:
    if knob.whole:
        return [float(x) for x in np.unique(np.rint(np.linspace(knob.low, knob.high, _NODES)))]
    space = np.geomspace if knob.logarithmic else np.linspace
    nodes = space(knob.low, knob.high, _NODES)
    nodes[0], nodes[-1] = knob.low, knob.high
    now = [] if knob.now is None or not knob.low < knob.now < knob.high else [knob.now]
    return [float(x) for x in np.unique([*nodes, *now])]


def _chance(knob: Knob, x: float) -> float | None:
    try:
        return knob.chance(x)
    except EngineError:
        return None


def _nearest_crossing(
    knob: Knob, nodes: list[float], probabilities: list[float | None], threshold: float, excess: Excess
) -> float | None:
    centre = nodes[0] if knob.now is None else knob.now
    known = [(x, p - threshold) for x, p in zip(nodes, probabilities, strict=True) if p is not None]
    search = _last_whole if knob.whole else _root_of_log if knob.logarithmic else _root
    found = []
    for (a, at_a), (b, at_b) in pairwise(known):
        if at_a * at_b <= 0 and at_a != at_b:
            try:
                found.append(search(excess, a, b))
            except EngineError:  # a value in between cannot be computed
                continue
    return min(found, key=lambda x: abs(x - centre), default=None)


def _root(excess: Excess, a: float, b: float) -> float:
    return float(brentq(excess, a, b, xtol=_CLOSE))


def _root_of_log(excess: Excess, a: float, b: float) -> float:
    # the ends themselves, because exp(log(a)) may lie beyond a bound
    return float(np.exp(brentq(lambda u: excess(float(np.clip(np.exp(u), a, b))), np.log(a), np.log(b), xtol=_CLOSE)))


def _last_whole(excess: Excess, a: float, b: float) -> float:
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
