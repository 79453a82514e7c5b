"""The files of the room of evidence import from each other in one direction, and a row declares each column once."""

from __future__ import annotations

import ast
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path

from reanalysis import evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.arms_table import ARMS

ROOM = Path(evidence.__path__[0])


def test_no_two_files_import_each_other_not_even_inside_a_function() -> None:
    files = {
        ".".join(("reanalysis.evidence", *f.relative_to(ROOM).with_suffix("").parts)): f for f in ROOM.rglob("*.py")
    }
    imports = {
        name: {
            node.module
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module in files
        }
        for name, file in files.items()
    }
    assert sum(map(len, imports.values())) > 100
    TopologicalSorter(imports).prepare()  # raises CycleError, and names the circle


def test_the_columns_of_a_table_are_the_fields_of_its_rows() -> None:
    assert ("line", *ARMS.columns) == tuple(field.name for field in fields(ArmRow))
