"""Does the stored calibration still hold? It must be of this code, and inside its bands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reanalysis.gates.result import CheckResult
from reanalysis.validation.calibration.artefact import STORED, load
from reanalysis.validation.calibration.source import source_digest
from reanalysis.validation.calibration.verdict import LEVEL

_NAME = "Simulation-based calibration"


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


def _failures(verdict: pd.DataFrame) -> int:
    return int(verdict.drop_duplicates(["engine", "design"])["failures"].sum())
