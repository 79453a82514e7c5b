"""An evidence folder read and validated, every problem of every file at once."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.reading.arms_table import read_arms
from reanalysis.evidence.reading.benchmarks import FILE as BENCHMARKS
from reanalysis.evidence.reading.benchmarks import read_benchmarks
from reanalysis.evidence.reading.contrasts import read_contrasts
from reanalysis.evidence.reading.cross_references import cross_references
from reanalysis.evidence.reading.risk_of_bias import FILE as RISK_OF_BIAS
from reanalysis.evidence.reading.risk_of_bias import read_risk_of_bias
from reanalysis.evidence.reading.settings import Settings, read_settings, read_sources
from reanalysis.evidence.reading.text_table import is_there, table_file

_OTHERS = (BENCHMARKS, RISK_OF_BIAS, "analysis.toml", "sources.toml")
FILES = ("arms.csv", "arms.xlsx", "contrasts.csv", "contrasts.xlsx", *_OTHERS)
_TABLES = ("arms", "contrasts", *_OTHERS)
"""Tables in the order in which their problems are listed; those without an ending may be workbooks."""


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
    problems: dict[str, tuple[Problem | str, ...]] = {}

    def read[T](reader: Callable[[Path], T], name: str) -> T | None:
        try:
            path = folder / (name if "." in name else table_file(folder, name))
            return reader(path) if is_there(path) else None
        except InvalidInput as error:
            problems[name] = error.problems
            return None

    declared = read(read_settings, "analysis.toml") if is_there(folder / "analysis.toml") else Settings()
    settings = declared or Settings()
    arms, ignored = read(lambda path: read_arms(path, declared), "arms") or ((), ())
    contrasts = read(read_contrasts, "contrasts") or ()
    benchmarks = read(read_benchmarks, BENCHMARKS) or ()
    risk_of_bias = read(read_risk_of_bias, RISK_OF_BIAS) or ()
    sources = read(read_sources, "sources.toml") or {}
    found = [problem for name in _TABLES for problem in problems.get(name, ())]
    found = found or list(cross_references(folder, arms, contrasts, benchmarks, settings, sources, risk_of_bias))
    if found:
        raise InvalidInput(found)
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES if is_there(folder / name)
    }
    return Evidence(folder, arms, contrasts, settings, sources, ignored, digests, benchmarks, risk_of_bias)


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
