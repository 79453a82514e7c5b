"""Every text of evidence with its place, and none that reorders or hides what stands around it.

A right-to-left override in the name of an endpoint turns the figures behind it round: 81 % is read as 18 %.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem, by_line
from reanalysis.evidence.reading.text_table import is_there, read_text
from reanalysis.evidence.reading.toml import line_of

_REORDERS = "\u061c\u200e\u200f" + "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_HIDES = "\u200b\u2060\ufeff\u00ad"
_BREAKS = "\t\n\r"


def require_plain(evidence: Evidence, names: Mapping[str, str]) -> None:
    """Refuse control characters, and those that reorder a line or cannot be seen, in any text.

    Letters of right-to-left scripts are plain: it is the invisible marks that are not.

    Raises
    ------
    InvalidInput
        Naming every place.
    """
    problems = [
        text.problem(f"holds U+{ord(bad):04X}, which {_does(bad)}; take it out")
        for text in texts_of(evidence, names)
        if not text.text.isascii() or not text.text.isprintable()
        if (bad := next((c for c in text.text if _does(c)), ""))
    ]
    if problems:
        raise InvalidInput(by_line(problems))


def _does(character: str) -> str:
    if character in _REORDERS:
        return "reorders the text around it"
    if character in _HIDES:
        return "cannot be seen"
    controls = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in _BREAKS
    return "is a control character" if controls else ""


@dataclass(frozen=True)
class Text:
    """One text of evidence, and where it stands."""

    file: str
    """File, or what was given in its place."""
    key: tuple[str, ...]
    """Column, or keys of a TOML file."""
    text: str
    """What it says."""
    row: int | None = None
    """Line of a table."""
    toml: str = ""
    """What the file holds, where it is TOML."""

    def problem(self, rule: str) -> Problem:
        """What is wrong with it."""
        line = line_of(self.toml, self.key) if self.toml else self.row
        return Problem(self.file, line, ".".join(self.key), self.text, rule)


def texts_of(evidence: Evidence, names: Mapping[str, str] | None = None) -> Iterator[Text]:
    """All that a report may show; a name in a column once.

    Parameters
    ----------
    names : mapping of str to str, optional
        What tables, ``settings`` and ``sources`` are called, by default as their files are.
    """
    names = names or {}
    seen: set[tuple[str, str, str]] = set()
    for table in ("arms", "contrasts", "benchmarks", "risk_of_bias"):
        file = names.get(table) or evidence.file_of(table)
        for row in getattr(evidence, table):
            for one in fields(row):
                text, place = getattr(row, one.name), (table, one.name)
                if isinstance(text, str) and (*place, text) not in seen:
                    seen.add((*place, text))
                    yield Text(file, (one.name,), text, row.line)
    declared: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("settings", "analysis.toml", evidence.settings.model_dump()),
        ("sources", "sources.toml", {key: source.model_dump() for key, source in evidence.sources.items()}),
    )
    for part, file, values in declared:
        path = evidence.folder / file
        written = read_text(path) if is_there(path) else ""
        for key, text in _leaves(values, ()):
            yield Text(names.get(part) or file, key, text, toml=written)


def _leaves(value: object, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text among nested values, and every key of theirs, with where it stands."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield (*key, str(name)), str(name)
            yield from _leaves(inner, (*key, str(name)))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner, key)
