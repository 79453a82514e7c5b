"""Records of reports, for comparing them: of one that is being built, and of one that was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reanalysis.analysis.record import Record, evidence_content
from reanalysis.builds.manifest import NAME, damage
from reanalysis.evidence.problems import InvalidInput
from reanalysis.files import as_json
from reanalysis.versions import surroundings

if TYPE_CHECKING:
    from reanalysis.analysis.analysis import Analysis

EVIDENCE = "evidence.json"
RESULTS = "results.json"


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
