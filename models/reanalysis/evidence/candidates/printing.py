"""Which counts print as a given percentage? Exact integer arithmetic, one rounding convention at a time.

A percentage printed with d decimals as P / 10^d stands for values x / n between bounds that depend on the
convention. With S = 100 * 10^d all bounds are ratios of integers, so ties (1/8 = 12.5 %) are decided exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from reanalysis.typing import Integers

Convention = Literal["half-up", "half-even", "truncation"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
"""In the order tried; needing any but the first is a finding."""


@dataclass(frozen=True)
class Percentage:
    """A percentage as printed, its decimals kept.

    Parameters
    ----------
    text : str
        For example ``63`` or ``13.0``.
    """

    text: str

    @cached_property
    def decimals(self) -> int:
        """Number of decimals printed."""
        return len(self.text.partition(".")[2])

    @cached_property
    def units(self) -> int:
        """The percentage in units of its last printed place."""
        return int(self.text.replace(".", ""))

    @property
    def value(self) -> float:
        """The percentage as a number."""
        return float(self.text)

    @property
    def whole(self) -> int:
        """100 % in units of the last printed place."""
        return 100 * 10**self.decimals

    def counts(self, n: Integers, convention: Convention) -> tuple[Integers, Integers]:
        """Smallest and largest count among n that print so; none where the first exceeds the second.

        Parameters
        ----------
        n : ndarray of int, shape (N,)
            Denominators.
        """
        units, whole = self.units, self.whole
        n = np.asarray(n, dtype=np.int64)
        if convention == "truncation":
            low = -((-n * units) // whole)
            high = -((-n * (units + 1)) // whole) - 1
        else:
            low = -((-n * (2 * units - 1)) // (2 * whole))
            high = -((-n * (2 * units + 1)) // (2 * whole)) - 1
            if convention == "half-even":
                tie_below = n * (2 * units - 1) % (2 * whole) == 0
                tie_above = n * (2 * units + 1) % (2 * whole) == 0
                if units % 2 == 0:  # a tie goes to the even place: both ties print as this one
                    high = high + tie_above
                else:
                    low = low + tie_below
        return np.maximum(low, 0), np.minimum(high, n)

    def prints(self, events: int, n: int, convention: Convention) -> bool:
        """Whether events of n print as this percentage."""
        low, high = self.counts(np.array([n]), convention)
        return bool(low[0] <= events <= high[0])

    def is_tie(self, events: int, n: int) -> bool:
        """Whether events of n lie exactly half-way between two printable percentages."""
        return (2 * self.whole * events) % n == 0 and (2 * self.whole * events // n) % 2 == 1

    def conventions(self, events: int, n: int) -> tuple[Convention, ...]:
        """The conventions under which events of n print as this percentage."""
        return tuple(c for c in CONVENTIONS if self.prints(events, n, c))

    def __str__(self) -> str:
        return f"{self.text} %"
