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
    lines = own_lines(path.read_text(encoding="utf-8"))
    found = [f"{number}: {line}" for number, line in enumerate(lines, 1) if WORDS.search(EXAMPLES.sub("", line))]
    assert found == []


def own_lines(text: str) -> list[str]:
    """Lines of a file, those of the examples of a docstring empty: they are of data that come with the package."""
    kept, example = [], False
    for line in text.splitlines():
        example = (example or line.strip() == "Examples") and '"""' not in line
        kept.append("" if example else line)
    return kept


def test_examples_alone_are_left_out() -> None:
    assert own_lines('a\n    Examples\n    --------\n    >>> ra.load("anakinra")\n    """\nanakinra') == [
        "a", "", "", "", '    """', "anakinra"
    ]  # fmt: skip
