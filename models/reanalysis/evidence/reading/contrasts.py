"""What does contrasts.csv say? Ratios, p-values and claims that come without a count."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandera.pandas as pa

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cell_rules import NUMBER, an_id, rule, schema
from reanalysis.evidence.reading.checked_rows import Layout, read_rows
from reanalysis.evidence.reading.text_table import TextRow

COLUMNS = (
    "study", "endpoint", "measure", "estimate", "lower", "upper", "level", "p", "adjustment", "use",
    "reason", "source", "locator",
)  # fmt: skip
REQUIRED = ("study", "endpoint")

PRINTED = ("estimate", "lower", "upper", "p")

WORDS_ONLY = "words only"


def _ratio() -> pa.Column:
    return rule(
        lambda cell: not cell or (bool(_NUMBER.fullmatch(cell)) and 1e-9 <= float(cell) <= 1e9),
        "must be a number above 0 as printed (from 1e-9 to 1e9), or empty",
    )


_NUMBER = re.compile(NUMBER)
_P_VALUE = re.compile(rf"[<>=]?\s*({NUMBER})")

_SCHEMA = schema(
    {
        "study": an_id("a study"),
        "endpoint": an_id("an endpoint"),
        "measure": rule(lambda cell: cell.upper() in ("", "OR", "HR", "RR"), "must be OR, HR or RR, or empty"),
        "estimate": _ratio(),
        "lower": _ratio(),
        "upper": _ratio(),
        "level": rule(
            lambda cell: not cell or (bool(_NUMBER.fullmatch(cell)) and 0 < _level(cell) < 1),
            "must be the coverage of the interval, such as 0.95 or 95",
        ),
        "p": rule(
            lambda cell: not cell or (bool(_P_VALUE.fullmatch(cell)) and p_number(cell) <= 1),
            "must be a p-value from 0 to 1 as printed, such as 0.03 or <0.001, or empty",
        ),
        "use": rule(
            lambda cell: cell in ("", "sensitivity", "context", "excluded"),
            "must be sensitivity, context or excluded: a ratio never enters the primary model",
        ),
    }
)


def _level(cell: str) -> float:
    level = float(cell or "0.95")
    return level / 100 if level > 1 else level


def p_number(p: str) -> float:
    """The number of a printed p-value such as ``<0.001``."""
    return float(p.lstrip("<>= "))


@dataclass(frozen=True)
class ContrastRow:
    """One row of contrasts.csv. Numbers keep the text they were printed as.

    Parameters
    ----------
    measure : str
        ``OR``, ``HR``, ``RR``, or empty where no ratio is printed.
    estimate, lower, upper : str
        Ratio and the bounds of its interval as printed, empty where not printed.
    level : float
        Coverage of the interval.
    p : str
        p-value as printed, possibly ``<0.001``.
    """

    line: int
    study: str
    endpoint: str
    measure: str
    estimate: str
    lower: str
    upper: str
    level: float
    p: str
    adjustment: str
    use: Literal["sensitivity", "context", "excluded"]
    reason: str
    source: str
    locator: str

    @property
    def has_interval(self) -> bool:
        """Whether a ratio and both bounds are printed."""
        return bool(self.estimate and self.lower and self.upper)

    @property
    def log_ratio(self) -> float:
        """Log of the printed ratio."""
        return math.log(float(self.estimate))

    @property
    def standard_error(self) -> float:
        """Standard error of the log ratio implied by the printed interval."""
        from scipy.special import ndtri

        width = math.log(float(self.upper)) - math.log(float(self.lower))
        return width / (2 * float(ndtri(0.5 + self.level / 2)))

    @property
    def printed(self) -> str:
        """What was printed, for tables."""
        parts = []
        if self.estimate:
            interval = f" ({self.lower} to {self.upper})" if self.lower else ""
            parts.append(f"{self.measure} {self.estimate}{interval}")
        if self.p:
            parts.append(f"p {self.p}" if self.p[0] in "<>" else f"p = {self.p}")
        return "; ".join(parts) or WORDS_ONLY


def read_contrasts(path: Path) -> tuple[ContrastRow, ...]:
    """Read and validate contrasts.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return read_rows(path, _LAYOUT)[0]


def _parsed(row: TextRow) -> ContrastRow:
    cells = row.cells
    return ContrastRow(
        line=row.line,
        study=cells["study"],
        endpoint=cells["endpoint"],
        measure=cells["measure"].upper(),
        estimate=cells["estimate"],
        lower=cells["lower"],
        upper=cells["upper"],
        level=_level(cells["level"]),
        p=cells["p"],
        adjustment=cells["adjustment"],
        use=cells["use"] or "sensitivity",  # type: ignore[arg-type]
        reason=cells["reason"],
        source=cells["source"],
        locator=cells["locator"],
    )


def _row_problems(file: str, row: ContrastRow) -> list[Problem]:
    found = []

    def add(column: str, value: str, rule: str) -> None:
        found.append(Problem(file, row.line, column, value, rule))

    if row.estimate and not row.measure:
        add("measure", "", "an estimate needs its measure: OR, HR or RR")
    if bool(row.lower) != bool(row.upper):
        add("upper" if row.lower else "lower", "", "an interval needs both bounds")
    elif row.lower:
        if not float(row.lower) < float(row.upper):
            add("upper", row.upper, f"must exceed the lower bound {row.lower}")
        elif row.estimate and not float(row.lower) <= float(row.estimate) <= float(row.upper):
            add("estimate", row.estimate, f"must lie in its interval {row.lower} to {row.upper}")
    if row.use != "sensitivity" and not row.reason:
        add("reason", "", f"a reason is needed where use is {row.use}")
    return found


def _duplicates(file: str, rows: Sequence[ContrastRow]) -> list[Problem]:
    printed: dict[tuple[str, ...], int] = {}
    entering: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        same = (row.study, row.endpoint, row.adjustment, row.printed)
        if same in printed and row.printed != WORDS_ONLY:
            rule = f"the same ratio stands on line {printed[same]} already"
            found.append(Problem(file, row.line, "", row.printed, rule))
        elif row.use == "sensitivity" and row.has_interval:
            key = (row.study, row.endpoint)
            if key in entering:
                rule = (
                    f"the ratio on line {entering[key]} is of use sensitivity already; "
                    "one ratio of a study and endpoint can be, the others are context"
                )
                found.append(Problem(file, row.line, "use", row.use, rule))
            entering.setdefault(key, row.line)
        printed.setdefault(same, row.line)
    return found


_LAYOUT = Layout(COLUMNS, REQUIRED, _SCHEMA, _parsed, _row_problems, (_duplicates,), PRINTED)
