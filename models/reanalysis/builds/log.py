"""The log of a build: what it did and how long each step took, one JSON object a line, for machines to read."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Self

from reanalysis.evidence.problems import InvalidInput

Tell = Callable[[str], None]


class BuildLog:
    """Events of one build.

    Every line has ``time`` (UTC), ``process`` and ``event``: ``begin`` and ``end`` (or ``failed``) of a ``step``, with
    its ``seconds``; ``fit``, ``check``, ``sensitivity``, ``model``, ``validation``, ``figures``, ``draws`` and
    ``documents``, with where they came ``from`` (``cache`` or ``computed``) and, where computed, the seconds of each of
    their ``stages`` (``loading`` of code, ``compile``, ``sample``, ``checks``, ``quadrature``, ``validation``,
    ``figures``, ``documents``); ``warning``, ``failure``, ``gate failed``; ``summary`` last, with the sums of all
    ``stages`` over all workers, and the ``whole`` build; or ``interrupted``, or ``ended`` with the ``error``. The last
    line has the ``exit_code``.

    Lines go to ``stream``, or nowhere; ``tell`` is told what begins, for a progress display, ``warn`` every warning.
    """

    def __init__(self, stream: IO[str] | None = None, tell: Tell = lambda _: None, warn: Tell = lambda _: None) -> None:
        self._stream, self._tell, self._warn = stream, tell, warn

    @classmethod
    @contextmanager
    def opened(cls, path: str | None, tell: Tell = lambda _: None, warn: Tell = lambda _: None) -> Iterator[Self]:
        """A log that appends to a file; ``-`` is standard error.

        Raises
        ------
        InvalidInput
            If the file cannot be opened.
        """
        if path is None or path == "-":
            yield cls(sys.stderr if path else None, tell, warn)
            return
        try:
            stream = Path(path).open("a", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise InvalidInput([f"--log {path}: {(error.strerror or str(error)).lower()}"]) from None
        try:
            yield cls(stream, tell, warn)
        finally:
            with suppress(OSError):
                stream.close()

    def event(self, event: str, **details: Any) -> None:
        """Write one line. A log that cannot be written to is not worth a build, so that fails silently."""
        if self._stream is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": now, "process": os.getpid(), "event": event} | details, default=str)
        with suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    def warning(self, text: str) -> None:
        """Something that the reader of a terminal should hear of too."""
        self.event("warning", text=text)
        self._warn(text)

    @contextmanager
    def step(self, name: str, shown: str = "", **details: Any) -> Iterator[None]:
        """One step of the build: a line where it begins and one, with its time, where it ends."""
        self._tell(shown or name)
        self.event("begin", step=name, **details)
        began = time.perf_counter()
        ended = "failed"
        try:
            yield
            ended = "end"
        finally:
            self.event(ended, step=name, seconds=round(time.perf_counter() - began, 3), **details)
