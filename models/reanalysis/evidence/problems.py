"""What is wrong with an input? Every problem of a folder at once, each with its place, value and rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_VALUE = 60


@dataclass(frozen=True, order=True)
class Problem:
    """One malformed value.

    Parameters
    ----------
    file : str
        File name, relative to the evidence folder.
    line : int or None
        Line in the file, counted from 1.
    column : str
        Column or key, empty where the whole line or file is meant.
    value : str
        The value found.
    rule : str
        What would be right, in one sentence.
    """

    file: str
    line: int | None
    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        if self.column:
            place += f", {self.column}"
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in self.value)
        if len(shown) > _LONGEST_VALUE:
            shown = shown[: _LONGEST_VALUE - 1] + "\N{HORIZONTAL ELLIPSIS}"
        return f"{place}: {self.rule}" + (f" (found {shown!r})" if self.value else "")


class InvalidInput(ValueError):
    """Input that cannot be used: malformed, unknown or empty.

    Parameters
    ----------
    problems : iterable of Problem or str
        At least one.
    """

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class InconsistentPrint(InvalidInput):
    """Well-formed figures that contradict each other: a model needs declared readings first."""
