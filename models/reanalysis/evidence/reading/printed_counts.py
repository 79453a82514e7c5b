"""Counts as papers print them in one cell, ``12/40`` or ``12 (30%)``, taken apart into events, n and percent."""

from __future__ import annotations

import re
from dataclasses import replace

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cell_rules import COUNT, PERCENTAGE
from reanalysis.evidence.reading.text_table import TextRow

_WRITTEN = re.compile(
    rf"(?P<events>{COUNT})(?:\s*(?:/|\bof\b)\s*(?P<n>[0-9]+))?(?:\s*\(\s*(?P<percent>{PERCENTAGE})\s*%\s*\))?"
)
_SAYS = {"n": "n = {}", "percent": "{} %"}


def taken_apart(file: str, row: TextRow) -> tuple[TextRow, list[Problem]]:
    """A row whose cell of events also holds n or a percentage, with each in the column it belongs to.

    Parameters
    ----------
    file : str
        File name, for the problems.
    row : TextRow
        With the columns ``events``, ``n`` and ``percent``.

    Returns
    -------
    row : TextRow
        The row as it was where its cell of events holds nothing else.
    problems : list of Problem
        Where the cell and a column of its own say different things.
    """
    written = _WRITTEN.fullmatch(row.cells["events"])
    if written is None or not (written["n"] or written["percent"]):
        return row, []
    cells = row.cells | {"events": written["events"]}
    problems = []
    for column, says in _SAYS.items():
        own, told = cells[column], written[column]
        if told and own and own != told:
            rule = f"says {says.format(told)}, the column {column} says {own}"
            problems.append(Problem(file, row.line, "events", row.cells["events"], rule))
        elif told:
            cells[column] = told
    return replace(row, cells=cells), problems
