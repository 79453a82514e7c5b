"""Which evidence is simulated? Designs of one, two, three and ten studies with every kind of print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reanalysis.evidence.settings import Design as StudyDesignClass


@dataclass(frozen=True)
class Count:
    """The count itself is printed, with its denominator."""

    n: int


@dataclass(frozen=True)
class Percent:
    """A percentage of a printed denominator, in place of the count."""

    n: int
    decimals: int = 0


@dataclass(frozen=True)
class Interval:
    """Only the cell of a fixed partition that the count lies in: 0, 1..2, 3..5, then five counts each."""

    n: int

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Smallest and largest count of each cell."""
        starts = [0, 1, 3, *range(6, self.n + 1, 5)]
        ends = [*(start - 1 for start in starts[1:]), self.n]
        return tuple((low, min(high, self.n)) for low, high in zip(starts, ends, strict=True) if low <= self.n)


@dataclass(frozen=True)
class Latent:
    """One percentage, its denominator drawn from a prior and not printed.

    Parameters
    ----------
    prior : mapping of int to float
        Weight of each denominator, of sum 1; empty for all up to ``n_max`` alike.
    """

    n_max: int
    prior: Mapping[int, float] = field(default_factory=dict)
    decimals: int = 0


@dataclass(frozen=True)
class Weighted:
    """A weighted proportion of n patients, worth ``k * n`` of them, a whole number; analysed unrounded."""

    n: int
    k: float

    @property
    def effective(self) -> int:
        """Patients that the arm is worth."""
        return round(self.k * self.n)


Arm = Count | Percent | Interval | Latent | Weighted


@dataclass(frozen=True)
class Study:
    """One simulated study: how each arm is printed, and the class that its rho comes from."""

    design: StudyDesignClass
    control: Arm
    treated: Arm


# few denominators, because every arm of a compiled model is as wide as the arm with most candidates
_MATCHED = Latent(80, {20: 0.6, 40: 0.2, 60: 0.1, 80: 0.1})
_WEIGHTED = Study("weighted", Weighted(112, 0.75), Weighted(60, 0.75))

DESIGNS: dict[str, tuple[Study, ...]] = {
    "one study": (Study("matched", _MATCHED, Percent(20)),),
    "two studies": (Study("historical", Percent(72), Interval(25)), _WEIGHTED),
    "three studies": (
        Study("matched", _MATCHED, Percent(20)),
        Study("historical", Percent(72, 1), Count(25)),
        _WEIGHTED,
    ),
    "ten studies": (
        Study("randomised", Count(15), Count(15)),
        Study("randomised", Count(120), Count(118)),
        Study("randomised", Interval(40), Interval(42)),
        Study("matched", _MATCHED, Count(30)),
        Study("matched", Percent(64, 1), Latent(8)),
        Study("historical", Percent(90), Percent(33)),
        Study("historical", Count(50), Interval(50)),
        Study("historical", Latent(60, {45: 0.5, 52: 0.3, 60: 0.2}, 1), Latent(30, {24: 0.4, 30: 0.6}, 1)),
        Study("weighted", Weighted(40, 0.5), Weighted(80, 0.5)),
        _WEIGHTED,
    ),
}
"""By name. The study whose risk difference is ranked is the first."""
