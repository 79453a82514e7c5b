"""Results as bytes that cannot run anything when they are read back: a pickle of data classes only.

The reader refuses every name but NumPy's arrays and the data classes of this package, so a file that somebody else left
in a cache can at worst be refused. Methods of data classes, such as the transforms of a marginal, are kept as the
object and the name of the method; data frames as their columns.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import is_dataclass
from functools import partial
from types import MethodType
from typing import Any

_NUMPY = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}


class NotFrozen(ValueError):
    """Bytes that are no result of this package."""


def freeze(value: object) -> bytes:
    """A result as bytes: data classes, arrays, data frames and Python's own containers.

    Raises
    ------
    TypeError
        If the value holds a function, or an object of a class that :func:`thaw` would refuse.
    """
    buffer = io.BytesIO()
    try:
        _Writer(buffer, protocol=5).dump(value)
    except (pickle.PicklingError, AttributeError) as error:
        raise TypeError(f"not data: {error}") from None
    return buffer.getvalue()


def thaw(content: bytes) -> Any:
    """The result that :func:`freeze` kept.

    Raises
    ------
    NotFrozen
        If the bytes are anything else.
    """
    try:
        return _Reader(io.BytesIO(content)).load()
    except NotFrozen:
        raise
    except Exception as error:  # a damaged pickle can raise almost anything
        raise NotFrozen(f"cannot be read: {type(error).__name__}: {error}") from None


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, MethodType):
            return _method, (value.__self__, value.__name__)
        if isinstance(value, partial):
            raise pickle.PicklingError(f"{value.func!r} with some of its arguments")
        if type(value).__name__ == "DataFrame":
            return _frame, ({str(name): value[name].tolist() for name in value},)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NUMPY:
            return super().find_class(module, name)
        if module.startswith("reanalysis."):
            found = super().find_class(module, name)
            if found in (_method, _frame) or (isinstance(found, type) and is_dataclass(found)):
                return found
        raise NotFrozen(f"names {module}.{name}, which is no result")


def _method(owner: object, name: str) -> Any:
    if name.startswith("_") or not is_dataclass(owner) or isinstance(owner, type):
        raise NotFrozen(f"names the method {name!r} of a {type(owner).__name__}")
    return getattr(owner, name)


def _frame(columns: dict[str, list[Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)
