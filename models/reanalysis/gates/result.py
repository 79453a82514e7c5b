"""What does a check say? Passed or not, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    Parameters
    ----------
    name : str
        Name of the check.
    passed : bool or None
        None for what is reported and not gated.
    text : str
        One sentence: the criterion and how it was met or missed.
    table : DataFrame
        One row a quantity.
    """

    name: str
    passed: bool | None
    text: str
    table: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def failed(self) -> bool:
        """Whether a gate did not pass."""
        return self.passed is False
