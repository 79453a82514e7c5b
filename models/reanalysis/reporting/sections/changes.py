"""What changed since the last report: one list of tables, in the report, as text and as Markdown for a pull request."""

from __future__ import annotations

from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.changes import Change, Changes, EndpointChange, Shift
from reanalysis.estimands.words import counted, decimal, percent, ratio
from reanalysis.evidence.problems import printable
from reanalysis.reporting.markdown import escape
from reanalysis.reporting.section import Section
from reanalysis.reporting.table import Table, columns, literal

_LONGEST = 120
_PLAIN = columns("Name 1.4 | Before 1.3 | Now 1.3")


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


def tables(changes: Changes) -> dict[str, Table]:
    """Every kind of change that there is by its title, conclusions first."""
    found = {
        "Endpoints": Table(
            columns("Endpoint 1.2 | What happened 3"),
            [(e.label, e.note) for e in changes.endpoints if e.note],
            "Endpoints that came, went or changed in kind.",
        ),
        "Results": Table(
            columns(
                "Endpoint 1.4 | Number 1.9 | Before >0.7 | Now >0.7 | Shift in Monte Carlo errors >1.0 | Moved 0.7"
            ),
            [row for e in changes.endpoints for row in _effect_rows(changes, e)],
            "Headline odds ratio with its interval, and every number that moved.",
        ),
        "Evidence": Table(
            columns("Table 0.7 | Row 1.8 | Change 0.7 | Cells 2.4"),
            [(r.table, r.row, r.kind, "; ".join(_cell(c) for c in r.cells)) for r in changes.rows],
            "Rows of the evidence that were added, removed or altered.",
        ),
        "Settings": Table(_PLAIN, [_row(c) for c in changes.settings], "Settings that are others now."),
        "Software": Table(_PLAIN, [_row(c) for c in changes.software], "Interpreter and packages that are others now."),
    }
    return {
        title: Table(table.columns, table.rows, table.caption, f"tbl-changed-{title.lower()}")
        for title, table in found.items()
        if table.rows
    }


def _row(change: Change) -> tuple[str, str, str]:
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


def _cell(change: Change) -> str:
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
    for title, table in tables(changes).items():
        lines += ["", title, *(f"  {line}" for line in table.text())]
    return "\n".join(printable(line) for line in lines) + "\n"


def as_markdown(changes: Changes) -> str:
    """Markdown for a pull request, an issue or a mail; what comes from evidence shows literally."""
    lines = [literal(summary(changes))]
    for title, table in tables(changes).items():
        lines += ["", f"### {title}", "", table.plain_markdown()]
    return "\n".join(lines) + "\n"


CHANGES: Section[Analysis] = Section(
    anchor="changes",
    title="What changed since the last report",
    level=1,
    text=lambda made, _: [escape(summary(made.changes)), *tables(made.changes).values()] if made.changes else None,
)
