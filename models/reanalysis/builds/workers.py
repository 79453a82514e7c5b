"""Worker processes: several tasks at once, each in a process whose end is the failure of that task alone.

A process takes one task at a time, so that whatever ends it has a name, and stays for the next one; where it ends
another one follows. Models are compiled once in a process: tasks that sample share the first. A process writes no file.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from reanalysis.stages import Time, spent
from reanalysis.stages import stage as counted

if TYPE_CHECKING:
    from reanalysis.analysis.task import Task

MOST = 4
"""Processes at most: each loads the whole package."""
_MOST_SAID = 8000
_STARTING = Lock()
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Linear algebra on one thread: processes do not crowd each other out, and sums have one order on every machine."""


@dataclass(frozen=True)
class Computed:
    """What a process gives back."""

    content: bytes  # the result as :func:`~reanalysis.builds.frozen.freeze` keeps it
    stages: dict[str, Time]  # where the time went


@dataclass(frozen=True)
class _Raised:
    reason: str
    details: str


class Workers:
    """So many processes that run tasks, each started when there is a task for it, with variables of its environment."""

    def __init__(self, count: int = 1, environment: dict[str, str] | None = None) -> None:
        self._waiting: list[tuple[Task[Any], str, Future[Computed]]] = []
        self._changed, self._closed = Condition(), False
        variables = _ONE_THREAD | (environment or {})
        self._lanes = [_Lane(variables) for _ in range(max(1, min(count, MOST)))]
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        for lane in self._lanes:
            lane.end()
        for thread in self._threads:
            thread.join()
        for lane in self._lanes:
            lane.close()

    def begin(self, task: Task[Any], stage: str) -> Future[Computed]:
        """Let a process run a task; its time, but for stages within it, belongs to a stage.

        The future raises ``TaskFailed`` if the task raises, or its process ends.
        """
        future: Future[Computed] = Future()
        with self._changed:
            self._waiting.append((task, stage, future))
            self._changed.notify_all()
        if not self._threads:
            self._threads = [Thread(target=self._serve, args=(n,), daemon=True) for n in range(len(self._lanes))]
            for thread in self._threads:
                thread.start()
        return future

    def _serve(self, number: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # also in the process that it starts: we decide
        while True:
            with self._changed:
                while not self._closed and self._next(number) is None:
                    self._changed.wait()
                chosen = self._next(number)
                if self._closed or chosen is None:
                    return
                task, stage, future = self._waiting.pop(chosen)
            try:
                future.set_result(self._lanes[number].run(task, stage))
            except BaseException as error:
                future.set_exception(error)

    def _next(self, number: int) -> int | None:
        """The task that a process takes: the first samples where anything is to be sampled, the others never do."""
        sampled = [index for index, (task, _, _) in enumerate(self._waiting) if task.samples]
        if number == 0 and sampled:
            return sampled[0]
        return next((index for index in range(len(self._waiting)) if index not in sampled), None)


class _Lane:
    """One process after the other."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment, self._closed = environment, False
        self._executor: ProcessPoolExecutor | None = None
        self._process: BaseProcess | None = None
        self._said: IO[bytes] | None = None

    def run(self, task: Task[Any], stage: str) -> Computed:
        from reanalysis.analysis.task import TaskFailed

        request = pickle.dumps(task)
        try:
            found = self._running().submit(_run, request, stage).result()
        except BrokenExecutor:
            raise TaskFailed(*self._ended()) from None
        if isinstance(found, _Raised):
            raise TaskFailed(found.reason, found.details)
        return found

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            handle, name = tempfile.mkstemp()
            self._said = os.fdopen(handle, "rb")
            self._executor = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_begin, initargs=(name, self._environment)
            )
            try:
                with _without_script():
                    if self._closed:
                        raise BrokenExecutor
                    others = active_children()
                    began = self._executor.submit(os.getpid)  # starts the process
                    self._process = next((child for child in active_children() if child not in others), None)
                began.result()
            finally:
                os.unlink(name)  # noqa: PTH108 - both sides have it open
        return self._executor

    def _ended(self) -> tuple[str, str]:
        """How the process ended, and the last that it wrote to standard error."""
        executor, process, said = self._executor, self._process, self._said
        self._executor = self._process = self._said = None
        if executor is not None:
            executor.shutdown(wait=True)
        if process is not None:
            process.join(2)
        code = process.exitcode if process is not None else None
        if said is None:
            return _words(code), ""
        with said:
            said.seek(0, os.SEEK_END)
            said.seek(max(0, said.tell() - _MOST_SAID))
            return _words(code), said.read().decode("utf-8", "replace").strip()

    def end(self) -> None:
        """Let the process end, at once where it is at work; no other is started."""
        with _STARTING:
            self._closed = True
            process = self._process
        if process is not None:
            with suppress(ValueError):
                process.kill()  # it holds nothing that an orderly end would save

    def close(self) -> None:
        """Let go of the process and what it wrote; nothing may run any more."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
        if self._said is not None:
            self._said.close()


def _words(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process was ended by signal {-code}"
    return f"its process ended by itself with exit code {code}"


@contextmanager
def _without_script() -> Iterator[None]:
    """Let a new process not load the script that is being run: one that has no guard would build in there too."""
    main = sys.modules["__main__"]
    with _STARTING:
        kept: dict[str, Any] = {
            name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
        }
        main.__spec__ = None
        try:
            yield
        finally:
            main.__dict__.update(kept)


def _begin(said: str, environment: dict[str, str]) -> None:
    """In a new process, before anything is loaded: its variables, where its words go, and the end of its parent."""
    os.environ.update(environment)
    target = os.open(said, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)
    if "xarray" not in sys.modules:  # which would load dask where it is installed, for 2 s; no task has any use for it
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]
    faulthandler.enable()
    from reanalysis.engines.batches import end_with_parent

    end_with_parent()


def _run(request: bytes, stage: str) -> Computed | _Raised:
    try:
        spent()
        with counted("loading"):
            task = pickle.loads(request)
            from reanalysis.builds.frozen import freeze

        with counted(stage):
            content = freeze(task.run())
        return Computed(content, spent())
    except Exception as error:
        own = type(error).__module__.startswith("reanalysis.")
        said = str(error) if own else f"{type(error).__name__}: {error}"
        return _Raised(said, "" if own else traceback.format_exc()[-_MOST_SAID:])
