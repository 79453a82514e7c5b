"""What does contrasts.csv say? Ratios, p-values and claims that come without a count."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.text_table import TextRow, read_table

COLUMNS = (
    "study", "endpoint", "measure", "estimate", "lower", "upper", "level", "p", "adjustment", "use",
    "reason", "source", "locator",
)  # fmt: skip
REQUIRED = ("study", "endpoint")

_NUMBER = re.compile(r"^(\d+(\.\d*)?|\.\d+)$")
_P_VALUE = re.compile(r"^[<>=]?\s*(\d+(\.\d*)?|\.\d+)$")


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
        from scipy.stats import norm

        width = math.log(float(self.upper)) - math.log(float(self.lower))
        return width / (2 * float(norm.ppf(0.5 + self.level / 2)))

    @property
    def printed(self) -> str:
        """What was printed, for tables."""
        parts = []
        if self.estimate:
            interval = f" ({self.lower} to {self.upper})" if self.lower else ""
            parts.append(f"{self.measure} {self.estimate}{interval}")
        if self.p:
            parts.append(f"p {self.p}" if self.p[0] in "<>" else f"p = {self.p}")
        return "; ".join(parts) or "words only"


def read_contrasts(path: Path) -> tuple[ContrastRow, ...]:
    """Read and validate contrasts.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    table = read_table(path, COLUMNS, REQUIRED)
    problems: list[Problem] = []
    rows = []
    for row in table.rows:
        found = _problems(table.file, row)
        problems += found
        if not found:
            rows.append(_parsed(row))
    seen: dict[tuple[str, ...], int] = {}
    for parsed in rows:
        key = (parsed.study, parsed.endpoint, parsed.adjustment, parsed.printed)
        if key in seen and parsed.printed != "words only":
            problems.append(Problem(table.file, parsed.line, "", "", f"the same ratio stands on line {seen[key]} already"))
        seen.setdefault(key, parsed.line)
    if problems:
        raise InvalidInput(problems)
    return tuple(rows)


def _parsed(row: TextRow) -> ContrastRow:
    cells = row.cells
    level = float(cells["level"]) if cells["level"] else 0.95
    return ContrastRow(
        line=row.line,
        study=cells["study"],
        endpoint=cells["endpoint"],
        measure=cells["measure"].upper(),
        estimate=cells["estimate"],
        lower=cells["lower"],
        upper=cells["upper"],
        level=level / 100 if level > 1 else level,
        p=cells["p"],
        adjustment=cells["adjustment"],
        use=cells["use"] or "sensitivity",  # type: ignore[arg-type]
        reason=cells["reason"],
        source=cells["source"],
        locator=cells["locator"],
    )


def _problems(file: str, row: TextRow) -> list[Problem]:
    cells, found = row.cells, []

    def add(column: str, rule: str) -> None:
        found.append(Problem(file, row.line, column, cells[column], rule))

    for column in ("study", "endpoint"):
        if not cells[column]:
            add(column, "an id is needed")
    for column in ("estimate", "lower", "upper"):
        if cells[column] and not (_NUMBER.match(cells[column]) and float(cells[column]) > 0):
            add(column, "must be a number above 0 as printed, or empty")
    if cells["level"] and not (_NUMBER.match(cells["level"]) and 0 < float(cells["level"]) < 100):
        add("level", "must be the coverage of the interval, such as 0.95")
    if cells["p"] and not (
        _P_VALUE.match(cells["p"]) and float(cells["p"].lstrip("<>= ")) <= 1
    ):
        add("p", "must be a p-value from 0 to 1 as printed, or empty")
    if cells["measure"].upper() not in ("", "OR", "HR", "RR"):
        add("measure", "must be OR, HR, RR or empty")
    if cells["estimate"] and not cells["measure"]:
        add("measure", "an estimate needs its measure: OR, HR or RR")
    if bool(cells["lower"]) != bool(cells["upper"]):
        add("lower" if not cells["lower"] else "upper", "an interval needs both bounds")
    if cells["use"] not in ("", "sensitivity", "context", "excluded"):
        add("use", "must be sensitivity, context or excluded: a ratio never enters the primary model")
    if not found:
        if cells["lower"] and not float(cells["lower"]) < float(cells["upper"]):
            add("upper", "must exceed the lower bound")
        elif cells["lower"] and cells["estimate"] and not (
            float(cells["lower"]) <= float(cells["estimate"]) <= float(cells["upper"])
        ):
            add("estimate", f"must lie in its interval {cells['lower']} to {cells['upper']}")
        if cells["use"] in ("context", "excluded") and not cells["reason"]:
            add("reason", f"a reason is needed where use is {cells['use']}")
    return found
