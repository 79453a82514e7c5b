"""What takes long is made by the first worker of a run that asks for it; the others read it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock


def once[R](kept: Path, make: Callable[[], R]) -> R:
    """What was made for a file, or is made now and kept there."""
    with FileLock(kept.with_suffix(".lock")):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make()))
        found: R = pickle.loads(kept.read_bytes())
        return found


@contextmanager
def recalling(results: Path) -> Iterator[None]:
    """A block whose builds recall what those of other tests computed, and keep what they compute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REANALYSIS_CACHE", str(results))
        yield
