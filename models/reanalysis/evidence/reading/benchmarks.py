"""What does benchmarks.csv say? How often an event happens under a product elsewhere, without the treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.feasible import counts_of
from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.problems import InconsistentPrint, Problem
from reanalysis.evidence.reading.arms import printed_range, printed_text, range_problem
from reanalysis.evidence.reading.cell_rules import a_count, a_name, a_percentage, a_size, an_id, schema
from reanalysis.evidence.reading.checked_rows import Layout, read_rows
from reanalysis.evidence.reading.printed_counts import taken_apart
from reanalysis.evidence.reading.text_table import TextRow

FILE = "benchmarks.csv"
COLUMNS = ("product", "endpoint", "label", "events", "n", "percent", "timepoint", "note", "source", "locator")
REQUIRED = ("product", "endpoint", "n", "events|percent")

_SCHEMA = schema(
    {
        "product": an_id("a product"),
        "endpoint": an_id("an endpoint"),
        "label": a_name(),
        "events": a_count(),
        "n": a_size(),
        "percent": a_percentage(),
    }
)


@dataclass(frozen=True)
class BenchmarkRow:
    """One row of benchmarks.csv: one endpoint under one product.

    Parameters
    ----------
    line : int
        Line in the file.
    product : str
        As in ``product`` of the studies in analysis.toml.
    label : str
        Whose figure it is, such as a trial's name.
    events : tuple of (int, int) or None
        Smallest and largest count printed, equal where one count is printed.
    n : int
        Denominator printed.
    percent : Percentage or None
        As printed.
    timepoint, note : str
        When it was counted, and what else a reader must know to compare it.
    """

    line: int
    product: str
    endpoint: str
    label: str
    events: tuple[int, int] | None
    n: int
    percent: Percentage | None
    timepoint: str
    note: str
    source: str
    locator: str

    @property
    def printed(self) -> str:
        """What was printed, for tables: ``42 %, n = 269``."""
        return printed_text(self.events, self.n, self.percent)

    def candidates(self) -> Candidates:
        """Every count that the print allows.

        Raises
        ------
        InconsistentPrint
            If no count does.
        """
        if self.percent is None:
            assert self.events is not None
            counts = range(self.events[0], self.events[1] + 1)
        else:
            counts, _ = counts_of(self.percent, self.n, self.events)
        if not counts:
            raise InconsistentPrint([f"line {self.line} of {FILE}: no count prints as {self.printed}"])
        return Candidates(tuple(map(float, counts)), (float(self.n),) * len(counts), (1.0,) * len(counts))


def read_benchmarks(path: Path) -> tuple[BenchmarkRow, ...]:
    """Read and validate benchmarks.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return read_rows(path, _LAYOUT)[0]


def _parsed(row: TextRow) -> BenchmarkRow:
    cells = row.cells
    return BenchmarkRow(
        line=row.line,
        product=cells["product"],
        endpoint=cells["endpoint"],
        label=cells["label"] or cells["product"],
        events=printed_range(cells["events"]),
        n=int(cells["n"] or 0),  # 0, a missing n, is refused below
        percent=Percentage(cells["percent"]) if cells["percent"] else None,
        timepoint=cells["timepoint"],
        note=cells["note"],
        source=cells["source"],
        locator=cells["locator"],
    )


def _row_problems(file: str, row: BenchmarkRow) -> list[Problem]:
    found = []

    def add(column: str, value: str, rule: str) -> None:
        found.append(Problem(file, row.line, column, value, rule))

    if not row.n:
        add("n", "", "a benchmark needs its printed n")
    if row.events is None and row.percent is None:
        add("events", "", "a report of the events is needed: a count, a range or a percentage")
    value, rule = range_problem(row.events, row.n or None)
    if rule:
        add("events", value, rule)
    return found


def _duplicates(file: str, rows: Sequence[BenchmarkRow]) -> list[Problem]:
    seen: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        key = row.product, row.endpoint
        if key in seen:
            rule = f"a benchmark of {'/'.join(key)} stands on line {seen[key]} already"
            found.append(Problem(file, row.line, "", "", rule))
        seen.setdefault(key, row.line)
    return found


_LAYOUT = Layout(COLUMNS, REQUIRED, _SCHEMA, _parsed, _row_problems, (_duplicates,), rewritten=taken_apart)
