"""Which rows does a table of evidence hold? Cells, rows and the whole table checked, every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandera.pandas as pa

from reanalysis.evidence.problems import InvalidInput, Problem, by_line
from reanalysis.evidence.reading.cell_rules import breaches
from reanalysis.evidence.reading.text_table import TextRow, read_table


@dataclass(frozen=True)
class Layout[Row]:
    """A kind of table: its columns, how a row is read, and what can be wrong with it.

    Parameters
    ----------
    columns, required, printed : tuple of str
        As ``known``, ``required`` and ``printed`` of ``read_table``.
    cells : DataFrameSchema
        Rule of each column.
    parsed : callable
        From well-formed cells to a row.
    of_row : callable
        From the file name and a row to what is wrong with it.
    of_all : tuple of callable
        Each from the file name and all rows to what is wrong among them.
    rewritten : callable
        From the file name and a row of text to the same row as the columns have it, and what is wrong with that.
    """

    columns: tuple[str, ...]
    required: tuple[str, ...]
    cells: pa.DataFrameSchema
    parsed: Callable[[TextRow], Row]
    of_row: Callable[[str, Row], list[Problem]]
    of_all: tuple[Callable[[str, Sequence[Row]], list[Problem]], ...]
    printed: tuple[str, ...] = ()
    rewritten: Callable[[str, TextRow], tuple[TextRow, list[Problem]]] = lambda file, row: (row, [])


def read_rows[Row](path: Path, layout: Layout[Row]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Read and validate a table.

    Returns
    -------
    rows : tuple
        In file order.
    ignored : tuple of str
        Columns that mean nothing here.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    table = read_table(path, layout.columns, layout.required, layout.printed)
    problems = list(table.problems)
    rows_of_text = []
    for written in table.rows:
        text, wrong = layout.rewritten(table.file, written)
        rows_of_text.append(text)
        problems += wrong
    table = replace(table, rows=tuple(rows_of_text))
    problems += breaches(table, layout.cells)
    malformed = {problem.line for problem in problems}
    rows = [layout.parsed(row) for row in table.rows if row.line not in malformed]
    for row in rows:
        problems += layout.of_row(table.file, row)
    for check in layout.of_all:
        problems += check(table.file, rows)
    if problems:
        raise InvalidInput(by_line(problems))
    return tuple(rows), table.ignored
