"""Tables: one value, rendered for the report, for a pull request, for a terminal and for a plain mail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reanalysis.evidence.problems import printable
from reanalysis.reporting.markdown import Markdown, escape

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_WIDTH = 100
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~$&@!])")
_TYPED = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{NO-BREAK SPACE}": " "})


@dataclass(frozen=True)
class Column:
    """A table column."""

    header: str  # heading
    width: float = 1.0  # share of the table's width, relative to the other columns
    align: Literal["left", "right", "center"] = "left"  # alignment of the cells


def columns(heads: str) -> list[Column]:
    """Columns written as ``Study 1.3 | Effect >0.8``: headings with their proportions, ``>`` where flush right."""
    found = []
    for part in heads.split("|"):
        header, _, width = part.strip().rpartition(" ")
        found.append(Column(header, float(width.lstrip(">")), "right" if width.startswith(">") else "left"))
    return found


@dataclass(frozen=True)
class Table:
    """A captioned table."""

    columns: Sequence[Column]  # headings, proportions and alignment
    rows: Sequence[Sequence[object]]
    """Cells; :class:`~reanalysis.reporting.markdown.Markdown` is kept, all else escaped."""
    caption: str = ""  # one sentence
    label: str = ""  # identifier, ``tbl-`` and a slug
    last: int = 0  # rows at the end that stay there when a reader sorts: what sums up the others
    sortable: bool = True  # whether a reader may sort it; not where the rows of a column have several units

    def __bool__(self) -> bool:
        """Whether it has rows."""
        return bool(self.rows)

    def markdown(self) -> Markdown:
        """Pandoc's Markdown, with fixed proportions, caption and identifier; nothing where there are no rows."""
        if not self:
            return Markdown("")
        total = sum(c.width for c in self.columns)
        rules = []
        for column in self.columns:
            dashes = "-" * max(3, round(_WIDTH * column.width / total))
            rules.append({"left": f":{dashes}", "right": f"{dashes}:", "center": f":{dashes}:"}[column.align])
        attributes = f"#{self.label}" + f" last={self.last}" * (self.last > 0) + " .fixed" * (not self.sortable)
        cells = [[escape(cell) or " " for cell in row] for row in (self.headers, *self.rows)]
        return Markdown("\n".join(_piped(cells, rules)) + f"\n\n: {escape(self.caption)} {{{attributes}}}\n")

    def plain_markdown(self) -> str:
        """Markdown that any flavour shows as a table, and that people can read where it stays Markdown."""
        rules = [{"right": "---:"}.get(column.align, "---") for column in self.columns]
        return "\n".join(_piped([[literal(str(cell)) for cell in row] for row in (self.headers, *self.rows)], rules))

    def rich(self) -> RichTable:
        """For a terminal: as wide as its words need, wrapped where the terminal is narrower."""
        from rich.table import Table as RichTable
        from rich.text import Text

        made = RichTable(box=None, pad_edge=False)
        for column in self.columns:
            made.add_column(Text(column.header), justify=column.align)
        for row in self.rows:
            made.add_row(*(Text(typed(cell)) for cell in row))
        return made

    def text(self) -> Iterator[str]:
        """Lines of aligned columns for a plain mail."""
        cells = [[str(cell) for cell in row] for row in (self.headers, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    @property
    def headers(self) -> tuple[str, ...]:
        """Heading of each column."""
        return tuple(column.header for column in self.columns)


def _piped(cells: Sequence[Sequence[str]], rules: Sequence[str]) -> Iterator[str]:
    head, *rows = ("| " + " | ".join(row) + " |" for row in cells)
    yield from (head, "|" + "|".join(rules) + "|", *rows)


def literal(text: str) -> str:
    """Text that any flavour of Markdown shows as it is."""
    return _ACTIVE.sub(r"\\\1", printable(text))


def typed(cell: object) -> str:
    """A cell for a terminal: one line, with signs that every encoding and every search knows."""
    return printable(str(cell)).translate(_TYPED)
