"""Names and texts of a folder that need characters which the fonts of a report do not have.

Figures and the PDF are set in fonts that come with the package, so that a report is the same on every machine; a
character they lack would be an empty box, or nothing at all. Fonts of the system are not asked: they would make the
report depend on where it was built. A folder that needs them is refused before anything is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem, by_line, printable
from reanalysis.evidence.reading.text_table import is_there, read_text
from reanalysis.evidence.reading.toml import line_of
from reanalysis.figures.words import characters

_MOST_NAMED = 3
_RULE = (
    "the fonts of a report have no {}; write it in letters that they have, such as Latin, Greek, Cyrillic, Hebrew or "
    "Arabic, names of studies and endpoints too"
)


def missing(text: str) -> str:
    """Characters of a text that the fonts do not have, each once."""
    return "".join(dict.fromkeys(c for c in printable(text) if ord(c) not in characters() and not c.isspace()))


def spelt(text: str) -> str:
    """A text in which the characters that the fonts do not have are written as their code points."""
    lacking = missing(text)
    return "".join(f"\\u{ord(c):04x}" if c in lacking else c for c in text)


def require_shown(evidence: Evidence) -> None:
    """Refuse a folder with text that a report cannot show.

    Raises
    ------
    InvalidInput
        Naming every place.
    """
    problems = [
        Problem(file, line, column, text, _RULE.format(_named(lacking)))
        for file, line, column, text in _texts(evidence)
        if (lacking := missing(text))
    ]
    if not problems and (lacking := missing(evidence.title)):
        problems = [Problem("analysis.toml", None, "title", evidence.title, _RULE.format(_named(lacking)))]
    if problems:
        raise InvalidInput(by_line(problems))


def _named(characters: str) -> str:
    named = [f"{c!r} (U+{ord(c):04X})" for c in characters[:_MOST_NAMED]]
    more = len(characters) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _texts(evidence: Evidence) -> Iterator[tuple[str, int | None, str, str]]:
    """File, line, column or key, and text of all that a report may show; a name in a column once."""
    seen: set[tuple[str, str, str]] = set()
    for table in ("arms", "contrasts", "benchmarks"):
        for row in getattr(evidence, table):
            for one in fields(row):
                text, place = getattr(row, one.name), (table, one.name)
                if isinstance(text, str) and (*place, text) not in seen:
                    seen.add((*place, text))
                    yield evidence.file_of(table), row.line, one.name, text
    declared: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("analysis.toml", evidence.settings.model_dump()),
        ("sources.toml", {key: source.model_dump() for key, source in evidence.sources.items()}),
    )
    for file, values in declared:
        path = evidence.folder / file
        written = read_text(path) if is_there(path) else ""
        for key, text in _leaves(values, ()):
            yield file, line_of(written, key), ".".join(key), text


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
