"""Thousands of fits distributed over processes, and continued after an interruption.

Work is cut into batches by its order alone, never by the number of workers, so that any number of them gives the same
bits. Where the batches run is the caller's: any ``concurrent.futures.Executor`` will do, local processes or a
cluster's, and none at all runs them here.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

from reanalysis.engines.threads import one_thread
from reanalysis.files import write_whole

Progress = Callable[[int, int], None]
"""Called with the number of tasks done and of all tasks."""


@dataclass(frozen=True)
class Store:
    """Where finished batches are kept, so that an interrupted run goes on where it stopped."""

    folder: Path
    """Made where it is missing; one JSON file a batch."""
    key: str
    """Everything the results depend on. Batches stored under another key are not read."""

    def _path(self, batch: int) -> Path:
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:16]
        return self.folder / f"{digest}-{batch:05d}.json"

    def load(self, batch: int) -> list[Any] | None:
        """Results of a finished batch, None where there are none."""
        try:
            return list(json.loads(self._path(batch).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return None

    def save(self, batch: int, results: list[Any]) -> None:
        """Keep the results of a batch, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._path(batch), json.dumps(results).encode())


def in_batches[T, R](
    work: Callable[[Sequence[T]], list[R]],
    tasks: Sequence[T],
    *,
    size: int,
    executor: Executor | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
) -> list[R]:
    """Results of all tasks in their order.

    Parameters
    ----------
    work : callable
        From the tasks of a batch to as many results; a function of a module, so that another process can load it.
    tasks : sequence
        What to work on.
    size : int
        Tasks in a batch.
    executor : Executor, optional
        What runs the batches; by default they run here, one after the other.
    store : Store, optional
        Keeps finished batches and brings them back; results are then plain JSON values.
    progress : callable, optional
        Called after every batch.

    Raises
    ------
    Exception
        Whatever ``work`` raises; batches finished by then are kept.
    """
    batches = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    found = [store.load(i) if store else None for i in range(len(batches))]
    done = sum(len(results) for results in found if results is not None)
    if progress:
        progress(done, len(tasks))
    missing = [i for i, results in enumerate(found) if results is None]
    for i, results in _computed(work, batches, missing, executor):
        if len(results) != len(batches[i]):
            raise ValueError(f"a batch of {len(batches[i])} tasks gave {len(results)} results")
        if store:
            store.save(i, results)
        found[i] = results
        done += len(results)
        if progress:
            progress(done, len(tasks))
    return [result for results in found if results is not None for result in results]


def _computed[T, R](
    work: Callable[[Sequence[T]], list[R]],
    batches: list[Sequence[T]],
    missing: list[int],
    executor: Executor | None,
) -> Iterator[tuple[int, list[R]]]:
    """Batches as they finish."""
    if executor is None:
        for i in missing:
            yield i, _on_one_thread(work, batches[i])
        return
    futures: dict[Future[list[R]], int] = {executor.submit(_on_one_thread, work, batches[i]): i for i in missing}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _on_one_thread[T, R](work: Callable[[Sequence[T]], list[R]], tasks: Sequence[T]) -> list[R]:
    """Linear algebra on one thread: workers do not crowd each other out, and sums have one order."""
    with one_thread():
        return work(tasks)


def available_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def local_processes(workers: int | None = None) -> Iterator[Executor | None]:
    """An executor of local processes; None, for work that stays in this process, where one worker is enough.

    Parameters
    ----------
    workers : int, optional
        Processes, by default as many as there are processors.
    """
    workers = workers or available_workers()
    if workers == 1:
        yield None
        return
    # a fresh interpreter each: a fork of a process whose threads hold locks may never return
    before = set(active_children())
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent) as executor:
        try:
            yield executor
        except KeyboardInterrupt:
            for process in set(active_children()) - before:
                process.kill()  # nobody waits for the batches at work
            raise


def end_with_parent() -> None:
    """End this worker when the process that started it is killed: its queue would never tell."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    Thread(target=watch, daemon=True).start()
