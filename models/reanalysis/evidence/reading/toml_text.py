"""Nested values as the text of a TOML file, which this project reads but the standard library does not write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(values: Mapping[str, Any]) -> str:
    """A mapping as TOML: plain keys first, then a table for every mapping in it.

    Parameters
    ----------
    values : mapping
        Text, numbers, truth values, lists of them or of mappings, and mappings of all these.
    """
    return "\n".join(_table((), values)).strip("\n") + "\n"


def _table(place: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    if place and (plain or not values):
        yield f"\n[{'.'.join(map(_key, place))}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _table((*place, str(key)), value)


def _key(key: object) -> str:
    return str(key) if _BARE.fullmatch(str(key)) else _value(str(key))


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
