"""Many tasks, whoever runs them: the same results in the same order, and none done twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reanalysis.engines.batches import Store, in_batches, local_processes


def square_roots(tasks: Sequence[float]) -> list[float]:
    return [float(np.sqrt(task)) for task in tasks]


class Interrupted(Exception):
    pass


class CountsAndStops:
    """Work that stops after some batches, as an interrupted process does."""

    def __init__(self, most: int = 10**9) -> None:
        self.batches = 0
        self.most = most

    def __call__(self, tasks: Sequence[float]) -> list[float]:
        if self.batches == self.most:
            raise Interrupted
        self.batches += 1
        return square_roots(tasks)


TASKS = [float(i) for i in range(103)]


@pytest.mark.parametrize("size", [1, 7, 103, 500])
def test_results_are_in_the_order_of_the_tasks_whatever_the_batch(size: int) -> None:
    assert in_batches(square_roots, TASKS, size=size) == square_roots(TASKS)


def test_no_task_gives_no_result() -> None:
    assert in_batches(square_roots, [], size=5) == []


def test_any_executor_gives_the_same_bits(tmp_path: Path) -> None:
    expected = square_roots(TASKS)
    with ThreadPoolExecutor(3) as threads:
        assert in_batches(square_roots, TASKS, size=10, executor=threads) == expected
        assert in_batches(square_roots, TASKS, size=10, executor=threads, store=Store(tmp_path, "x")) == expected


def test_local_processes_give_the_same_bits_and_one_worker_needs_none() -> None:
    with local_processes(2) as processes:
        assert isinstance(processes, Executor)
        assert in_batches(np.sqrt, [[1.0, 2.0], [3.0, 4.0]], size=1, executor=processes)[1].tolist() == [  # type: ignore[arg-type]
            float(np.sqrt(3.0)),
            2.0,
        ]
    with local_processes(1) as none:
        assert none is None


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    store = Store(tmp_path / "made", "key")
    first = CountsAndStops(most=4)
    with pytest.raises(Interrupted):
        in_batches(first, TASKS, size=10, store=store)
    second, told = CountsAndStops(), []
    found = in_batches(second, TASKS, size=10, store=store, progress=lambda done, of: told.append((done, of)))
    assert found == square_roots(TASKS)
    assert second.batches == 11 - 4
    assert told[0] == (40, 103)
    assert told[-1] == (103, 103)


def test_batches_of_another_key_are_not_read(tmp_path: Path) -> None:
    in_batches(square_roots, TASKS, size=10, store=Store(tmp_path, "one"))
    work = CountsAndStops()
    in_batches(work, TASKS, size=10, store=Store(tmp_path, "another"))
    assert work.batches == 11


def test_a_damaged_batch_is_done_again(tmp_path: Path) -> None:
    store = Store(tmp_path, "key")
    in_batches(square_roots, TASKS, size=50, store=store)
    damaged = sorted(tmp_path.iterdir())[1]
    damaged.write_text(damaged.read_text()[:20])
    work = CountsAndStops()
    assert in_batches(work, TASKS, size=50, store=store) == square_roots(TASKS)
    assert work.batches == 1


def test_work_that_loses_a_task_is_an_error() -> None:
    with pytest.raises(ValueError, match="gave 4 results"):
        in_batches(lambda tasks: square_roots(tasks[1:]), TASKS, size=5)


_PARENT = """
import time
from reanalysis.engines.batches import local_processes

if __name__ == "__main__":
    with local_processes(2) as executor:
        busy = [executor.submit(time.sleep, 120) for _ in range(2)]
        while len(executor._processes) < 2 or not all(one.running() for one in busy):
            time.sleep(0.05)
        print(*executor._processes, flush=True)
        time.sleep(120)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks /proc which processes run")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(_PARENT, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(number) for number in parent.stdout.readline().split()]
    assert len(workers) == 2
    parent.kill()
    parent.wait()
    for _ in range(200):
        if not any(_runs(worker) for worker in workers):
            break
        time.sleep(0.1)
    assert not any(_runs(worker) for worker in workers)
    parent.stdout.close()


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
