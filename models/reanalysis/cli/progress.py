"""What is happening? Progress on standard error, silent when that is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text


def _console() -> Console:
    return Console(stderr=True, highlight=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner while something runs."""
    if not sys.stderr.isatty():
        yield
        return
    with _console().status(Text(what)):
        yield


class Steps:
    """A line with the current step of a build."""

    def __init__(self) -> None:
        self._status = _console().status("starting") if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def start(self, what: str) -> None:
        """Say which step begins."""
        if self._status:
            self._status.update(Text(what))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()
