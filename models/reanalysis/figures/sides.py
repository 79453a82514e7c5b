"""Which probability stands beside an effect? Benefit where a good side is declared, else fewer events."""

from __future__ import annotations

from reanalysis.estimands.summary import Direction
from reanalysis.estimands.words import percent


def chance_name(better: str | None) -> str:
    """Heading of the probability: ``P(benefit)`` or ``P(OR < 1)``."""
    return "P(OR < 1)" if better is None else "P(benefit)"


def chance(direction: Direction) -> str:
    """``P(benefit) 44 %``, or ``P(OR < 1) 44 %`` where no good side is declared."""
    if direction.benefit is None:
        return f"P(OR < 1) {percent(direction.below)}"
    return f"P(benefit) {percent(direction.benefit)}"
