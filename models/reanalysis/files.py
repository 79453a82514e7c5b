"""Files that are whole or not there, and values as JSON that any program reads."""

from __future__ import annotations

import json
import math
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


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


def plain(value: Any) -> Any:
    """The same value as dicts, lists, strings, numbers, booleans and None; None for what is not finite."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON: sorted keys, so that equal values give equal bytes."""
    text = json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n".encode())
