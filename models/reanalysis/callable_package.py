"""How is a layer called by its name? ``reanalysis.effects(fit)`` is ``effects`` of ``reanalysis.effects.entry``."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class CallablePackage(ModuleType):
    """A package that is also the function a notebook calls: the function of its own name in its module ``entry``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; its docstring is in ``entry``."""
        entry = import_module(f"{self.__name__}.entry")
        return getattr(entry, self.__name__.rpartition(".")[2])(*args, **kwargs)
