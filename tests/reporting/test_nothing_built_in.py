"""Nothing of the one re-analysis is written into the program: another folder gets its own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reanalysis

PACKAGE = Path(reanalysis.__file__).parent
WORDS = re.compile(
    r"anakinra|\bicans|\bcrs\b|car[ -]?t\b|axi-?cel|liso-?cel|tocilizumab|lymphoma|\bstrati(?!f)|zuma|transcend"
    r"|4-1bb|tandem",
    re.IGNORECASE,
)
EXAMPLES = re.compile(r"(data|reports)/\.?anakinra(\.builds)?|>>> .*|\"icans_any\"|--endpoint icans_any")
KINDS = {".py", ".j2", ".typ", ".css", ".js", ".lua", ".html"}
FILES = sorted(p for p in PACKAGE.rglob("*") if p.suffix in KINDS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_file_of_the_package_knows_no_drug_and_no_disease(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [f"{number}: {line}" for number, line in enumerate(lines, 1) if WORDS.search(EXAMPLES.sub("", line))]
    assert found == []
