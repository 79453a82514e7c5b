"""How does a value become JSON? Only JSON's own types, and null for what is not finite."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """The same value as dicts, lists, strings, numbers, booleans and None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
