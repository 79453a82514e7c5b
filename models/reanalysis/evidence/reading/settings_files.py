"""analysis.toml and sources.toml as settings and a bibliography, and the same from values in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.reading.settings import KEYS, Settings, Source
from reanalysis.evidence.reading.text_table import is_there, read_text
from reanalysis.evidence.reading.toml import line_of, parsed, validated


def read_settings(path: Path) -> Settings:
    """Read analysis.toml; defaults where the file does not exist.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    if not is_there(path):
        return Settings()
    text = read_text(path)
    return settings_of(path.name, text, parsed(path.name, text))


def settings_of(name: str, text: str, value: dict[str, Any]) -> Settings:
    """Settings from what analysis.toml holds; ``text`` of the file is for the lines of its problems."""
    return validated(Settings, name, text, value, KEYS)


def read_sources(path: Path) -> dict[str, Source]:
    """Read sources.toml; empty where the file does not exist.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    if not is_there(path):
        return {}
    text = read_text(path)
    return sources_of(path.name, text, parsed(path.name, text))


def sources_of(name: str, text: str, tables: Mapping[str, Any]) -> dict[str, Source]:
    """The bibliography from what sources.toml holds, likewise."""
    problems: list[Problem | str] = []
    sources: dict[str, Source] = {}
    for key, value in tables.items():
        if not isinstance(value, dict):
            problems.append(Problem(name, line_of(text, (key,)), key, str(value), "a source is a table of its own"))
            continue
        try:
            sources[key] = validated(Source, name, text, value, KEYS, (key,))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return sources
