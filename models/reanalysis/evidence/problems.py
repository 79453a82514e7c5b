"""What is wrong with an input: every problem of a folder at once, each with its place, value and rule."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

_LONGEST_VALUE = 60
_MOST_LISTED = 20

_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories that move a cursor, reorder a line or end it."""


def is_printable(text: str) -> bool:
    """Whether a terminal shows the text as one line and does nothing else."""
    return not any(unicodedata.category(c) in _UNPRINTABLE for c in text)


def printable(text: str) -> str:
    """The text on one line, what a terminal would act on replaced by U+FFFD and line breaks by blanks."""
    return "".join(" " if c in "\t\n\r" else c if is_printable(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def file_name(path: str | os.PathLike[str]) -> str:
    """A path as text: names are UTF-8 whatever the locale takes them for, and what is not is replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def listed(names: Iterable[str], most: int = _MOST_LISTED) -> str:
    """Names in a sentence, the first of them where there are many."""
    names = list(names)
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """``; did you mean 'x'?`` for the known name closest to one that is not known, empty if none is close."""
    by_case = {one.casefold(): one for one in reversed(list(known))}
    close = get_close_matches(name.casefold(), list(by_case), 1, cutoff)
    return f"; did you mean {by_case[close[0]]!r}?" if close else ""


class TableName(str):
    """Name of a table whose rows do not stand on lines of a file, and where they stand for whoever wrote them.

    Parameters
    ----------
    name : str
        Such as ``arms``.
    spots : sequence of str
        Where the rows are, such as ``row 3``; the first is that of line 2, as if the table were a file with a header.
    columns : sequence of mapping
        What the columns of each row are called there, where they have other names.
    """

    spots: tuple[str, ...]
    columns: tuple[Mapping[str, str], ...]

    def __new__(cls, name: str, spots: Sequence[str] = (), columns: Sequence[Mapping[str, str]] = ()) -> Self:
        """The name, with what it knows of its rows."""
        made = super().__new__(cls, name)
        made.spots, made.columns = tuple(spots), tuple(columns)
        return made


def spot(file: str, line: int) -> str:
    """Where a line of a table stands: ``line 4``, ``row 3``, or nothing for the header of what has no lines."""
    if not isinstance(file, TableName):
        return f"line {line}"
    return file.spots[line - 2] if 2 <= line < len(file.spots) + 2 else ""


def spots(file: str, lines: Sequence[int]) -> str:
    """Where several lines of a table stand: ``line 3, 4``, or ``row 1, row 2``."""
    if isinstance(file, TableName):
        return ", ".join(spot(file, line) for line in lines)
    return f"line {', '.join(map(str, lines))}"


def _called(file: str, line: int | None, column: str) -> str:
    """What a column is called where a line stands."""
    if isinstance(file, TableName) and line is not None and 2 <= line < len(file.columns) + 2:
        return file.columns[line - 2].get(column, column)
    return column


@dataclass(frozen=True)
class Problem:
    """One malformed value."""

    file: str
    """File name, relative to the evidence folder."""
    line: int | None
    """Line in the file, counted from 1."""
    column: str
    """Column or key, empty where the whole line or file is meant."""
    value: str
    """The value found."""
    rule: str
    """What would be right, in one sentence."""

    def __str__(self) -> str:
        at = "" if self.line is None else spot(self.file, self.line)
        place = f"{self.file}, {at}" if at else str(self.file)
        if self.column:
            place += f", {_shortened(_called(self.file, self.line, self.column))}"
        found = f" (found '{_shortened(self.value)}')" if self.value else ""
        return printable(f"{place}: {self.rule}{found}")


def by_line(problems: Iterable[Problem]) -> list[Problem]:
    """Problems of one file in the order of its lines."""
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column))


def _shortened(text: str) -> str:
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in printable(text))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "\N{HORIZONTAL ELLIPSIS}"


class BadChoice(str):
    """One choice of a request that cannot be used: a sentence that begins with the name of the argument."""

    argument: str
    """Name of the argument; the command line writes its option instead."""
    said: str
    """The rest of the sentence: the value, and what would be right."""

    def __new__(cls, argument: str, said: str) -> Self:
        """One sentence of two parts."""
        whole = super().__new__(cls, printable(f"{argument}{said}"))
        whole.argument, whole.said = argument, said
        return whole

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.argument, self.said)


class InvalidInput(ValueError):
    """Input that cannot be used: malformed, unknown or empty.

    Parameters
    ----------
    problems : iterable of Problem or str
        At least one.

    Examples
    --------
    >>> try:
    ...     ra.fit(ra.load("anakinra"), "icans_any", pooling="some", rho=2)
    ... except ra.InvalidInput as error:
    ...     print(error)
    pooling 'some': must be one of partial, none, complete
    rho 2: must be 0, or at least 0.000001 and below 1
    """

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def refused(file: str, rule: str, line: int | None = None, value: str = "") -> InvalidInput:
    """A file that cannot be used as a whole, or from a line on."""
    return InvalidInput([Problem(file, line, "", value, rule)])


class InconsistentReport(InvalidInput):
    """Well-formed figures that contradict each other: a model needs declared readings first."""
