"""The package installed without extras: its wheel, and links to what that asks for and to nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


def install(folder: Path) -> set[str]:
    """Install the core into a folder, from the packages of this environment; the names of what it needs."""
    command = [sys.executable, "-c", BUILD, folder]
    name = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()[-1]
    with zipfile.ZipFile(folder / name) as wheel:
        wheel.extractall(folder)
    (own,) = folder.glob("*.dist-info")
    waiting = [*needs(Distribution.at(own))]
    there: set[str] = set()
    while waiting:
        one = waiting.pop()
        found = distribution(one.name)
        waiting += [other for other in needs(found, one.extras) if other.name not in there]
        there.add(one.name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(found.locate_file(top))))
    return there


def needs(package: Distribution, extras: set[str] | frozenset[str] = frozenset()) -> list[Requirement]:
    """What a package asks for here, with some of its extras."""
    asked = map(Requirement, package.requires or ())
    return [one for one in asked if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in ("", *extras))]


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of a folder alone."""
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=ROOT,
        env={
            "PYTHONPATH": str(site),
            "PATH": "/usr/bin:/bin",
            "MPLCONFIGDIR": str(site.parent),
            "PYTHONWARNINGS": "error",
        },
        capture_output=True,
        text=True,
        check=False,
    )
