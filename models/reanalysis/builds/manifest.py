"""The manifest of a published report: inputs, specification, versions, gates and the digest of every file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reanalysis.digests import of_file
from reanalysis.versions import commit, surroundings, versions

if TYPE_CHECKING:
    from reanalysis.analysis.analysis import Analysis

NAME = "manifest.json"


def manifest(analysis: Analysis, folder: Path, key: str = "") -> dict[str, Any]:
    """Manifest of a complete build in ``folder``; its ``key`` is a digest of all that it depends on.

    A build of the same key need not be made again.
    """
    outputs = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return {
        "title": analysis.evidence.title,
        "key": key,
        "inputs": dict(sorted(analysis.evidence.sha256.items())),
        "spec": analysis.spec.as_dict(),
        "engine": analysis.engine,
        "seed": analysis.spec.seed,
        "all_models": analysis.all_models,
        "endpoints": [e.id for e in analysis.endpoints],
        "commit": commit(),
        "versions": versions(),
        "surroundings": surroundings(),
        "gates": [
            {"endpoint": e.id, "name": g.name, "passed": g.passed, "text": g.text}
            for e in analysis.endpoints
            for g in e.fit.gates
        ],
        "failed": [{"endpoint": f.endpoint, "reason": f.reason} for f in analysis.failed],
        "passed": not analysis.failures,
        "outputs": {p.relative_to(folder).as_posix(): of_file(p) for p in outputs},
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a build, empty where it cannot be read."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def damage(folder: Path) -> list[str]:
    """What is wrong with a build: files missing, altered or added since its manifest was written."""
    said = read_manifest(folder).get("outputs")
    if not isinstance(said, dict) or not said:
        return [f"{NAME} cannot be read"]
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name != NAME}
    found = [f"{name} is missing" for name in sorted(said.keys() - there.keys())]
    found += [f"{name} was added" for name in sorted(there.keys() - said.keys())]
    for name in sorted(said.keys() & there.keys()):
        try:
            altered = of_file(there[name]) != said[name]
        except OSError as error:
            found.append(f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
        else:
            if altered:
                found.append(f"{name} was altered")
    return found
