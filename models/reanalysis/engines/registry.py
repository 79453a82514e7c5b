"""The models of an engine, gathered from the modules of a package, so that a new one is a file and no list."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules


def gathered[M](package: str, path: Iterable[str], kind: type[M]) -> dict[str, M]:
    """What the modules of a package declare in ``MODELS``, by name.

    Raises
    ------
    TypeError
        If two modules declare one name, or a declaration is of another kind.
    """
    found: dict[str, M] = {}
    for module in iter_modules(path):
        for name, one in import_module(f"{package}.{module.name}").MODELS.items():
            if name in found or not isinstance(one, kind):
                raise TypeError(f"{package}.{module.name} declares {name!r} a second time, or as no {kind.__name__}")
            found[name] = one
    return found
