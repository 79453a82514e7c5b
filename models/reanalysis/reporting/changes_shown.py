"""How are changes told? The same sections as text, as Markdown for a pull request or a mail, and in the report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reanalysis.analysis.changes import Change, Changes, EndpointChange, Shift
from reanalysis.estimands.words import counted, decimal, percent, ratio
from reanalysis.evidence.problems import printable
from reanalysis.reporting.markdown import Column, Markdown, table

_LONGEST = 120
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~$&@!])")


@dataclass(frozen=True)
class Section:
    """One kind of change as a table.

    Parameters
    ----------
    title, slug : str
        Heading and anchor.
    columns : tuple of Column
        Headings and proportions.
    rows : tuple of tuples of str
        Cells.
    """

    title: str
    slug: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def summary(changes: Changes) -> str:
    """The answer in one sentence."""
    parts = [
        counted(len(changes.rows), "row of evidence", "rows of evidence"),
        counted(len(changes.settings), "setting"),
        counted(len(changes.software), "version"),
    ]
    thresholds = f"by more than {100 * changes.probability:g} points of probability or a factor {changes.ratio:g}"
    what = f"{parts[0]}, {parts[1]} and {parts[2]} changed; "
    if not changes.moved:
        return f"{what}no conclusion moved {thresholds}."
    names = ", ".join(e.label for e in changes.moved)
    return f"{what}conclusions that moved ({thresholds}, or in kind): {names}."


def sections(changes: Changes) -> list[Section]:
    """Every kind of change that there is, conclusions first."""
    notes = tuple((e.label, e.note) for e in changes.endpoints if e.note)
    moves = tuple(row for e in changes.endpoints for row in _effect_rows(changes, e))
    rows = tuple((r.table, r.row, r.kind, "; ".join(_told(c) for c in r.cells)) for r in changes.rows)
    found = [
        Section("Endpoints", "endpoints", (Column("Endpoint", 1.2), Column("What happened", 3)), notes),
        Section(
            "Results",
            "results",
            (
                Column("Endpoint", 1.4),
                Column("Number", 1.9),
                Column("Before", 0.7, "right"),
                Column("Now", 0.7, "right"),
                Column("Shift in Monte Carlo errors", 1.0, "right"),
                Column("Moved", 0.7),
            ),
            moves,
        ),
        Section(
            "Evidence",
            "evidence",
            (Column("Table", 0.7), Column("Row", 1.8), Column("Change", 0.7), Column("Cells", 2.4)),
            rows,
        ),
        Section("Settings", "settings", _PLAIN, tuple(_plain_row(c) for c in changes.settings)),
        Section("Software", "software", _PLAIN, tuple(_plain_row(c) for c in changes.software)),
    ]
    return [section for section in found if section.rows]


_PLAIN = (Column("Name", 1.4), Column("Before", 1.3), Column("Now", 1.3))


def _plain_row(change: Change) -> tuple[str, str, str]:
    return change.name, _value(change.old), _value(change.new)


def _effect_rows(changes: Changes, endpoint: EndpointChange) -> list[tuple[str, ...]]:
    """The headline and its probability, and whatever else moved."""
    moved = endpoint.moved(changes.probability, changes.ratio)
    shown = [s for s in endpoint.shifts if s in endpoint.shifts[:4] or s in moved]
    return [
        (
            endpoint.label if number == 0 else "",
            s.name,
            _number(s, s.old),
            _number(s, s.new),
            _errors(s),
            "yes" if s in moved else "",
        )
        for number, s in enumerate(shown)
    ]


def _number(shift: Shift, value: float) -> str:
    return ratio(value) if shift.scale == "ratio" else percent(value, 1)


def _errors(shift: Shift) -> str:
    if shift.in_errors is None:
        return "exact" if shift.shift else "none"
    return decimal(shift.in_errors, 1)


def _told(change: Change) -> str:
    if change.old is None or change.new is None:
        return f"{change.name} {_value(change.new if change.old is None else change.old)}"
    return f"{change.name} {_value(change.old)} \N{RIGHTWARDS ARROW} {_value(change.new)}"


def _value(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def as_text(changes: Changes) -> str:
    """Lines for a terminal or a plain mail."""
    lines = [summary(changes)]
    for section in sections(changes):
        cells = [[c.header for c in section.columns], *section.rows]
        lines += ["", section.title, *_aligned(cells)]
    return "\n".join(printable(line) for line in lines) + "\n"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def as_markdown(changes: Changes) -> str:
    """Markdown for a pull request, an issue or a mail; what comes from evidence shows literally."""
    lines = [_literal(summary(changes))]
    for section in sections(changes):
        lines += ["", f"### {section.title}", ""]
        lines.append("| " + " | ".join(c.header for c in section.columns) + " |")
        lines.append("|" + "|".join({"right": "---:"}.get(c.align, "---") for c in section.columns) + "|")
        lines += ["| " + " | ".join(_literal(cell) for cell in row) + " |" for row in section.rows]
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    """Text that any flavour of Markdown shows as it is, and that people can read where it stays Markdown."""
    return _ACTIVE.sub(r"\\\1", printable(text))


def changes_section(changes: Changes | None) -> dict[str, Any] | None:
    """What the report's template shows: a ``summary`` and ``tables``; None where there is nothing to compare with."""
    if changes is None:
        return None
    captions = {
        "endpoints": "Endpoints that came, went or changed in kind.",
        "results": "Headline odds ratio with its interval, and every number that moved.",
        "evidence": "Rows of the evidence that were added, removed or altered.",
        "settings": "Settings that are others now.",
        "software": "Interpreter and packages that are others now.",
    }
    tables: list[Markdown] = [
        table(s.columns, s.rows, captions[s.slug], f"tbl-changed-{s.slug}") for s in sections(changes)
    ]
    return {"summary": summary(changes), "tables": tables}
