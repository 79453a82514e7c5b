"""The stored calibration, a summary in JSON and ranks in Parquet, and the gate that it is of this code and holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reanalysis.gates.result import CheckResult
from reanalysis.validation.calibration.run import Calibration
from reanalysis.validation.calibration.source import source_digest
from reanalysis.validation.calibration.verdict import LEVEL

STORED = Path(__file__).parent / "stored"
"""The calibration that the package carries."""

_NAME = "Simulation-based calibration"
SUMMARY, RANKS = "calibration.json", "ranks.parquet"


def as_dict(found: Calibration) -> dict[str, Any]:
    """Everything but the ranks themselves, as plain values for JSON."""
    return {
        "source": found.source,
        "settings": found.settings,
        "passed": found.passed,
        "verdict": _rows(found.verdict),
        "reruns": _rows(found.reruns),
    }


def save(found: Calibration, folder: Path) -> None:
    """Write a calibration into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    ranks = found.ranks.copy()
    numbers = ranks.select_dtypes("float64").columns
    ranks[numbers] = ranks[numbers].astype(np.float32)
    ranks["error"] = ranks["error"].astype("string")
    for name, write in ((RANKS, ranks.to_parquet), (SUMMARY, _json(as_dict(found)))):
        part = folder / f".{name}.part"
        write(part)
        part.replace(folder / name)


def load(folder: Path = STORED) -> Calibration | None:
    """The calibration of a folder, None where there is none."""
    try:
        whole = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        ranks = pd.read_parquet(folder / RANKS)
    except FileNotFoundError:
        return None
    verdict = pd.DataFrame(whole["verdict"])
    reruns = pd.DataFrame(whole["reruns"], columns=verdict.columns)
    return Calibration(whole["source"], whole["settings"], ranks, verdict, reruns)


def check_calibration(folder: Path = STORED) -> CheckResult:
    """Whether the stored calibration was made by this code and all its ranks and intervals lie inside their bands."""
    found = load(folder)
    if found is None:
        return CheckResult(_NAME, False, "there is no stored calibration; make one with reanalysis calibrate")
    changed = [engine for engine, digest in found.source.items() if digest != source_digest(engine)]
    if changed:
        text = (
            f"the code behind {' and '.join(changed)} has changed since the stored calibration; make it again with "
            "reanalysis calibrate"
        )
        return CheckResult(_NAME, False, text, found.verdict)
    outside, failures = int((~found.verdict["inside"]).sum()), _failures(found.verdict)
    again = int((~found.reruns["inside"]).sum()) if len(found.reruns) else 0
    counts = found.verdict["replicates"]
    replicates = f"{counts.max():,}" if counts.nunique() == 1 else f"{counts.min():,} to {counts.max():,}"
    text = (
        f"{len(found.verdict)} quantities of {found.verdict['design'].nunique()} designs by "
        f"{' and '.join(found.verdict['engine'].unique())}, {replicates} replicates each: {outside} outside bands "
        f"that hold all {found.settings['checks']} checks at once with probability {LEVEL:g}"
    )
    if outside:
        text += f"; {again} of them again with {int(found.reruns['replicates'].max()):,} replicates and other seeds"
    if failures:
        text += f"; {failures} replicates had no posterior"
    return CheckResult(_NAME, found.passed, text, found.verdict)


def _json(whole: dict[str, Any]) -> Any:
    def write(path: Path) -> None:
        path.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    return write


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(table.to_json(orient="records", double_precision=15))


def _failures(verdict: pd.DataFrame) -> int:
    return int(verdict.drop_duplicates(["engine", "design"])["failures"].sum())
