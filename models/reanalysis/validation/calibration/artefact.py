"""Where is the calibration kept? A summary in JSON and the ranks in Parquet, in the package, for reports to show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reanalysis.validation.calibration.run import Calibration

STORED = Path(__file__).parent / "stored"
"""The calibration that the package carries."""

SUMMARY, RANKS = "calibration.json", "ranks.parquet"


def as_dict(found: Calibration) -> dict[str, Any]:
    """Everything but the ranks themselves, as plain values for JSON."""
    return {
        "source": found.source,
        "settings": found.settings,
        "passed": found.passed,
        "verdict": _rows(found.verdict),
        "reruns": _rows(found.reruns),
        "weighted": _rows(found.weighted),
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
    return Calibration(whole["source"], whole["settings"], ranks, verdict, reruns, pd.DataFrame(whole["weighted"]))


def _json(whole: dict[str, Any]) -> Any:
    def write(path: Path) -> None:
        path.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    return write


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(table.to_json(orient="records", double_precision=15))
