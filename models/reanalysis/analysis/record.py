"""What does a later build compare itself with? The numbers, the evidence and the making of one published report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reanalysis.analysis.as_json import as_json
from reanalysis.builds.fingerprint import surroundings
from reanalysis.builds.manifest import NAME, damage
from reanalysis.evidence.problems import InvalidInput

if TYPE_CHECKING:
    from reanalysis.analysis.analysis import Analysis
    from reanalysis.evidence.evidence import Evidence

EVIDENCE = "evidence.json"
RESULTS = "results.json"
TABLES = ("arms", "contrasts", "benchmarks")
"""Tables of an evidence folder; rows are told apart by :data:`IDENTITY`."""
IDENTITY = ("study", "product", "arm", "endpoint", "subgroup", "reading", "timepoint", "measure", "use")


@dataclass(frozen=True)
class Record:
    """What is compared of a report.

    Parameters
    ----------
    results : dict
        results.json.
    evidence : dict
        evidence.json: the rows of every table, and the settings.
    making : dict
        Specification, engine, seed, whether every model was fitted, interpreter and packages.
    """

    results: dict[str, Any]
    evidence: dict[str, Any]
    making: dict[str, Any]


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


def record_of(analysis: Analysis, results: dict[str, Any]) -> Record:
    """The record of a report that is being built."""
    making = {"spec": analysis.spec.as_dict(), "engine": analysis.engine, "seed": analysis.spec.seed}
    making["all_models"] = analysis.all_models
    content = {"results": results, "evidence": evidence_content(analysis.evidence)}
    as_read = json.loads(json.dumps(as_json(content)))  # exactly as it will be read back
    return Record(as_read["results"], as_read["evidence"], json.loads(json.dumps(making | surroundings())))


def read_record(folder: Path) -> Record:
    """The record of a published report.

    Raises
    ------
    InvalidInput
        If the folder holds no whole report.
    """
    place = folder.resolve()  # one build, whatever is published meanwhile
    if not (place / NAME).is_file():
        raise InvalidInput([f"{folder}: holds no published report ({NAME})"])
    wrong = damage(place)
    if wrong:
        raise InvalidInput([f"{folder}: is not as it was published: {'; '.join(wrong[:3])}"])
    try:
        results, evidence, made = (
            json.loads((place / name).read_text(encoding="utf-8")) for name in (RESULTS, EVIDENCE, NAME)
        )
        making = {name: made[name] for name in ("spec", "engine", "seed")} | made["surroundings"]
        making["all_models"] = made.get("all_models", False)  # older reports fitted none
    except FileNotFoundError as error:
        raise InvalidInput(
            [f"{folder}: holds no {Path(str(error.filename)).name}; it was built by an older version"]
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput([f"{folder}: cannot be read as a report: {error}"]) from None
    return Record(results, evidence, making)
