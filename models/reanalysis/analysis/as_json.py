"""Plain values: the one way from records, tables and arrays to what JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, runtime_checkable

import pandas as pd


@runtime_checkable
class _Described(Protocol):
    def as_dict(self) -> Mapping[str, Any]: ...


def as_json(value: Any) -> Any:
    """The same value as dicts, lists, strings, numbers, booleans and None.

    A record becomes its fields, or what its ``as_dict`` says where its JSON has other keys than its fields; a data
    frame becomes a list of rows. What is not finite is None.
    """
    if isinstance(value, _Described):
        return as_json(value.as_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, pd.DataFrame):
        return [as_json(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
