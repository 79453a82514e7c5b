"""The data files of a report, and datapackage.json, which describes them to any Frictionless reader."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import FILES
from reanalysis.reporting import reproduce
from reanalysis.reporting.results import FIELDS, MARGINS, results_table, specifications_table, table_text

SCHEMA = "results.schema.json"
_TYPES = {"b": "boolean", "i": "integer", "f": "number"}
_MEDIA = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet", ".json": "application/json"}


def data_files(analysis: Analysis) -> dict[str, bytes]:
    """What a program reads beside results.json, by place in the report's folder.

    Raises
    ------
    InvalidInput
        If a file of the evidence is no longer what was analysed.
    """
    here = Path(__file__).parent
    table, every = results_table(analysis), specifications_table(analysis)
    files = {"results.csv": table_text(table).encode(), SCHEMA: (here / SCHEMA).read_bytes()}
    described = [_table("results.csv", files["results.csv"], table, "Every estimate of every scenario.")]
    if len(every):
        saved = BytesIO()
        every.to_parquet(saved, index=False)
        files["specifications.parquet"] = saved.getvalue()
        text = "Every combination of choices, one row a specification; medians and 95 % intervals."
        described.append(_table("specifications.parquet", saved.getvalue(), every, text))
    files["reproduce.py"] = Path(reproduce.__file__).read_bytes()
    inputs = _inputs(analysis)
    described += [_resource(name, content, "The evidence, as it was read.") for name, content in inputs.items()]
    whole = f"Everything reported; its JSON Schema is {SCHEMA}."
    described.append({"name": "results-json", "path": "results.json", "description": whole, "format": "json"})
    package = {
        "profile": "data-package",
        "name": "reanalysis",
        "title": analysis.evidence.title,
        "resources": described,
    }
    text = json.dumps(package, indent=1, ensure_ascii=False)
    return files | inputs | {"datapackage.json": f"{text}\n".encode()}


def _inputs(analysis: Analysis) -> dict[str, bytes]:
    """The evidence itself: exactly the bytes that were analysed."""
    evidence, found, problems = analysis.evidence, {}, []
    for name, digest in evidence.sha256.items():
        if name in FILES:
            path = evidence.folder / name
            content = path.read_bytes() if path.is_file() else b""
            found[f"evidence/{name}"] = content
            if hashlib.sha256(content).hexdigest() != digest:
                problems.append(f"{path}: was altered while the report was built; build it again")
    if problems:
        raise InvalidInput(problems)
    return found


def _resource(path: str, content: bytes, text: str) -> dict[str, Any]:
    suffix = Path(path).suffix
    found = {"name": path.lower().replace("/", "-").replace(".", "-"), "path": path, "description": text}
    found |= {"format": suffix[1:]} | ({"mediatype": _MEDIA[suffix]} if suffix in _MEDIA else {})
    return found | {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def _table(path: str, content: bytes, table: pd.DataFrame, text: str) -> dict[str, Any]:
    fields = [
        {"name": name, "type": _TYPES.get(table[name].dtype.kind, "string")} | _described(name)
        for name in map(str, table)
    ]
    return _resource(path, content, text) | {"encoding": "utf-8", "schema": {"fields": fields, "missingValues": [""]}}


def _described(column: str) -> dict[str, str]:
    if column in FIELDS:
        return {"description": FIELDS[column]}
    return next(({"description": text} for start, text in MARGINS.items() if column.startswith(start)), {})
