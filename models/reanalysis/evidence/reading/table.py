"""A table of evidence read whole: its cells, its rows and what is wrong among them, every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import TypeAdapter, ValidationError

from reanalysis.evidence.problems import InvalidInput, Problem, by_line, spot
from reanalysis.evidence.reading.text_table import Cells, Records, read_records, text_table


class Row(Protocol):
    """A row as a record, whose fields but for the line are the columns of its table."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def line(self) -> int:
        """Line in the file."""


Breach = tuple[str, object, str]
"""Column, value and broken rule of a row."""


@dataclass(frozen=True)
class Table[R: Row]:
    """A kind of table: what its rows are, and what can be wrong with them."""

    row: type[R]
    """A dataclass: its fields are ``line`` and the columns, annotated with kinds of cell."""
    required: tuple[str, ...]
    of_row: Callable[[R], Iterable[Breach]] = lambda row: ()
    """From a row to the rules that it breaks."""
    of_all: tuple[Callable[[str, Sequence[R]], Iterable[Problem]], ...] = ()
    """Each from the file name and all rows to what is wrong among them."""
    printed: tuple[str, ...] = ()
    """As of ``text_table`` and ``read_records``."""
    rewritten: Callable[[Cells], tuple[Cells, list[Breach]]] = lambda cells: (cells, [])
    """From the cells of a row to the same as the columns have them, and what is wrong with that."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns in the order of the row's fields."""
        return tuple(field.name for field in fields(self.row) if field.name != "line")

    def read(self, source: Path | Records) -> tuple[tuple[R, ...], tuple[str, ...]]:
        """Read and validate a table: its rows in file order, and the columns that mean nothing here.

        Raises
        ------
        InvalidInput
            With every problem of the file.
        """
        records = source if isinstance(source, Records) else read_records(source, self.printed)
        written, problems = text_table(records, self.columns, self.required)
        unread = {problem.line for problem in problems}
        rows: list[R] = []
        for line, text in written:
            cells, broken = self.rewritten(text)
            try:
                row = _cells(self.row).validate_python({"line": line, **cells})
            except ValidationError as error:
                broken += [(str(one["loc"][0]), one["input"], one["msg"]) for one in error.errors(include_url=False)]
            if not broken and line not in unread:
                rows.append(row)
                broken = list(self.of_row(row))
            problems += [Problem(records.file, line, at, str(value), rule) for at, value, rule in broken]
        for check in self.of_all:
            problems += check(records.file, rows)
        if problems:
            raise InvalidInput(by_line(problems))
        return tuple(rows), tuple(c for c in records.header if c and c not in self.columns)


@lru_cache
def _cells[R](row: type[R]) -> TypeAdapter[R]:
    return TypeAdapter(row)


def grouped[R, K](rows: Iterable[R], key: Callable[[R], K]) -> dict[K, tuple[R, ...]]:
    """Rows by a key, both in the order in which they stand."""
    groups: dict[K, list[R]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {name: tuple(group) for name, group in groups.items()}


def repeated[R: Row](
    file: str, rows: Sequence[R], key: Callable[[R], object], rule: Callable[[R, str], str]
) -> Iterable[Problem]:
    """Rows whose key an earlier one has, with the rule for a row and where that one stands, such as ``line 4``."""
    first: dict[object, int] = {}
    for row in rows:
        at = first.setdefault(key(row), row.line)
        if at != row.line:
            yield Problem(file, row.line, "", "", rule(row, spot(file, at)))


def of_events(events: tuple[int, int] | None, n: int | None, percent: object) -> Iterable[Breach]:
    """The rules that a count of events breaks, beside its n and percentage."""
    if events is None and percent is None:
        yield "events", "", "a report of the events is needed: a count, a range or a percentage"
    low, high = events or (0, 0)
    value = str(high) if low == high else f"{low}..{high}"
    if low > high:
        yield "events", value, "a range runs from the smaller to the larger count"
    elif n is not None and high > n:
        yield "events", value, f"events must not exceed n = {n}"
