"""Where the time of a computation goes: by stage, that of a stage within another counted once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import local


@dataclass(frozen=True)
class Time:
    """Time spent."""

    seconds: float = 0.0
    """By the clock on the wall."""
    cpu: float = 0.0
    """Of processors, all threads of the process together."""

    @classmethod
    def now(cls) -> Time:
        """The clocks."""
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: Time) -> Time:
        """Both together."""
        return Time(self.seconds + other.seconds, self.cpu + other.cpu)

    def __sub__(self, other: Time) -> Time:
        """The time between two."""
        return Time(self.seconds - other.seconds, self.cpu - other.cpu)


class _Spent(local):
    """Of one thread: time by stage, and what was spent within each stage that is open."""

    def __init__(self) -> None:
        self.stages: dict[str, Time] = {}
        self.within: list[Time] = []


_SPENT = _Spent()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the time until the block ends, but for that of stages within it, as spent on this stage."""
    began = Time.now()
    _SPENT.within.append(Time())
    try:
        yield
    finally:
        took = Time.now() - began
        _SPENT.stages = added(_SPENT.stages, {name: took - _SPENT.within.pop()})
        if _SPENT.within:
            _SPENT.within[-1] += took


def spent() -> dict[str, Time]:
    """Time by stage since this was last asked for, in this thread."""
    found, _SPENT.stages = _SPENT.stages, {}
    return found


def added(one: Mapping[str, Time], other: Mapping[str, Time]) -> dict[str, Time]:
    """Sums by stage."""
    return {name: one.get(name, Time()) + other.get(name, Time()) for name in (*one, *(other.keys() - one.keys()))}


def as_json(stages: Mapping[str, Time]) -> dict[str, dict[str, float]]:
    """Times to the millisecond, for a log."""
    return {name: {"seconds": round(one.seconds, 3), "cpu": round(one.cpu, 3)} for name, one in stages.items()}
