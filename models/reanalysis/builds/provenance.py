"""What was a build made from, and with what?"""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

_PACKAGES = (
    "reanalysis", "numpy", "scipy", "pandas", "xarray", "pymc", "pytensor", "nutpie", "numba", "arviz",
    "matplotlib", "jinja2", "pypandoc_binary", "typst",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results or documents depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def sha256(path: Path) -> str:
    """Digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
