"""results.json and results.csv: what a program reads of a report, each part from the section that says it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reanalysis.analysis.analysis import Analysis
from reanalysis.estimands.table import flat
from reanalysis.evidence.candidates.observation import sizes_told
from reanalysis.files import as_json
from reanalysis.reporting import contents


def results(analysis: Analysis) -> dict[str, Any]:
    """Everything reported, as plain values."""
    whole: dict[str, Any] = {
        "title": analysis.evidence.title,
        "engine": "quadrature",
        "checked_by": analysis.engine if analysis.engine == "nuts" else None,
        "spec": analysis.spec,
        "endpoints": {e.id: e.fit.as_dict() | {"label": e.label, "better": e.better} for e in analysis.endpoints},
        "failed": analysis.failed,
        "passed": not analysis.failures,
    }
    for section in (*contents.FRONT, *contents.BODY):
        whole = merged(whole, section.results(analysis))
    for e in analysis.endpoints:
        for part in contents.CARD:
            whole["endpoints"][e.id] = merged(whole["endpoints"][e.id], part.results(e))
    found: dict[str, Any] = as_json(whole)
    return found


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both contributions; where both have a key, what is within is merged.

    Raises
    ------
    ValueError
        If two sections contribute different values of one key.
    """
    found = dict(one)
    for key, value in other.items():
        if isinstance(found.get(key), dict) and isinstance(value, dict):
            found[key] = merged(found[key], value)
        elif key in found and found[key] is not value:
            raise ValueError(f"two sections contribute {key!r} to results.json")
        else:
            found[key] = value
    return found


def results_table(analysis: Analysis) -> pd.DataFrame:
    """Tidy table: one row a quantity of an endpoint, with the sizes assumed where n is not reported.

    ``study`` is empty for what all studies share; a study may be called ``NA``, so read it without default missing
    values (``keep_default_na=False`` in pandas).
    """
    rows = []
    for e in analysis.endpoints:
        sizes = "; ".join(sizes_told(e.fit.selection.observations))
        for (study, quantity), value in flat(e.fit.as_dict()["estimates"]).items():
            rows.append({"endpoint": e.id, "study": study, "quantity": quantity, **value, "assumed": sizes})
    return pd.DataFrame(rows)


def table_text(table: pd.DataFrame) -> str:
    """A table as CSV in which no text can act as a formula: a spreadsheet runs what begins with = + - or @."""
    safe = table.apply(lambda column: column.map(lambda cell: f"'{cell}" if _acts(cell) else cell))
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _acts(cell: object) -> bool:
    return isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "|", "%"))
