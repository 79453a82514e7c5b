"""Files that are whole or not there, and values as JSON that any program reads."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file under a temporary name beside it, then rename it: readers find the old content or the new.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    content : bytes
        All of it.
    durable : bool
        Whether the content reaches the disk before the name does, so that a power failure leaves no empty file.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left then.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.chmod(0o666 & ~umask())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def umask() -> int:
    """Permissions that new files do without."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@runtime_checkable
class _Described(Protocol):
    def as_dict(self) -> Mapping[str, Any]: ...


def as_json(value: Any) -> Any:
    """The same value as dicts, lists, strings, numbers, booleans and None: what JSON can hold.

    A record becomes its fields, or what its ``as_dict`` says where its JSON has other keys than its fields; a data
    frame becomes a list of rows. What is not finite is None.
    """
    if isinstance(value, _Described):
        return as_json(value.as_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
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


def write_json(path: Path, value: object, *, sort: bool = True) -> None:
    """Write a value as JSON: keys sorted so that equal values give equal bytes, or in the order that they have."""
    text = json.dumps(as_json(value), indent=1, sort_keys=sort, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n".encode())
