"""Keys of builds and of cached results: digests of inputs, arguments, code and surroundings."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reanalysis.digests import of_file, of_value
from reanalysis.evidence.problems import InvalidInput
from reanalysis.validation.published_folder import published_digest
from reanalysis.versions import surroundings

if TYPE_CHECKING:
    from reanalysis.analysis.request import Request
    from reanalysis.analysis.task import Task

PACKAGE = Path(__file__).resolve().parent.parent
ROOMS = (
    "cli", "api", "builds", "reporting", "figures", "analysis", "decisions", "validation", "alternatives", "gates",
    "estimands", "engines", "model", "evidence",
)  # fmt: skip
"""Rooms of the package from top to bottom: each imports only from those below it, which import-linter enforces."""

_LAST_DATE = 4354819199
"""Seconds since 1970 at the end of 2107: the dates of a ZIP archive, which a Word document is, go no further."""


def task_key(task: Task[Any]) -> str:
    """What the result of a task depends on: what is computed of what, the code that can be at work, and versions."""
    return of_value(task.identity, code_digest(task.function.__module__), surroundings())


def build_key(folder: Path, inputs: dict[str, str], request: Request) -> str:
    """What a whole report depends on, the report that it is compared with left aside."""
    where = [folder, folder.resolve().name]  # both are printed in it
    made_of = (source_date(), code_digest(), published_digest(), surroundings())
    return of_value("report", where, inputs, request, *made_of)


@lru_cache
def code_digest(module: str = "", root: Path = PACKAGE) -> str:
    """Digest of the code that a function of a module can run through: its room, those below, and what has no room.

    The module is named with ``reanalysis.`` included; an empty name is the whole package. Templates are code too.
    """
    room = module.split(".")[1] if module.startswith("reanalysis.") else ""
    above = ROOMS[: ROOMS.index(room)] if room in ROOMS else ()
    files = (_remembered if root == PACKAGE else _code)(root)
    return of_value([one for one in files.items() if one[0].partition("/")[0].partition(".")[0] not in above])


def _code(root: Path) -> dict[str, str]:
    """Digest of every file of code below a folder, by its name there: everything in a room, and modules beside them."""
    paths = [*root.glob("*.py*"), *(path for room in ROOMS for path in (root / room).rglob("*"))]
    kept = (one for one in sorted(paths) if one.is_file() and not one.name.startswith("."))
    return {one.relative_to(root).as_posix(): of_file(one) for one in kept if one.parent.name != "__pycache__"}


_remembered = lru_cache(maxsize=1)(_code)


def input_digests(folder: Path) -> dict[str, str]:
    """Digest of every table and TOML file of a folder; what cannot be read is left out."""
    found = {}
    for path in sorted(folder.glob("*")):
        if path.suffix in (".csv", ".toml"):
            with suppress(OSError):
                found[path.name] = of_file(path)
    return found


def source_date() -> int:
    """Seconds since 1970 that documents carry as their date: SOURCE_DATE_EPOCH, else 0.

    Raises
    ------
    InvalidInput
        If SOURCE_DATE_EPOCH is no such number, or no document can carry the date.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,11}", text) or int(text) > _LAST_DATE:
        raise InvalidInput(
            [
                f"SOURCE_DATE_EPOCH {text!r}: must be a whole number of seconds since 1970, up to {_LAST_DATE} "
                "(the end of 2107, after which a Word document has no dates)"
            ]
        )
    return int(text)
