"""Computations of a report as records, and what runs them: here, in a worker process, or recalled from a cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Protocol

from reanalysis.digests import of_value


@dataclass(frozen=True, eq=False)
class Task[R]:
    """One computation of a report: a function of a module and its arguments.

    Nothing else can reach the result, so its cache key is derived: kind, function and arguments (:attr:`identity`), the
    code of the rooms at and below that of the function, and the versions of all packages. Two tasks of one identity are
    equal.
    """

    kind: str  # what the log calls it, and the name of its cache entries: letters only
    function: Callable[..., R]  # computes the result; a function of a module, so that another process can load it
    arguments: tuple[Any, ...] = ()  # data: what :func:`reanalysis.digests.of_value` takes and pickle carries
    about: Mapping[str, str] = field(default_factory=dict)
    """What the log says of it besides: which endpoint, model or group of figures."""
    samples: bool = False
    """Whether it compiles and samples a model: such tasks share one process, where a model is compiled once."""

    def run(self) -> R:
        """Compute the result."""
        return self.function(*self.arguments)

    @cached_property
    def identity(self) -> str:
        """Digest of what is computed of what."""
        return of_value(self.kind, self.function, self.arguments)

    def __eq__(self, other: object) -> bool:
        """Whether the other is the same computation."""
        return isinstance(other, Task) and self.identity == other.identity

    def __hash__(self) -> int:
        """Of the identity."""
        return hash(self.identity)


class TaskFailed(RuntimeError):
    """A task came to no result: the reason in one sentence for readers, and what its process said, for the log."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


class Runner(Protocol):
    """Runs tasks."""

    def __call__[R](self, task: Task[R]) -> Callable[[], R]:
        """Begin a task; what is returned waits for its result, and raises ``TaskFailed`` if there is none."""


def here[R](task: Task[R]) -> Callable[[], R]:
    """Run a task in this process, when its result is asked for: for notebooks."""
    return cache(task.run)


class Log(Protocol):
    """Is told what happens."""

    def step(self, name: str, shown: str = "", **details: Any) -> AbstractContextManager[None]:
        """One step: from its beginning to its end."""

    def warning(self, text: str) -> None:
        """Something that a reader should hear of."""


@dataclass(frozen=True)
class Progress:
    """Tells a callable what begins, and keeps nothing."""

    tell: Callable[[str], None] = lambda _: None

    def step(self, name: str, shown: str = "", **details: Any) -> AbstractContextManager[None]:
        """Tell it."""
        self.tell(shown or name)
        return nullcontext()

    def warning(self, text: str) -> None:
        """Nobody to tell."""
