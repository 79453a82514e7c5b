"""What is going on, as a line below the cell of a notebook; silent anywhere else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from time import monotonic
from typing import Any

from reanalysis.engines.batches import Progress

_AFTER = 1.0
"""Seconds that a reader waits without being told."""


@contextmanager
def working(what: str) -> Iterator[Progress]:
    """Show what is being done and for how long, where it lasts and a notebook shows it.

    Yields a callable that takes the number of tasks done and of all, for work that counts them.
    """
    display = _notebook_display()
    if display is None:
        yield lambda done, of: None
        return
    line, over = _Line(what, display), threading.Event()
    told = threading.Thread(target=copy_context().run, args=(line.run, over), daemon=True)  # the cell is in the context
    told.start()
    try:
        yield line.count
    finally:
        over.set()
        told.join()
        line.end(failed=sys.exc_info()[0] is not None)


class _Line:
    """A line of text that is rewritten every second."""

    def __init__(self, what: str, display: Callable[..., Any]) -> None:
        self._what, self._display, self._start = what, display, monotonic()
        self._handle: Any = None
        self._counted = ""

    def run(self, over: threading.Event) -> None:
        while not over.wait(_AFTER):
            self._show(f"{self._what}{self._counted}: {self._seconds} s")

    def count(self, done: int, of: int) -> None:
        self._counted = f", {done:,} of {of:,}"

    def end(self, failed: bool) -> None:
        if self._handle is not None:
            self._show(f"{self._what}: {'stopped after' if failed else 'done in'} {self._seconds} s")

    @property
    def _seconds(self) -> int:
        return round(monotonic() - self._start)

    def _show(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle is None:
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
