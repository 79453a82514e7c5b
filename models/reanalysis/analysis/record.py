"""What is compared of a report: its numbers, its evidence and how it was made, as JSON has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from reanalysis.analysis.relevant import tables

if TYPE_CHECKING:
    from reanalysis.evidence.evidence import Evidence

TABLES = tuple(tables())
"""Tables of an evidence folder; rows are told apart by :data:`IDENTITY`."""
IDENTITY = ("study", "product", "arm", "endpoint", "subgroup", "reading", "timepoint", "measure", "use")


@dataclass(frozen=True)
class Record:
    """What is compared of a report."""

    results: dict[str, Any]  # results.json
    evidence: dict[str, Any]  # evidence.json: the rows of every table, and the settings
    making: dict[str, Any]  # specification, engine, seed, whether every model was fitted, interpreter and packages


def evidence_content(evidence: Evidence) -> dict[str, Any]:
    """What evidence.json holds: rows as they were read, without their lines, and analysis.toml with its defaults."""
    tables = {}
    for name in TABLES:
        rows = [asdict(row) for row in getattr(evidence, name, ())]
        tables[name] = [{k: _cell(v) for k, v in row.items() if k != "line"} for row in rows]
    return tables | {"settings": evidence.settings.model_dump(mode="json")}


def _cell(value: Any) -> Any:
    """A cell as it was printed: a range as ``0..1``, a percentage as its text."""
    if isinstance(value, dict) and set(value) == {"text"}:
        return value["text"]
    if isinstance(value, (tuple, list)):
        low, high = value
        return low if low == high else f"{low}..{high}"
    return value
