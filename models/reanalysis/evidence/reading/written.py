"""Evidence written out as the folder that reads as it: every door leads to files that can be kept and reported."""

from __future__ import annotations

import csv
import io
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import tomli_w
from pydantic import TypeAdapter, ValidationError

from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, listed, printable
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.gathering import TABLES
from reanalysis.evidence.reading.table import Table
from reanalysis.files import umask


def write_evidence(evidence: Evidence, folder: str | Path) -> tuple[str, ...]:
    """Write evidence as a folder of its own, which reads back as the same value; what was assumed stands in it too.

    Parameters
    ----------
    evidence : Evidence
        From data frames, from an import, or read from another folder.
    folder : str or Path
        A folder that is not there yet, or is empty.

    Returns
    -------
    tuple of str
        Names of the files.

    Raises
    ------
    InvalidInput
        If there is something already; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> import reanalysis as ra
    >>> wide = {"study": ["A"], "events_treated": [7], "n_treated": [21], "events_control": [3], "n_control": [20]}
    >>> made = ra.evidence(wide, endpoint="infection")
    >>> place = tempfile.mkdtemp()
    >>> ra.write_evidence(made, place)
    ('arms.csv', 'analysis.toml')
    >>> ra.read_evidence(place) == made
    True
    """
    folder = Path(folder).resolve()
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if there or (folder.exists() and not folder.is_dir()):
        what = f"holds {listed(there)} already" if there else "is not a folder"
        raise InvalidInput([f"{folder}: {what}; nothing was written"])
    files = evidence_files(evidence)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in files.items():
            (part / name).write_text(text, encoding="utf-8", newline="")
        if numbered_anew(read_evidence(part)) != numbered_anew(evidence):
            raise AssertionError("what is written reads as something else")
        part.chmod(stat.S_IMODE(folder.stat().st_mode) if folder.is_dir() else 0o777 & ~umask())
        part.replace(folder)
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(part)
        raise
    return tuple(files)


def evidence_files(evidence: Evidence) -> dict[str, str]:
    """Text of each file of a folder by its name; tables and settings with nothing in them are left out."""
    rows = {name: getattr(evidence, name) for name in TABLES}
    files = {f"{name}.csv": _csv(TABLES[name], table) for name, table in rows.items() if table}
    settings = evidence.settings.model_dump(mode="json", exclude_unset=True)
    sources = {key: source.model_dump(mode="json", exclude_defaults=True) for key, source in evidence.sources.items()}
    others = {"analysis.toml": _assumed(evidence) + tomli_w.dumps(settings), "sources.toml": tomli_w.dumps(sources)}
    return files | {name: text for name, text in others.items() if text}


def _assumed(evidence: Evidence) -> str:
    """What was read into other tables than these, as comments."""
    lines = [f"# - {printable(one)}" for one in evidence.assumed]
    return "\n".join(["# Assumed when these tables were made of others:", *lines, "\n"]) if lines else ""


def numbered_anew(evidence: Evidence) -> Evidence:
    """The same evidence with its rows on one line each, as they are written where no cell holds several."""
    rows: dict[str, Any] = {
        name: tuple(replace(row, line=line) for line, row in enumerate(getattr(evidence, name), 2)) for name in TABLES
    }
    return replace(evidence, ignored_columns=(), **rows)


def _csv(table: Table[Any], rows: Sequence[Any]) -> str:
    """Rows as a comma-separated table: columns that are needed, and those in which any row says something."""
    needed = {one for column in table.required for one in column.split("|")[:1]}
    kinds = get_type_hints(table.row, include_extras=True)
    nothing = {column: _nothing(kinds[column]) for column in table.columns}
    columns = [c for c in nothing if c in needed or any(getattr(row, c) != nothing[c] for row in rows)]
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(["" if getattr(r, c) == nothing[c] else _cell(getattr(r, c)) for c in columns] for r in rows)
    return written.getvalue()


def _nothing(kind: Any) -> Any:
    """What an empty cell is read as; itself where it may not be empty, which no row can be."""
    try:
        return TypeAdapter(kind).validate_python("")
    except ValidationError:
        return _nothing


def _cell(value: object) -> str:
    """A value as the text that is read as it."""
    if isinstance(value, tuple):
        low, high = value
        return str(low) if low == high else f"{low}..{high}"
    if isinstance(value, Percentage):
        return value.text
    return str(value)
