"""What every column of every table of evidence means: said once, with the columns, for whoever fills them in."""

from __future__ import annotations

from typing import get_type_hints

from pydantic.fields import FieldInfo

from reanalysis.evidence.reading.gathering import TABLES

ABOUT = {
    "arms": "One row for each count of events that is reported of an arm.",
    "contrasts": "Ratios, p-values, figures that are no counts, and what a source says of a difference in words.",
    "benchmarks": "How often an event happens under a product elsewhere, without the treatment.",
    "risk_of_bias": "Judgements of each study by the seven domains of ROBINS-I.",
}
"""What each table holds."""


def columns(table: str) -> dict[str, str]:
    """Meaning of each column of a table, in their order.

    Parameters
    ----------
    table : {"arms", "contrasts", "benchmarks", "risk_of_bias"}
        Name of its file without the ending.
    """
    kinds = get_type_hints(TABLES[table].row, include_extras=True)
    return {name: _meaning(kinds[name].__metadata__) for name in TABLES[table].columns}


def required(table: str) -> tuple[str, ...]:
    """Columns that must be there; ``a or b`` for one of several."""
    return tuple(one.replace("|", " or ") for one in TABLES[table].required)


def columns_page() -> str:
    """All tables with the meaning of each column, as Markdown: the file COLUMNS.md of a new folder."""
    lines = ["# Columns", "", "Every cell is what was printed, or empty. Columns that are not listed here are ignored."]
    for table, about in ABOUT.items():
        lines += ["", f"## {table}.csv", "", f"{about} Needed: {', '.join(required(table))}.", ""]
        lines += ["| column | meaning |", "|---|---|"]
        lines += [f"| `{name}` | {text} |" for name, text in columns(table).items()]
    return "\n".join(lines) + "\n"


def _meaning(metadata: tuple[object, ...]) -> str:
    said = (one.description for one in metadata if isinstance(one, FieldInfo))
    return next((text for text in said if text), "")
