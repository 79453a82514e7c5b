"""analysis.toml and sources.toml as settings and a bibliography: every problem with its line, in our own words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from reanalysis.evidence.problems import InvalidInput, Problem, did_you_mean, refused
from reanalysis.evidence.reading.settings import KEYS, Settings, Source
from reanalysis.evidence.reading.text_table import is_there, read_text

_LONGEST_FILE = 1_000_000

_PART = r"""(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_ASSIGNED = re.compile(rf"\s*({_DOTTED})\s*=")


def read_toml[T](path: Path, made_of: Callable[[str, str, dict[str, Any]], T]) -> T:
    """What a TOML file holds, as settings or as a bibliography; where it does not exist, that of an empty one.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    text = read_text(path) if is_there(path) else ""
    return made_of(path.name, text, _parsed(path.name, text))


def settings_of(name: str, text: str, value: dict[str, Any]) -> Settings:
    """Settings from what analysis.toml holds; ``text`` of the file is for the lines of its problems."""
    return _validated(Settings, name, text, value)


def sources_of(name: str, text: str, tables: Mapping[str, Any]) -> dict[str, Source]:
    """The bibliography from what sources.toml holds, likewise."""
    problems: list[Problem | str] = []
    sources: dict[str, Source] = {}
    for key, value in tables.items():
        if not isinstance(value, dict):
            problems.append(Problem(name, line_of(text, (key,)), key, str(value), "a source is a table of its own"))
            continue
        try:
            sources[key] = _validated(Source, name, text, value, (key,))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return sources


def _parsed(name: str, text: str) -> dict[str, Any]:
    if len(text) > _LONGEST_FILE:
        raise refused(name, f"the file may have at most {_LONGEST_FILE} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise refused(name, "not valid TOML: nested too deeply") from None
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        message = str(error)
        match = re.search(r"\(at line (\d+)", message)
        rule = "not valid TOML: " + re.sub(r"\s*\(at .*\)", "", message).lower()
        if "integer string conversion" in message:
            rule = "not valid TOML: a number has thousands of digits"
        raise refused(name, rule, int(match[1]) if match else None) from None


def _validated[M: BaseModel](
    model: type[M], name: str, text: str, value: dict[str, Any], above: tuple[str, ...] = ()
) -> M:
    """Contents of a file, or of the table of it that stands under ``above``, as a model."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_url=False, include_context=False):
            place = (*above, *(part for part in detail["loc"] if part != "[key]"))
            rule, shown = _in_our_words(detail["msg"]), _shown(detail["input"])
            if detail["type"] == "extra_forbidden":
                rule, shown = f"unknown key{did_you_mean(str(place[-1]), KEYS)}", ""
            line = line_of(text, tuple(part for part in place if isinstance(part, str)))
            problems.append(Problem(name, line, ".".join(str(part) for part in place), shown, rule))
        raise InvalidInput(problems) from None


def _in_our_words(message: str) -> str:
    message = message.removeprefix("Value error, ")
    for theirs, ours in (
        ("Input should be", "must be"),
        ("Field required", "the key is missing"),
        ("String should have at least 1 character", "must not be empty"),
        ("a valid tuple", "a list"),
        ("a valid dictionary", "a table"),
        ("a valid integer", "a whole number"),
        ("a valid ", "a "),
        ("String should match pattern '^(https?://\\S+)?$'", "must be an address that begins with https:// or http://"),
    ):
        message = message.replace(theirs, ours)
    message = re.sub(r" or instance of \w+", "", message)
    return message[0].lower() + message[1:]


def _shown(given: object) -> str:
    if isinstance(given, (dict, list)):
        return ""
    if isinstance(given, int) and abs(given) > 10**18:
        return "a number of more than 18 digits"
    return str(given).lower() if isinstance(given, bool) else str(given)


def line_of(text: str, key: tuple[str, ...]) -> int | None:
    """Line of a TOML key, or of the nearest key or table around it; None where there is none."""
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            at = table = _parts(header[1])
        elif assigned := _ASSIGNED.match(line):
            at = (*table, *_parts(assigned[1]))
        else:
            continue
        shared = min(len(at), len(key))
        if at[:shared] == key[:shared] and (best is None or shared > best[0]):
            best = (shared, number)
    return best[1] if best else None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
