"""An evidence folder read and validated, every problem of every file at once."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.gathering import TABLES, Door, gathered
from reanalysis.evidence.reading.text_table import Records, is_there, read_records, read_text, table_file
from reanalysis.evidence.reading.toml import read_toml, settings_of, sources_of

_WORKBOOKS = ("arms", "contrasts")
"""Tables that may be workbooks."""
FILES = (
    *(f"{name}{ending}" for name in _WORKBOOKS for ending in (".csv", ".xlsx")),
    *(f"{name}.csv" for name in TABLES if name not in _WORKBOOKS),
    "analysis.toml",
    "sources.toml",
)


def read_evidence(folder: str | Path) -> Evidence:
    """Read and validate an evidence folder.

    Parameters
    ----------
    folder : str or Path
        A folder with arms.csv and, optionally, contrasts.csv, benchmarks.csv, risk_of_bias.csv, analysis.toml and
        sources.toml. The first two may be Excel workbooks (.xlsx) instead.

    Raises
    ------
    InvalidInput
        With every problem of every file of the folder, or if it is no path.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> rows = [
    ...     "study,arm,endpoint,events,n",
    ...     "Trial A,control,infection,12,40",
    ...     "Trial A,treated,infection,7,41",
    ... ]
    >>> with open(folder / "arms.csv", "w") as file:
    ...     print(*rows, sep=chr(10), file=file)
    >>> ra.read_evidence(folder).studies
    ('Trial A',)
    """
    try:
        folder = Path(folder)
    except TypeError:
        kind = type(folder).__name__
        raise InvalidInput([f"folder: must be the path of a folder that holds arms.csv, not a {kind}"]) from None
    _require_folder(folder)
    toml = folder / "analysis.toml"
    door = Door(
        folder,
        {
            name: partial(_records, folder, name)
            for name in TABLES
            if any(is_there(folder / file) for file in FILES if Path(file).stem == name)
        },
        partial(read_toml, toml, settings_of),
        partial(read_toml, folder / "sources.toml", sources_of),
        {name: f"{name}.csv" for name in TABLES} | {"settings": toml.name},
        lambda: read_text(toml) if is_there(toml) else "",
    )
    found = gathered(door)
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES if is_there(folder / name)
    }
    return replace(found, sha256=digests)


def _records(folder: Path, table: str) -> Records:
    return read_records(folder / table_file(folder, table), TABLES[table].printed)


def _require_folder(folder: Path) -> None:
    try:
        wrong = "" if stat.S_ISDIR(folder.stat().st_mode) else "is not a folder"
    except FileNotFoundError:
        wrong = "is a link to a folder that does not exist" if is_there(folder) else "does not exist"
    except (OSError, ValueError) as error:
        wrong = f"cannot be read: {(getattr(error, 'strerror', None) or str(error)).lower()}"
    if wrong:
        raise InvalidInput([f"{folder}: {wrong}; an evidence folder holds arms.csv"])
    if not any(is_there(folder / name) for name in FILES if Path(name).stem == "arms"):
        raise InvalidInput([f"{folder}: holds no arms.csv"])
