"""A row of arms.csv as a record: one arm-endpoint as it was reported, and how it is written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reanalysis.evidence.candidates.printing import Percentage

Use = Literal["primary", "sensitivity", "context", "excluded"]


@dataclass(frozen=True)
class ArmRow:
    """One row of arms.csv.

    Parameters
    ----------
    line : int
        Line in the file.
    events : tuple of (int, int) or None
        Smallest and largest count printed, equal where one count is printed.
    n : int or None
        Denominator printed; None where it is latent.
    percent : Percentage or None
        As printed.
    """

    line: int
    study: str
    arm: str
    endpoint: str
    events: tuple[int, int] | None
    n: int | None
    percent: Percentage | None
    subgroup: str
    reading: str
    reading_weight: float | None
    weighting: Literal["none", "iptw"]
    timepoint: str
    use: Use
    reason: str
    source: str
    locator: str

    @property
    def modelled(self) -> bool:
        """Whether a model may use the row: the whole arm, neither context nor excluded."""
        return self.use in ("primary", "sensitivity") and not self.subgroup

    @property
    def printed(self) -> str:
        """What was printed, for tables: ``17 of 25 (68 %)``."""
        return printed_text(self.events, self.n, self.percent)


def printed_range(cell: str) -> tuple[int, int] | None:
    """Smallest and largest count of a well-formed cell, None where it is empty."""
    low, _, high = cell.partition("..")
    return (int(low), int(high or low)) if low else None


def range_problem(events: tuple[int, int] | None, n: int | None) -> tuple[str, str]:
    """The value and the rule that a count of events breaks, empty where it breaks none."""
    low, high = events or (0, 0)
    value = str(high) if low == high else f"{low}..{high}"
    if low > high:
        return value, "a range runs from the smaller to the larger count"
    if n is not None and high > n:
        return value, f"events must not exceed n = {n}"
    return "", ""


def printed_text(events: tuple[int, int] | None, n: int | None, percent: Percentage | None) -> str:
    """What was printed, for tables: ``17 of 25 (68 %)``."""
    count = ""
    if events is not None:
        low, high = events
        count = str(low) if low == high else f"{low} to {high}"
    parts = [count] if count else []
    if n is not None:
        parts.append(f"of {n}" if count else f"n = {n}")
    text = " ".join(parts)
    if percent is None:
        return text
    return f"{text} ({percent})" if count else f"{percent}" + (f", {text}" if text else "")
