"""How does text from anywhere become Markdown that says just that? Escaping, and tables with fixed proportions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SPECIAL = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
_BREAKS = re.compile(r"[ \t\r\n]+")
_UNIT = re.compile(r"(?<=\d) %")
_TABLE_WIDTH = 100


class Markdown(str):
    """Text that is Markdown already and must not be escaped again."""

    __slots__ = ()


def escape(value: object) -> Markdown:
    """Any value as Markdown that shows it literally: no markup, no line break, no control character.

    Every ASCII punctuation character is escaped, which pandoc's Markdown allows, so what evidence says can never become
    structure, HTML, TeX or Typst.
    """
    if isinstance(value, Markdown):
        return value
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))
    text = _BREAKS.sub(" ", text).strip()
    text = _UNIT.sub("\N{NO-BREAK SPACE}%", text)
    return Markdown(_SPECIAL.sub(r"\\\1", text))


@dataclass(frozen=True)
class Column:
    """A table column.

    Parameters
    ----------
    header : str
        Heading.
    width : float
        Share of the table's width, relative to the other columns.
    align : {"left", "right", "center"}
        Alignment of the cells.
    """

    header: str
    width: float = 1.0
    align: str = "left"


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], caption: str, label: str) -> Markdown:
    """A captioned table.

    Parameters
    ----------
    columns : sequence of Column
        Headings, proportions and alignment.
    rows : iterable of sequences
        Cells; :class:`Markdown` is kept, all else escaped.
    caption : str
        One sentence.
    label : str
        Identifier, ``tbl-`` and a slug.
    """
    total = sum(c.width for c in columns)
    rules = []
    for column in columns:
        dashes = "-" * max(3, round(_TABLE_WIDTH * column.width / total))
        rules.append({"left": f":{dashes}", "right": f"{dashes}:", "center": f":{dashes}:"}[column.align])
    lines = [
        "| " + " | ".join(escape(c.header) for c in columns) + " |",
        "|" + "|".join(rules) + "|",
        *("| " + " | ".join(escape(cell) or " " for cell in row) + " |" for row in rows),
    ]
    return Markdown("\n".join(lines) + f"\n\n: {escape(caption)} {{#{label}}}\n")


def figure(path: str, caption: str, alt: str, label: str) -> Markdown:
    """A captioned figure; ``path`` has no ending, each format adds its own."""
    return Markdown(f'![{escape(caption)}]({path}){{#{label} alt="{_attribute(alt)}"}}\n')


def image(path: str, alt: str, inches: float) -> Markdown:
    """A picture within a line or a cell; ``path`` has no ending, each format adds its own."""
    return Markdown(f'![]({path}){{.inline alt="{_attribute(alt)}" width={inches:g}in}}')


def _attribute(text: str) -> str:
    """Text between the quotes of an attribute, in a cell too."""
    plain = text.replace("\\", " ").replace('"', "'").replace("|", "/")
    return " ".join(_CONTROL.sub(" ", plain).split())
