"""The house: no circle of imports between files, hidden ones counted, and no room that is most of it."""

from __future__ import annotations

import ast
from pathlib import Path

import reanalysis

PACKAGE = Path(reanalysis.__file__).parent
NAME = "reanalysis"


def modules() -> dict[str, Path]:
    """Files of the package by the names of their modules."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: set[str]) -> set[str]:
    """Modules of the package that a file imports anywhere: in functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "") if node.level == 0 else relative(name, path, node)
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names}
    return {one for one in found if one in known} - {name}


def relative(name: str, path: Path, node: ast.ImportFrom) -> str:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which imports every other, directly or not."""
    reached = {name: reach(graph, name) for name in graph}
    groups = {frozenset(n for n in reached[name] if name in reached[n]) for name in graph if name in reached[name]}
    return sorted(sorted(group) for group in groups)


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def test_no_circle_of_imports_between_files() -> None:
    files = modules()
    graph = {name: imports(name, path, set(files)) for name, path in files.items()}
    assert sum(map(len, graph.values())) > 500  # the walk sees imports
    assert circles(graph) == []


def test_a_circle_is_seen_wherever_an_import_hides(tmp_path: Path) -> None:
    hidden = {
        "a": "def f():\n    import reanalysis.b\n",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reanalysis import c\n",
        "c": "from .a import f\n",
    }
    known = {f"{NAME}.{name}" for name in hidden}
    graph = {}
    for name, text in hidden.items():
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        graph[f"{NAME}.{name}"] = imports(f"{NAME}.{name}", path, known)
    assert circles(graph) == [sorted(known)]


def test_no_room_is_more_than_a_quarter_of_the_house() -> None:
    lines: dict[str, int] = {}
    for path in modules().values():
        room = path.relative_to(PACKAGE).parts[0]
        lines[room] = lines.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    most = max(lines, key=lambda room: lines[room])
    assert lines[most] < sum(lines.values()) / 4, (most, lines)
