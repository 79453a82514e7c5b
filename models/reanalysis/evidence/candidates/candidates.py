"""What is known of one arm's counts: a weighted set of candidate (events, n) pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from reanalysis.typing import Array


@dataclass(frozen=True)
class Candidates:
    """Every (events, n) pair that one printed arm-endpoint allows.

    Weight belongs to a denominator or to a reading of the report, never to the counts it allows: where one n
    admits several counts each of them carries the whole weight of that n, because the likelihood of the
    report given n is the sum over the counts that would have been reported so.

    Parameters
    ----------
    events : tuple of float
        Candidate counts, length C. Fractional only for weighted pseudo-counts.
    n : tuple of float
        Candidate denominators, length C.
    weight : tuple of float
        Prior weight of the denominator or reading that each pair belongs to, length C.
    again : Candidates or None
        What a second report, of other patients, allows: independent of the first given the arm's rate.
    """

    events: tuple[float, ...]
    n: tuple[float, ...]
    weight: tuple[float, ...]
    again: Candidates | None = None

    def __post_init__(self) -> None:
        if not len(self.events) == len(self.n) == len(self.weight) > 0:
            raise ValueError("candidates need as many events, n and weights, at least one of each")
        if any(not 0 <= x <= n for x, n in zip(self.events, self.n, strict=True)):
            raise ValueError("every candidate needs 0 <= events <= n")
        if any(w < 0 for w in self.weight) or sum(self.weight) <= 0:
            raise ValueError("weights are at least 0 and one of them is above 0")

    @classmethod
    def count(cls, events: float, n: float) -> Candidates:
        """One certain count."""
        return cls((float(events),), (float(n),), (1.0,))

    def __len__(self) -> int:
        return len(self.events)

    @cached_property
    def x(self) -> Array:
        """Candidate counts, shape (C,)."""
        return np.asarray(self.events)

    @cached_property
    def size(self) -> Array:
        """Candidate denominators, shape (C,)."""
        return np.asarray(self.n)

    @cached_property
    def log_weight(self) -> Array:
        """Log of the prior weights, shape (C,)."""
        with np.errstate(divide="ignore"):
            return np.log(np.asarray(self.weight))

    @property
    def certain(self) -> bool:
        """Whether one report is all there is, and one pair all that it allows."""
        return len(self) == 1 and self.again is None

    def scaled(self, factor: float) -> Candidates:
        """The same proportions at ``factor`` times the size: pseudo-counts of a weighted arm.

        Parameters
        ----------
        factor : float
            Effective-size factor k: the variance cost of weighting. 0 removes the arm's information.
        """
        return Candidates(
            tuple(x * factor for x in self.events),
            tuple(n * factor for n in self.n),
            self.weight,
        )

    @property
    def none(self) -> bool:
        """Whether no candidate has an event."""
        own = not any(x for x, w in zip(self.events, self.weight, strict=True) if w > 0)
        return own and (self.again is None or self.again.none)

    @property
    def all(self) -> bool:
        """Whether everybody has the event under every candidate."""
        own = all(x == n for x, n, w in zip(self.events, self.n, self.weight, strict=True) if w > 0)
        return own and (self.again is None or self.again.all)

    def proportion(self) -> float:
        """Weighted mean of events / n: the raw rate shown in tables and plots."""
        weight = np.asarray(self.weight)
        usable = self.size > 0
        if not usable.any():
            return float("nan")
        rate = self.x[usable] / self.size[usable]
        return float(np.average(rate, weights=weight[usable]))


Silence = Literal["no event in either arm", "only events in both arms"]
"""Why two arms say nothing of a ratio."""

SILENCES: tuple[str, ...] = get_args(Silence)


def silence(control: Candidates | None, treated: Candidates | None) -> Silence | None:
    """Why two arms say nothing of the ratio of their odds whatever their rates; None where they say something.

    Given the events of both arms together, the distribution of those of one arm depends on the odds ratio (Fisher's
    noncentral hypergeometric) unless all or none of the patients had one: the arms' only possible counts then have
    probability 1 under every odds ratio.
    """
    if control is None or treated is None:
        return None
    if control.none and treated.none:
        return "no event in either arm"
    return "only events in both arms" if control.all and treated.all else None
