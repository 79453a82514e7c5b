"""How long does a call take, and how busy is the machine meanwhile?"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reanalysis.engines.fit import fit
from reanalysis.estimands.table import estimates, probabilities
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.selection import default_spec, select

DATA = Path(__file__).parents[2] / "data" / "anakinra"
WORKERS = 2


@dataclass(frozen=True)
class Timing:
    """Milliseconds of a call."""

    least: float
    median: float


def milliseconds(work: Callable[[], object], runs: int, clock: Callable[[], float] = time.perf_counter) -> Timing:
    """Time of some runs of a call."""
    times = []
    for _ in range(runs):
        start = clock()
        work()
        times.append(1e3 * (clock() - start))
    return Timing(min(times), statistics.median(times))


def three_studies(evidence: Evidence) -> Callable[[], object]:
    """Every reported quantity of the three-study ICANS posterior: what else takes is told as a multiple of it."""
    spec = default_spec(evidence)
    data = select(evidence, spec, "icans_any").data

    def reported() -> object:
        posterior = fit(spec, data)
        return estimates(posterior), probabilities(posterior)

    reported()
    return reported


@dataclass
class Watch:
    """Seconds of a block: on the wall, and of processor time, with that of the processes that ended within it."""

    wall: float = 0.0
    processor: float = 0.0
    load: str = ""

    def __str__(self) -> str:
        return f"{self.wall:9.1f} s   (processor time {self.processor:.1f} s, {self.load})"


@contextmanager
def watch() -> Iterator[Watch]:
    """Time a block; the result is complete when the block has ended."""
    found, wall, processor = Watch(), time.perf_counter(), _processor()
    yield found
    found.wall, found.processor = time.perf_counter() - wall, _processor() - processor
    found.load = load()


def load() -> str:
    """Processes that wanted a processor in the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@dataclass(frozen=True)
class Metered[T, R]:
    """Work of a batch, each result with its share of the processor time that the batch took its worker."""

    work: Callable[[Sequence[T]], list[R]]

    def __call__(self, tasks: Sequence[T]) -> list[tuple[R, float]]:
        start = time.process_time()
        results = self.work(tasks)
        return [(result, (time.process_time() - start) / len(tasks)) for result in results]
