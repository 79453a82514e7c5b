"""Progress on standard error, silent when that is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
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


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts tasks: call what is given with the number done and of all."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


class Steps:
    """A line with the current step of a build."""

    def __init__(self, silent: bool = False) -> None:
        self._status = _console().status("starting") if sys.stderr.isatty() and not silent else None

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
