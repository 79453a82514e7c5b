"""Versions of the interpreter, the machine and the packages: what a number can depend on beside inputs and code."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

_NAMED = (
    "reanalysis", "numpy", "scipy", "pandas", "xarray", "pymc", "pytensor", "nutpie", "numba", "arviz",
    "matplotlib", "jinja2", "pypandoc_binary", "typst",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a report names."""
    return {"python": platform.python_version()} | {name: version(name) for name in _NAMED}


@lru_cache
def packages() -> dict[str, str]:
    """Version of every installed package that this one needs, directly or not."""
    found: dict[str, str] = {}
    waiting = ["reanalysis"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            one = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform or Python
        found[name] = one.version
        for requirement in one.requires or ():
            needed = _NAME.match(requirement)
            if needed and "extra ==" not in requirement.replace("extra==", "extra =="):
                waiting.append(needed[0])
    return dict(sorted(found.items()))


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
