"""The runner of builds: what was computed before is recalled, the rest is left to worker processes and kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import TYPE_CHECKING, Any

from reanalysis.analysis.task import Task, TaskFailed
from reanalysis.builds.frozen import thaw
from reanalysis.builds.keys import task_key
from reanalysis.stages import Time, added, as_json

if TYPE_CHECKING:
    from reanalysis.builds.cache import ResultCache
    from reanalysis.builds.log import BuildLog
    from reanalysis.builds.workers import Computed, Workers

STAGES = {"fit": "quadrature", "sensitivity": "quadrature", "model": "quadrature", "check": "checks"}
"""Stage of each kind of task that is not called like its kind; compiling and sampling count on their own."""


class RecallingRunner:
    """Recalls what was computed before, and leaves the rest to workers.

    A task that was begun is not begun again. Both ways go through the same bytes, so a recalled result is the computed
    one to the last bit. The log is told where each result came from.
    """

    def __init__(self, cache: ResultCache, workers: Workers, log: BuildLog) -> None:
        self._cache, self._workers, self._log = cache, workers, log
        self._begun: dict[str, Callable[[], Any]] = {}
        self.stages: dict[str, Time] = {}

    def __call__[R](self, task: Task[R]) -> Callable[[], R]:
        """Begin a task."""
        key = task_key(task)
        if key not in self._begun:
            self._begun[key] = self._result(task, key)
        return self._begun[key]

    def _result(self, task: Task[Any], key: str) -> Callable[[], Any]:
        kept = self._cache.get(task.kind, key)
        if kept is not None:
            self._log.event(task.kind, **task.about, key=key, **{"from": "cache"})
            return lambda: kept
        begun = self._workers.begin(task, STAGES.get(task.kind, task.kind))
        return cache(lambda: self._waited_for(task, key, begun))

    def _waited_for(self, task: Task[Any], key: str, begun: Future[Computed]) -> Any:
        try:
            computed = begun.result()
        except TaskFailed as error:
            said = {"reason": error.reason, "details": error.details}
            self._log.event("failure", kind=task.kind, **task.about, **said)
            raise
        self.stages = added(self.stages, computed.stages)
        self._cache.put(task.kind, key, computed.content)
        self._log.event(task.kind, **task.about, key=key, stages=as_json(computed.stages), **{"from": "computed"})
        return thaw(computed.content)
