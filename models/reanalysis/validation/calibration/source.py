"""The digest of the calibrated code: what a rank depends on, blind to comments, docstrings and layout.

The code is found by following imports from the module that ranks, through models, engines and candidates and no
further: evidence folders are not read, their rows are simulated. An engine counts whole, the other one not at all.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from reanalysis.model.family import ENGINES, Engine

_PACKAGE = Path(__file__).parents[2]
_RANKS = "validation/calibration/replicate.py"
_ROOMS = ("model/", "engines/", "evidence/candidates/", "validation/calibration/")

_NO_RANK: dict[Engine, tuple[str, ...]] = {
    "quadrature": ("model/family.py", "model/choices.py", "engines/tree.py"),
    "nuts": ("model/family.py", "model/choices.py", "engines/tree.py", "engines/marginal.py"),
}
"""Code that is imported and bears on no rank: what models and choices are called (the calibrated model has no
settings), how draws are stored, and, where draws are ranked as they are, distributions on a grid."""


@cache
def source_digest(engine: Engine) -> str:
    """SHA-256 of the calibrated code of an engine."""
    found = hashlib.sha256()
    for name in calibrated_files(engine):
        found.update(f"{name}\0{_dumped(_syntax(_PACKAGE / name))}\0".encode())
    return found.hexdigest()


def calibrated_files(engine: Engine) -> list[str]:
    """Files of the calibrated code of an engine, relative to the package, sorted."""
    left_out = (*_NO_RANK[engine], *(f"engines/{other}/" for other in ENGINES if other != engine))
    own = [path.relative_to(_PACKAGE).as_posix() for path in (_PACKAGE / "engines" / engine).rglob("*.py")]
    found: set[str] = set()
    ahead = [_RANKS, *own]
    while ahead:
        name = ahead.pop()
        if name not in found and name.startswith(_ROOMS) and not name.startswith(left_out):
            found.add(name)
            ahead += imported(_PACKAGE / name)
    return sorted(found)


@cache
def imported(file: Path) -> tuple[str, ...]:
    """Files of the package that a file imports, also inside functions, relative to the package."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(_syntax(file)):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
        else:
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        for root, *place in (name.split(".") for name in names):
            module = Path(*place).with_suffix(".py") if place else Path("__init__.py")
            if root == _PACKAGE.name and (_PACKAGE / module).is_file():
                yield module.as_posix()


def meaning(code: str) -> str:
    """Python code as its syntax tree, without positions, comments and strings that are statements of their own."""
    return _dumped(_stripped(ast.parse(code)))


@cache
def _syntax(file: Path) -> ast.Module:
    return _stripped(ast.parse(file.read_text(encoding="utf-8")))


def _stripped(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [one for one in body if not _only_says(one)]  # type: ignore[attr-defined]
    return tree


def _only_says(statement: ast.AST) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _dumped(tree: ast.Module) -> str:
    shown = {"show_empty": True} if sys.version_info >= (3, 13) else {}  # as Python 3.12 writes it
    return ast.dump(tree, **shown)
