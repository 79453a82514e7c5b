"""What was published of a problem: figures of its posterior as printed, each with its tolerance and where it stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import PlainValidator

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cells import NUMBER, Name, an_id, cell, like, number, one_of
from reanalysis.evidence.reading.table import Breach, Table, repeated

FILE = "published.csv"
MIXTURE_FILE = "mixture.csv"

STATISTICS = ("mean", "sd", "2.5 %", "median", "97.5 %", "mode", "probability", "elir", "moment")
"""Moments, quantiles and mode; a probability; effective sample sizes by local information and by moments."""

_CHOICE = r"[a-z_]+=[^=;]+"
_NUMBER = like(NUMBER)


def _choices(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (choice.partition("=") for choice in text.split(";") if choice.strip())
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _above_zero(more: str = "") -> PlainValidator:
    def holds(text: str) -> bool:
        return _NUMBER(text) and 0 < float(text) < math.inf

    return number(f"must be a number above 0{more}", holds, float, needed=True)


class PrintedNumber(float):
    """A number that keeps the text it was printed as."""

    def __new__(cls, text: str) -> Self:
        """The number of a text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


_CHOICES = cell(
    "must be choices such as pooling=complete; tau=halfnormal(0.5), or empty",
    like(rf"(?:{_CHOICE}(?:;\s*{_CHOICE})*)?"),
    _choices,
)
_VALUE = number("must be a number as printed, with a decimal point", like(rf"-?{NUMBER}"), PrintedNumber, needed=True)


@dataclass(frozen=True)
class PublishedFigure:
    """One row of published.csv, one figure as somebody printed it; its fields but the line are the columns."""

    line: int
    """Line in the file."""
    model: Annotated[str, an_id("a model")]
    """Model whose posterior it describes, or ``mixture`` for the closed form in mixture.csv."""
    choices: Annotated[tuple[tuple[str, str], ...], _CHOICES]
    """What is not at the default of the folder: ``pooling``, ``anchor``, priors (``mu``, ``tau``, ``baseline``), or
    numbers of a closed form."""
    study: Name
    """Study id, empty for what all studies share."""
    quantity: Annotated[str, an_id("a quantity")]
    statistic: Annotated[str, one_of(*STATISTICS)]
    """Which number: ``tau`` and ``97.5 %``, ``odds_ratio`` and ``median``, ``log_odds_ratio_below_0`` and
    ``probability``."""
    value: Annotated[PrintedNumber, _VALUE]
    """As printed."""
    tolerance: Annotated[float, _above_zero(": how far a right computation may lie from what was printed")]
    """How far a right computation may lie from it: rounding, the Monte Carlo error of who printed it, and what a prior
    that was not theirs draws in."""
    source: Annotated[str, an_id("a source")]
    locator: str
    remark: str
    """Key in sources.toml, where in that source, and what a reader must know to compare it."""

    @property
    def printed(self) -> str:
        """As printed."""
        return self.value.text


@dataclass(frozen=True)
class PrintedComponent:
    """One row of mixture.csv: one Beta distribution of a printed mixture."""

    line: int
    weight: Annotated[float, _above_zero()]
    a: Annotated[float, _above_zero()]
    b: Annotated[float, _above_zero()]


def read_published(path: Path) -> tuple[PublishedFigure, ...]:
    """Read and validate published.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return _PUBLISHED.read(path)[0]


def read_mixture(path: Path) -> tuple[PrintedComponent, ...]:
    """Read and validate mixture.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return _MIXTURE.read(path)[0]


def _twice_chosen(row: PublishedFigure) -> Iterator[Breach]:
    names = [name for name, _ in row.choices]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "choices", name, "is chosen twice"


def _duplicates(file: str, rows: Sequence[PublishedFigure]) -> Iterable[Problem]:
    """Two sources may contradict each other; one may not contradict itself."""

    def key(row: PublishedFigure) -> object:
        return row.model, frozenset(row.choices), row.study, row.quantity, row.statistic, row.source

    return repeated(file, rows, key, lambda row, there: f"{row.source} gives this figure on {there} already")


def _weights(file: str, rows: Sequence[PrintedComponent]) -> Iterator[Problem]:
    total = sum(row.weight for row in rows)
    if rows and abs(total - 1) >= 1e-6:
        yield Problem(file, None, "weight", f"{total:g}", "the weights of a mixture sum to 1")


_PUBLISHED = Table(
    PublishedFigure,
    ("model", "quantity", "statistic", "value", "tolerance", "source"),
    _twice_chosen,
    (_duplicates,),
)
_MIXTURE = Table(PrintedComponent, ("weight", "a", "b"), of_all=(_weights,))
