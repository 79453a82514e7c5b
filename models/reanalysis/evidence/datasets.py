"""Evidence folders that come with the package: the examples, and the problems with published answers."""

from __future__ import annotations

from pathlib import Path

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, did_you_mean, listed
from reanalysis.evidence.reading.folder import read_evidence


def dataset_folder() -> Path:
    """Where they are: ``data`` of a checkout, ``reanalysis/datasets`` of an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "datasets"
    return installed if installed.is_dir() else package.parent.parent / "data"


def datasets() -> tuple[str, ...]:
    """Names of the evidence folders that come with the package, for :func:`load`.

    Examples
    --------
    >>> [name for name in ra.datasets() if not name.startswith("validation/")]
    ['anakinra', 'msk_phase2']
    """
    root = dataset_folder()
    return tuple(sorted(path.parent.relative_to(root).as_posix() for path in root.rglob("arms.csv")))


def load(name: str) -> Evidence:
    """Read one of the evidence folders that come with the package.

    Parameters
    ----------
    name : str
        One of :func:`datasets`.

    Raises
    ------
    InvalidInput
        If there is none of that name.

    Examples
    --------
    >>> ra.load("validation/bcg").endpoints
    ('tuberculosis',)
    """
    known = datasets()
    if name not in known:
        raise InvalidInput([f"{name!r}: must be one of {listed(known)}{did_you_mean(name, known)}"])
    return read_evidence(dataset_folder() / name)
