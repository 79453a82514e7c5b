"""What changed between two reports: evidence, settings, software and numbers, and which conclusions moved."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from reanalysis.evidence.problems import BadChoice
from reanalysis.model.choices import number

PROBABILITY = 0.05
"""Default threshold of a conclusion: a shift of any reported probability."""
RATIO = 1.25
"""Default threshold of a conclusion: a factor between the medians of the headline odds ratio."""
NOISE = 3.0
"""Monte Carlo standard errors below which a shift is no shift."""

Kind = Literal["added", "removed", "altered"]


def bad_thresholds(probability: float, ratio: float) -> Iterator[BadChoice]:
    """What is wrong with thresholds of a conclusion."""
    if not 0 <= number(probability) <= 1:
        yield BadChoice("probability", f" {probability:g}: must lie between 0 and 1")
    if not 1 <= number(ratio) < math.inf:
        yield BadChoice("ratio", f" {ratio:g}: must be a factor of 1 or more")


@dataclass(frozen=True)
class Change:
    """One value that is another one now; None where there was or is none."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True)
class RowChange:
    """One row of the evidence."""

    table: str  # ``arms``, ``contrasts`` or ``benchmarks``
    kind: Kind  # what happened to it
    row: str  # what tells it from others
    cells: tuple[Change, ...]  # cells that changed, or those of the row where it was added or removed


@dataclass(frozen=True)
class Shift:
    """One reported number in both reports."""

    name: str
    scale: Literal["ratio", "probability"]  # ratios are compared by their logarithms
    old: float
    new: float
    error: float  # Monte Carlo standard error of the difference, on the scale it is compared on; 0 by quadrature
    counts: bool = True  # whether a conclusion rests on it; the ends of an interval are only shown

    @property
    def shift(self) -> float:
        """New minus old, of logarithms for a ratio."""
        return math.log(self.new / self.old) if self.scale == "ratio" else self.new - self.old

    @property
    def in_errors(self) -> float | None:
        """The shift in Monte Carlo standard errors, None where there is no such error."""
        return self.shift / self.error if self.error > 0 else None

    def moved(self, probability: float, ratio: float) -> bool:
        """Whether it shifted by more than a threshold, and by more than noise."""
        limit = math.log(ratio) if self.scale == "ratio" else probability
        return self.counts and abs(self.shift) > limit and abs(self.shift) > NOISE * self.error


@dataclass(frozen=True)
class EndpointChange:
    """What became of one endpoint."""

    endpoint: str  # its id
    label: str  # its name for readers
    note: str = ""  # beside shifts: it is new, gone, has no result now, or its headline is another effect
    shifts: tuple[Shift, ...] = ()  # its numbers, where both reports have them

    def moved(self, probability: float, ratio: float) -> tuple[Shift, ...]:
        """Numbers that moved beyond a threshold."""
        return tuple(shift for shift in self.shifts if shift.moved(probability, ratio))


@dataclass(frozen=True)
class Changes:
    """Everything that is different between two reports."""

    rows: tuple[RowChange, ...]  # of the evidence
    settings: tuple[Change, ...]  # of analysis.toml, the specification, engine and seed, by dotted name
    software: tuple[Change, ...]  # interpreter, machine and packages
    endpoints: tuple[EndpointChange, ...]  # every endpoint of either report
    probability: float = PROBABILITY  # shift beyond which a conclusion has moved
    ratio: float = RATIO  # factor beyond which it has

    @property
    def moved(self) -> tuple[EndpointChange, ...]:
        """Endpoints with a conclusion that moved: a number beyond a threshold, or it came, went or changed kind."""
        return tuple(e for e in self.endpoints if e.note or e.moved(self.probability, self.ratio))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "thresholds": {"probability": self.probability, "ratio": self.ratio},
            "evidence": [asdict(row) for row in self.rows],
            "settings": [asdict(change) for change in self.settings],
            "software": [asdict(change) for change in self.software],
            "endpoints": {e.endpoint: self._endpoint(e) for e in self.endpoints},
            "moved": [e.endpoint for e in self.moved],
        }

    def _endpoint(self, one: EndpointChange) -> dict[str, Any]:
        return {
            "label": one.label,
            "note": one.note or None,
            "shifts": [
                {
                    "name": s.name,
                    "scale": s.scale,
                    "old": s.old,
                    "new": s.new,
                    "shift": s.shift,
                    "monte_carlo_error": s.error,
                    "shift_in_errors": s.in_errors,
                    "moved": s.moved(self.probability, self.ratio),
                }
                for s in one.shifts
            ],
        }
