"""benchmarks.csv: how often an event happens under a product elsewhere, without the treatment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.printing import counts_of
from reanalysis.evidence.problems import InconsistentReport, Problem
from reanalysis.evidence.reading.arms import printed_text
from reanalysis.evidence.reading.cells import Events, Name, Percent, a_size, an_id, one_of, says, taken_apart
from reanalysis.evidence.reading.table import Breach, Table, of_events, repeated
from reanalysis.evidence.reading.text_table import Records

FILE = "benchmarks.csv"


@dataclass(frozen=True)
class BenchmarkRow:
    """One row of benchmarks.csv, one endpoint under one product; its fields but the line are the columns.

    As a record n is 0 where a row of context prints none.
    """

    line: int
    product: Annotated[str, an_id("a product"), says("As in `product` of the studies in analysis.toml.")]
    endpoint: Annotated[str, an_id("an endpoint"), says("Id of the outcome, as in arms.csv.")]
    label: Annotated[Name, says("Whose figure it is, such as a trial's name; the product where empty.")]
    events: Annotated[Events, says("Patients with the event as printed, as in arms.csv; nothing beside a percentage.")]
    n: Annotated[
        int, a_size(missing=0), says("Patients it is of as printed; empty only where use is context.")
    ]  # refused below
    percent: Annotated[Percent, says("The percentage exactly as printed, as in arms.csv.")]
    timepoint: Annotated[str, says("When it was counted, in words.")]
    note: Annotated[str, says("What else a reader must know to compare it.")]
    use: Annotated[
        Literal["primary", "context"],
        one_of("primary", "context", default="primary"),
        says(
            "`primary` (or empty), one of a product and endpoint; `context` for the same figure as another source "
            "prints it: shown and compared, never modelled."
        ),
    ]
    checked: Annotated[
        Literal["yes", "no", ""],
        one_of("yes", "no", default="", rule="must be yes or no, or empty"),
        says("`yes` or `no`: whether a published text was seen that gives the figure."),
    ]
    source: Annotated[str, says("Key of the source in sources.toml.")]
    locator: Annotated[str, says("Where it stands in that source.")]

    @property
    def printed(self) -> str:
        """What was printed, for tables: ``42 %, n = 269``."""
        return printed_text(self.events, self.n or None, self.percent)

    def candidates(self) -> Candidates:
        """Every count that the figures allow.

        Raises
        ------
        InconsistentReport
            If no count does.
        """
        if self.percent is None:
            assert self.events is not None
            counts = range(self.events[0], self.events[1] + 1)
        else:
            counts, _ = counts_of(self.percent, self.n, self.events)
        if not counts:
            raise InconsistentReport([f"line {self.line} of {FILE}: no count gives {self.printed}"])
        return Candidates(tuple(map(float, counts)), (float(self.n),) * len(counts), (1.0,) * len(counts))


def read_benchmarks(source: Path | Records) -> tuple[BenchmarkRow, ...]:
    """Read and validate benchmarks.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    rows, _ = BENCHMARKS.read(source)
    return tuple(replace(row, label=row.label or row.product) for row in rows)


def _of_row(row: BenchmarkRow) -> Iterator[Breach]:
    if not row.n and row.use == "primary":
        yield "n", "", "a benchmark needs its printed n"
    yield from of_events(row.events, row.n or None, row.percent)


def _duplicates(file: str, rows: Sequence[BenchmarkRow]) -> Iterable[Problem]:
    def rule(row: BenchmarkRow, there: str) -> str:
        return f"a benchmark of {row.product}/{row.endpoint} stands on {there} already"

    primary = [row for row in rows if row.use == "primary"]
    return repeated(file, primary, lambda row: (row.product, row.endpoint), rule)


BENCHMARKS = Table(
    BenchmarkRow, ("product", "endpoint", "n", "events|percent"), _of_row, (_duplicates,), rewritten=taken_apart
)
