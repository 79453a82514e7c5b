"""Names and texts of a folder that need characters which the fonts of a report do not have.

Figures and the PDF are set in fonts that come with the package, so that a report is the same on every machine; a
character they lack would be an empty box, or nothing at all. Fonts of the system are not asked: they would make the
report depend on where it was built. A folder that needs them is refused before anything is built.
"""

from __future__ import annotations

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem, by_line, printable
from reanalysis.evidence.reading.texts import texts_of
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
        text.problem(_RULE.format(_named(lacking))) for text in texts_of(evidence) if (lacking := missing(text.text))
    ]
    if not problems and (lacking := missing(evidence.title)):
        problems = [Problem("analysis.toml", None, "title", evidence.title, _RULE.format(_named(lacking)))]
    if problems:
        raise InvalidInput(by_line(problems))


def _named(characters: str) -> str:
    named = [f"{c!r} (U+{ord(c):04X})" for c in characters[:_MOST_NAMED]]
    more = len(characters) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
