"""SHA-256 of files, of folders of code and of values: what names, keys and manifests are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any


def of_file(path: Path) -> str:
    """Digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(paths: Iterable[Path], root: Path) -> str:
    """Digest of the names below ``root`` and the contents of files, in the order given."""
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def of_value(*values: object) -> str:
    """Digest of values that are data: the same in every process, and another one wherever a field differs.

    Data classes count by the fields that they compare, functions by the name of their module and their own.

    Raises
    ------
    TypeError
        If a value is not data, or a function that has no name in its module.
    """
    text = json.dumps(_as_data(values), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_data(value: Any) -> Any:
    """Lists, strings, numbers, booleans and None, each kind of value told from every other by its first element."""
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, Enum)):
        return getattr(value, "item", lambda: value)()
    if isinstance(value, (list, tuple)):
        return [_as_data(one) for one in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_as_data(key), _as_data(one)] for key, one in value.items()]}
    if is_dataclass(value) and not isinstance(value, type):
        kept = {field.name: _as_data(getattr(value, field.name)) for field in fields(value) if field.compare}
        return {type(value).__name__: kept}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(json.dumps(_as_data(one), sort_keys=True) for one in value)}
    if hasattr(value, "model_dump"):
        return {type(value).__name__: _as_data(value.model_dump(mode="json"))}
    if isinstance(value, bytes):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if isinstance(value, (Path, Enum)):
        return {type(value).__name__: str(value)}
    return _array_or_function(value)


def _array_or_function(value: Any) -> Any:
    if type(value).__name__ == "DataFrame":
        return {"frame": [[str(name), _as_data(value[name].tolist())] for name in value]}
    if hasattr(value, "tobytes"):
        if value.dtype.hasobject:
            return {"array": _as_data(value.tolist())}
        return {"array": [str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]}
    if isinstance(value, MethodType):
        return {"method": [_as_data(value.__self__), value.__name__]}
    if isinstance(value, partial):
        return {"partial": [_as_data(value.func), _as_data(value.args), _as_data(value.keywords)]}
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)) and "<" not in value.__qualname__:
        return {"function": [value.__module__, value.__qualname__]}
    if type(value).__name__ == "ufunc":
        return {"ufunc": value.__name__}
    raise TypeError(f"a {type(value).__name__} has no digest: {value!r:.80}")
