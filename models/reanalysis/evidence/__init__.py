"""The room of evidence; called, it is the function of that name, ``reanalysis.evidence(arms, ...)``.

The name of the function is that of this package, which an import of anything in it puts in the function's place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect import Signature


class _Room(ModuleType):
    """A package that is called as the function that it holds."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Evidence from data frames: see :func:`reanalysis.evidence.reading.given.evidence`."""
        return _function()(*given, **named)

    def __reduce__(self) -> tuple[Callable[[str], ModuleType], tuple[str]]:
        """By its name, as a function is pickled and copied."""
        return import_module, (self.__name__,)

    @property
    def __signature__(self) -> Signature:
        from inspect import signature

        return signature(_function())

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return _function().__doc__


def _function() -> Callable[..., Any]:
    from reanalysis.evidence.reading.given import evidence

    return evidence


sys.modules[__name__].__class__ = _Room
