"""Versions of the interpreter, the machine and the packages: what a number can depend on beside inputs and code."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_NAMED = (
    "reanalysis", "numpy", "scipy", "pandas", "xarray", "pymc", "pytensor", "nutpie", "numba", "arviz",
    "matplotlib", "jinja2", "pypandoc_binary", "typst",
)  # fmt: skip
_COMPUTING = ("nuts", "report")
"""Extras whose packages a number or a file can depend on."""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a report names, those of extras where they are installed."""
    return {"python": platform.python_version()} | {name: version(name) for name in _NAMED if is_installed(name)}


def is_installed(package: str) -> bool:
    """Whether a package is there, by the name under which it is installed."""
    try:
        return bool(distribution(package))
    except PackageNotFoundError:
        return False


def missing(extra: str) -> list[str]:
    """Packages of an extra that are not installed; empty if all of it is there."""
    return [one.name for one in _required("reanalysis", (extra,)) if one.marker and not is_installed(one.name)]


@lru_cache
def packages() -> dict[str, str]:
    """Version of every installed package that this one needs, directly or not."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [("reanalysis", _COMPUTING)]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one not in seen and is_installed(name):
            found[name] = version(name)
            waiting += [(canonicalize_name(other.name), tuple(other.extras)) for other in _required(name, extras)]
        seen.add(one)
    return dict(sorted(found.items()))


def _required(package: str, extras: tuple[str, ...]) -> Iterator[Requirement]:
    """What an installed package asks for on this machine, with extras of it."""
    for one in map(Requirement, requires(package) or ()):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield one


def surroundings() -> dict[str, Any]:
    """Interpreter, machine and packages."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": packages(),
    }


@lru_cache
def commit() -> str:
    """The last commit that altered this package, ``, altered since`` where it was; empty where no clone holds it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if not git("ls-files", "--error-unmatch", Path(__file__).name):
            return ""  # installed within the clone of something else
        last = git("log", "-1", "--format=%H", "--", ".")
        return f"{last}, altered since" if last and git("status", "--porcelain", "--", ".") else last
    except OSError:  # no git
        return ""
