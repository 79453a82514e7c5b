"""What was published of a problem? Printed figures of its posterior, each with its tolerance and where it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandera.pandas as pa

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cell_rules import NUMBER, a_name, an_id, like, one_of, rule, schema
from reanalysis.evidence.reading.checked_rows import Layout, read_rows
from reanalysis.evidence.reading.text_table import TextRow

FILE = "published.csv"
MIXTURE_FILE = "mixture.csv"
COLUMNS = (
    "model", "choices", "study", "quantity", "statistic", "value", "tolerance", "source", "locator", "remark",
)  # fmt: skip
REQUIRED = ("model", "quantity", "statistic", "value", "tolerance", "source")
MIXTURE_COLUMNS = ("weight", "a", "b")

STATISTICS = ("mean", "sd", "2.5 %", "median", "97.5 %", "mode", "probability", "elir", "moment")
"""Moments, quantiles and mode; a probability; effective sample sizes by local information and by moments."""

_POSITIVE = re.compile(NUMBER)
_CHOICE = r"[a-z_]+=[^=;]+"


def _above_zero(sentence: str) -> pa.Column:
    return rule(lambda cell: bool(_POSITIVE.fullmatch(cell)) and 0 < float(cell) < math.inf, sentence)


_SCHEMA = schema(
    {
        "model": an_id("a model"),
        "choices": like(
            rf"(?:{_CHOICE}(?:;\s*{_CHOICE})*)?",
            "must be choices such as pooling=complete; tau=halfnormal(0.5), or empty",
        ),
        "study": a_name(),
        "quantity": an_id("a quantity"),
        "statistic": one_of(*STATISTICS),
        "value": like(rf"-?{NUMBER}", "must be a number as printed, with a decimal point"),
        "tolerance": _above_zero("must be a number above 0: how far a right computation may lie from this print"),
        "source": an_id("a source"),
    }
)


@dataclass(frozen=True)
class PublishedFigure:
    """One row of published.csv: one figure as somebody printed it.

    Parameters
    ----------
    line : int
        Line in the file.
    model : str
        Model whose posterior it describes, or ``mixture`` for the closed form in mixture.csv.
    choices : tuple of (str, str)
        What is not at the default of the folder: ``pooling``, ``anchor``, priors (``mu``, ``tau``, ``baseline``), or
        numbers of a closed form.
    study : str
        Study id, empty for what all studies share.
    quantity, statistic : str
        Which number: ``tau`` and ``97.5 %``, ``odds_ratio`` and ``median``, ``log_odds_ratio_below_0`` and
        ``probability``.
    printed : str
        As printed.
    tolerance : float
        How far a right computation may lie from it: rounding, the Monte Carlo error of who printed it, and what a
        prior that was not theirs draws in.
    source, locator, remark : str
        Key in sources.toml, where in that source, and what a reader must know to compare it.
    """

    line: int
    model: str
    choices: tuple[tuple[str, str], ...]
    study: str
    quantity: str
    statistic: str
    printed: str
    tolerance: float
    source: str
    locator: str
    remark: str

    @property
    def value(self) -> float:
        """The printed number."""
        return float(self.printed)


@dataclass(frozen=True)
class PrintedComponent:
    """One row of mixture.csv: one Beta distribution of a printed mixture."""

    weight: float
    a: float
    b: float


def read_published(path: Path) -> tuple[PublishedFigure, ...]:
    """Read and validate published.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return read_rows(path, _LAYOUT)[0]


def read_mixture(path: Path) -> tuple[PrintedComponent, ...]:
    """Read and validate mixture.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return read_rows(path, _MIXTURE)[0]


def _parsed(row: TextRow) -> PublishedFigure:
    cells = row.cells
    pairs = (choice.partition("=") for choice in cells["choices"].split(";") if choice.strip())
    return PublishedFigure(
        line=row.line,
        model=cells["model"],
        choices=tuple((name.strip(), value.strip()) for name, _, value in pairs),
        study=cells["study"],
        quantity=cells["quantity"],
        statistic=cells["statistic"].lower(),
        printed=cells["value"],
        tolerance=float(cells["tolerance"]),
        source=cells["source"],
        locator=cells["locator"],
        remark=cells["remark"],
    )


def _twice_chosen(file: str, row: PublishedFigure) -> list[Problem]:
    names = [name for name, _ in row.choices]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [Problem(file, row.line, "choices", name, "is chosen twice") for name in twice]


def _duplicates(file: str, rows: Sequence[PublishedFigure]) -> list[Problem]:
    """Two sources may contradict each other; one may not contradict itself."""
    seen: dict[tuple[object, ...], int] = {}
    found = []
    for row in rows:
        key = (row.model, frozenset(row.choices), row.study, row.quantity, row.statistic, row.source)
        if key in seen:
            rule = f"{row.source} gives this figure on line {seen[key]} already"
            found.append(Problem(file, row.line, "", "", rule))
        seen.setdefault(key, row.line)
    return found


def _weights(file: str, rows: Sequence[PrintedComponent]) -> list[Problem]:
    total = sum(row.weight for row in rows)
    if not rows or abs(total - 1) < 1e-6:
        return []
    return [Problem(file, None, "weight", f"{total:g}", "the weights of a mixture sum to 1")]


_LAYOUT = Layout(COLUMNS, REQUIRED, _SCHEMA, _parsed, _twice_chosen, (_duplicates,))

_MIXTURE = Layout(
    MIXTURE_COLUMNS,
    MIXTURE_COLUMNS,
    schema(dict.fromkeys(MIXTURE_COLUMNS, _above_zero("must be a number above 0"))),
    lambda row: PrintedComponent(**{name: float(row.cells[name]) for name in MIXTURE_COLUMNS}),
    lambda file, row: [],
    (_weights,),
)
