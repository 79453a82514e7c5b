"""The outcome of a check: passed or not, one sentence, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check."""

    name: str  # of the check
    passed: bool | None  # None for what is reported and not gated
    text: str  # one sentence: the criterion and how it was met or missed
    table: pd.DataFrame = field(default_factory=pd.DataFrame)  # one row a quantity
    supports: tuple[str, ...] = ()
    """Items of reporting standards that the check supports where it passes, each written ``standard: item``."""

    @property
    def failed(self) -> bool:
        """Whether a gate did not pass."""
        return self.passed is False
