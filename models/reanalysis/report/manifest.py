"""What is in a published report? Inputs, specification, versions, gates and the digest of every file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reanalysis.report.analysis import Analysis
from reanalysis.report.provenance import sha256, versions

NAME = "manifest.json"


def manifest(analysis: Analysis, folder: Path) -> dict[str, Any]:
    """Manifest of a complete build in ``folder``."""
    outputs = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return {
        "title": analysis.evidence.title,
        "inputs": dict(sorted(analysis.evidence.sha256.items())),
        "spec": analysis.spec.as_dict(),
        "engine": analysis.engine,
        "seed": analysis.spec.seed,
        "versions": versions(),
        "gates": [
            {"endpoint": e.id, "name": g.name, "passed": g.passed, "text": g.text}
            for e in analysis.endpoints
            for g in e.fit.gates
        ],
        "passed": not analysis.failures,
        "outputs": {p.relative_to(folder).as_posix(): sha256(p) for p in outputs},
    }
