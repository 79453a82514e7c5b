"""The kinds of cell of an evidence table: the text that each may hold, what it is read as, and the rule it breaks.

A row is a dataclass whose fields are the columns, each annotated with its kind of cell; pydantic reads the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.problems import is_printable
from reanalysis.evidence.reading.text_table import Cells

NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
"""A number as printed, without a sign."""

_COUNT = r"(?:[0-9]{1,6}|1000000)(?:\.\.(?:[0-9]{1,6}|1000000))?"
_PERCENTAGE = r"(?:100(?:\.0{1,6})?|[0-9]{1,2}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"
_LONGEST_ID = 100

_NOT_REPORTED = re.compile(
    r"[-\N{EN DASH}\N{EM DASH}?.*]+|n\.?/?\s?[ardcp]\.?|nan|none|null|missing|unknown|unclear|"
    r"not (?:reported|available|applicable|given|printed|stated|known|done)",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'\N{RIGHT SINGLE QUOTATION MARK}\s][0-9]{3})+")
_COMMA = re.compile(r"[<>=]?\s*[0-9]*,[0-9]+")
_WHOLE = re.compile(r"([0-9]+)[.,]0+")


def says(text: str) -> Any:
    """What a column means, for those who fill it in: :mod:`reanalysis.evidence.reading.columns` lists them."""
    return Field(description=text)


def cell(
    rule: str,
    holds: Callable[[str], bool],
    read: Callable[[str], Any] = str,
    remedy: Callable[[str], str] = lambda text: "",
) -> PlainValidator:
    """A kind of cell.

    Parameters
    ----------
    rule : str
        What is right, in one sentence.
    holds : callable
        Whether a text holds to the rule.
    read : callable
        What a text that does is read as.
    remedy : callable
        From one that does not to what to write instead, as the end of a sentence; empty where nobody can tell.
    """

    def value(text: str) -> Any:
        if not holds(text):
            raise PydanticCustomError("cell", "{rule}", {"rule": rule + remedy(text)})
        return read(text)

    return PlainValidator(value)


def like(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches a pattern from end to end."""
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def between(low: float, high: float, written: str = NUMBER) -> Callable[[str], bool]:
    """Whether a text is a number as printed, within bounds."""
    number = like(written)
    return lambda text: number(text) and low <= float(text) <= high


def number(
    rule: str, holds: Callable[[str], bool], read: Callable[[str], Any] = str, *, needed: bool = False
) -> PlainValidator:
    """A number with decimals, or nothing unless it is needed."""
    return cell(rule, holds if needed else lambda text: not text or holds(text), read, instead_of_number)


def one_of(*words: str, default: str | None = None, rule: str = "") -> PlainValidator:
    """A fixed vocabulary in any case; empty is ``default`` where there is one."""
    known = {word.casefold(): word for word in words}
    if default is not None:
        known[""] = default
    rule = rule or f"must be {', '.join(words[:-1])} or {words[-1]}"
    return cell(rule, lambda text: text.casefold() in known, lambda text: known[text.casefold()])


def an_id(what: str) -> PlainValidator:
    """An id of something, such as ``a study``."""
    rule = f"{what} id of 1 to {_LONGEST_ID} characters is needed, without control characters"
    return cell(rule, lambda text: 0 < len(text) <= _LONGEST_ID and is_printable(text))


def instead_of_count(text: str) -> str:
    """What to write instead of a whole number that is written otherwise."""
    if _GROUPED.fullmatch(text):
        return f"; write {re.sub('[^0-9]', '', text)}, without a thousands separator"
    if whole := _WHOLE.fullmatch(text):
        return f"; write {whole[1]}"
    return _instead_of_nothing(text)


def instead_of_number(text: str) -> str:
    """What to write instead of a number with decimals that is written otherwise."""
    if _COMMA.fullmatch(text):
        return f"; write {text.replace(',', '.')}, with a decimal point"
    return _instead_of_nothing(text)


def _instead_of_nothing(text: str) -> str:
    return "; leave the cell empty where nothing is printed" if _NOT_REPORTED.fullmatch(text) else ""


def reported_range(text: str) -> tuple[int, int] | None:
    """Smallest and largest count of a well-formed cell, None where it is empty."""
    low, _, high = text.partition("..")
    return (int(low), int(high or low)) if low else None


def a_size(missing: int | None = None) -> PlainValidator:
    """A printed denominator; ``missing`` where the cell is empty."""
    rule = "must be a whole number from 1 to 1000000, or empty"
    return cell(
        rule, like(r"(?:[1-9][0-9]{0,5}|1000000)?"), lambda text: int(text) if text else missing, instead_of_count
    )


Name = Annotated[
    str,
    cell(
        f"must be a name of at most {_LONGEST_ID} characters without control characters, or empty",
        lambda text: len(text) <= _LONGEST_ID and is_printable(text),
    ),
]
"""A name, or nothing."""

Events = Annotated[
    tuple[int, int] | None,
    cell(
        "must be a whole number up to 1000000, a range such as 0..1, or empty",
        like(f"(?:{_COUNT})?"),
        reported_range,
        instead_of_count,
    ),
]
"""Smallest and largest count printed, equal where one count is printed."""

Percent = Annotated[
    Percentage | None,
    number(
        "must be a percentage from 0 to 100 as printed, with a decimal point and no % sign, or empty",
        like(_PERCENTAGE),
        lambda text: Percentage(text) if text else None,
    ),
]
"""A percentage as printed."""

Weight = Annotated[
    float | None,
    number(
        "must be a number above 0 (from 1e-9 to 1e9), or empty",
        between(1e-9, 1e9, NUMBER + r"(?:[eE][+-]?[0-9]+)?"),
        lambda text: float(text) if text else None,
    ),
]
"""A weight above 0, or nothing."""

_WRITTEN = re.compile(
    rf"(?P<events>{_COUNT})(?:\s*(?:/|\bof\b)\s*(?P<n>[0-9]+))?(?:\s*\(\s*(?P<percent>{_PERCENTAGE})\s*%\s*\))?"
)
_SAYS = {"n": "n = {}", "percent": "{} %"}


def taken_apart(cells: Cells) -> tuple[Cells, list[tuple[str, object, str]]]:
    """A row whose cell of events also holds n or a percentage, as papers have it: ``12/40`` or ``12 (30%)``.

    Returns
    -------
    cells : dict
        Each figure in the column it belongs to; as they were where the cell of events holds nothing else.
    broken : list
        Column, value and rule where that cell and a column of its own say different things.
    """
    written = _WRITTEN.fullmatch(cells["events"])
    if written is None or not (written["n"] or written["percent"]):
        return cells, []
    apart = cells | {"events": written["events"]}
    broken: list[tuple[str, object, str]] = []
    for column, says in _SAYS.items():
        own, inside = cells[column], written[column]
        if inside and own and own != inside:
            broken.append(("events", cells["events"], f"says {says.format(inside)}, the column {column} says {own}"))
        elif inside:
            apart[column] = inside
    return apart, broken
