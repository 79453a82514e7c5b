"""The lock of an output folder: one build at a time, and a lock dies with the process that holds it."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reanalysis.builds.log import BuildLog
from reanalysis.files import write_whole


class Held(RuntimeError):
    """Another build holds the output folder."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    process: int  # its process id
    host: str  # where
    user: str  # whose
    since: float  # seconds since 1970

    def __str__(self) -> str:
        began = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"process {self.process} of {self.user} on {self.host}, since {began} ({_age(self.since)})"


@contextmanager
def only_build(folder: Path, target: Path, wait: float, log: BuildLog) -> Iterator[None]:
    """Hold the lock of a store of builds in ``folder``, waiting up to ``wait`` seconds for another build to end.

    The operating system takes the lock away from a process that ends, however it ends, so a lock is never left behind;
    the note that names the holder is only a note, and stands beside it. Messages name the ``target``.

    Raises
    ------
    Held
        If another build holds it, or still does after the wait, naming that.
    """
    note = folder / "holder.json"
    lock = FileLock(folder / "lock", mode=0o666, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = f"{target}: held by {_who(note)}"
        if not wait:
            raise Held(f"{holder}; try again later, or wait for it with --wait") from None
        log.event("waiting", text=holder)
        try:
            with log.step("waiting", shown=f"waiting: {holder}"):
                lock.acquire(timeout=wait if isfinite(wait) else -1, poll_interval=0.2)
        except Timeout:
            raise Held(f"{target}: held by {_who(note)}, after {wait:g} seconds of waiting; try again later") from None
    try:
        left = _read(note)
        if left is not None:
            log.event("taken over", text=f"left by {left}, which did not end in order")
        _write(note)
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()


def _write(note: Path) -> None:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        user = f"user {os.getuid()}"
    holder = Holder(os.getpid(), socket.gethostname(), user, time.time())
    write_whole(note, json.dumps(asdict(holder)).encode())


def _read(note: Path) -> Holder | None:
    try:
        found: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        return Holder(int(found["process"]), str(found["host"]), str(found["user"]), float(found["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _who(note: Path) -> str:
    """The holder; it writes its note right after taking the lock, so a missing one is waited for a moment."""
    for _ in range(20):
        holder = _read(note)
        if holder is not None:
            return str(holder)
        time.sleep(0.05)
    return "another build"


def _age(since: float) -> str:
    seconds = max(0, round(time.time() - since))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return f"{seconds} second{'s' if seconds != 1 else ''} ago"
