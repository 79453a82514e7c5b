"""How many patients must be treated for one to fare better, or worse?

1 / risk difference has no interval of its own where the risk difference spans 0: it runs through infinity. It is then
given as two disjoint pieces (Altman 1998, BMJ 317:1309).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["benefit", "harm"]


@dataclass(frozen=True)
class Piece:
    """Patients treated per patient helped (benefit) or harmed; ``high`` is None for infinity."""

    side: Side
    low: float
    high: float | None


@dataclass(frozen=True)
class NumberNeeded:
    """Number needed to treat or harm.

    Parameters
    ----------
    side : {"benefit", "harm"} or None
        Side of the median risk difference, None at exactly 0.
    median : float or None
        Number needed at the median, None at exactly 0.
    pieces : tuple of Piece
        The interval: one piece, or two that meet at infinity.
    """

    side: Side | None
    median: float | None
    pieces: tuple[Piece, ...]

    def __str__(self) -> str:
        if self.median is None:
            return "no difference"
        name = {"benefit": "NNT", "harm": "NNH"}
        text = f"{name[self.side or 'benefit']} {_patients(self.median)}"
        parts = [
            f"{name[p.side]} {_patients(p.low)} to {'\N{INFINITY}' if p.high is None else _patients(p.high)}"
            for p in self.pieces
        ]
        return f"{text} ({'; '.join(parts)})"


def _patients(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"


def number_needed(median: float, lower: float, upper: float, lower_is_better: bool) -> NumberNeeded:
    """Number needed from the median and interval of a risk difference (treated minus control).

    Parameters
    ----------
    median, lower, upper : float
        Risk difference, as proportions.
    lower_is_better : bool
        Whether a negative difference is the benefit.
    """

    def side(difference: float) -> Side:
        return "benefit" if (difference < 0) == lower_is_better else "harm"

    if lower == 0 == upper:
        return NumberNeeded(None, None, ())
    if lower >= 0 or upper <= 0:
        near, far = sorted((abs(lower), abs(upper)))
        only = side(lower if abs(lower) > abs(upper) else upper)
        pieces: tuple[Piece, ...] = (Piece(only, 1 / far, 1 / near if near else None),)
    else:
        pieces = (Piece(side(lower), 1 / -lower, None), Piece(side(upper), 1 / upper, None))
        pieces = tuple(sorted(pieces, key=lambda p: p.side))
    if median == 0:
        return NumberNeeded(None, None, pieces)
    return NumberNeeded(side(median), 1 / abs(median), pieces)
