"""What is going on, as a line below the cell of a notebook; silent anywhere else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from time import monotonic
from typing import Any

_AFTER = 1.0
"""Seconds that a reader waits without being told."""


@contextmanager
def working(what: str) -> Iterator[Line]:
    """Show what is being done and for how long, where it lasts and a notebook shows it."""
    display = _notebook_display()
    line, over = Line(what, display), threading.Event()
    if display is None:
        yield line
        return
    told = threading.Thread(target=copy_context().run, args=(line.run, over), daemon=True)  # the cell is in the context
    told.start()
    try:
        yield line
    finally:
        over.set()
        told.join()
        line.end(failed=sys.exc_info()[0] is not None)


class Line:
    """A line of text that is rewritten every second.

    Parameters
    ----------
    what : str
        What is being done.
    display : callable or None
        What shows it; None where nothing does.
    """

    def __init__(self, what: str, display: Callable[..., Any] | None) -> None:
        self._what, self._display, self._start = what, display, monotonic()
        self._handle: Any = None
        self._part = ""

    def run(self, over: threading.Event) -> None:
        """Rewrite it until it is over."""
        while not over.wait(_AFTER):
            self._show(f"{self._what}{self._part}: {self._seconds} s")

    def __call__(self, done: int, of: int) -> None:
        """Say how many tasks are done, of all."""
        self.say(f"{done:,} of {of:,}")

    def say(self, part: str) -> None:
        """Say what part of the work is being done."""
        self._part = f", {part}"

    def end(self, failed: bool) -> None:
        """Say how long it took, where it was shown."""
        if self._handle is not None:
            self._show(f"{self._what}: {'stopped after' if failed else 'done in'} {self._seconds} s")

    @property
    def _seconds(self) -> int:
        return round(monotonic() - self._start)

    def _show(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle is None:
            assert self._display is not None
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def _notebook_display() -> Callable[..., Any] | None:
    """What shows things below a cell, where Python runs as the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display
