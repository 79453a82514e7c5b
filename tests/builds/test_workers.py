"""Worker processes: what ends one is the failure of its task, and no other task is lost."""

from __future__ import annotations

import faulthandler
import json
import math
import operator
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reanalysis.analysis.task import Task, TaskFailed
from reanalysis.builds.frozen import thaw
from reanalysis.builds.workers import Workers
from reanalysis.stages import Time, added, as_json, spent, stage


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2, {"SAID": "here"}) as found:
        yield found


def result(workers: Workers, task: Task[Any]) -> Any:
    return thaw(workers.begin(task, "own").result(timeout=120).content)


def test_a_process_that_dies_is_one_failure_with_what_it_wrote(workers: Workers) -> None:
    dying = [
        (Task("fit", faulthandler._sigsegv), "its process was ended by SIGSEGV"),  # type: ignore[attr-defined]
        (Task("fit", os._exit, (3,)), "its process ended by itself with exit code 3"),
    ]
    begun = [(workers.begin(task, "own"), reason) for task, reason in dying]
    others = [workers.begin(Task("fit", math.factorial, (n,)), "own") for n in range(5)]
    for future, reason in begun:
        with pytest.raises(TaskFailed, match=reason) as failed:
            future.result(timeout=120)
        if "SIGSEGV" in reason:
            assert "Segmentation fault" in failed.value.details
    assert [thaw(one.result(timeout=120).content) for one in others] == [1, 1, 2, 6, 24]


def test_an_error_is_one_failure_with_its_traceback(workers: Workers) -> None:
    with pytest.raises(TaskFailed, match="ZeroDivisionError: division by zero") as failed:
        result(workers, Task("fit", operator.truediv, (1, 0)))
    assert "Traceback" in failed.value.details
    with pytest.raises(TaskFailed, match="no_such_thing"):
        result(workers, Task("fit", operator.attrgetter("no_such_thing"), (1,)))


def test_what_samples_shares_one_process_and_leaves_the_other_to_the_rest(workers: Workers) -> None:
    sampling = [workers.begin(Task("check", os.getpid, samples=True), "own") for _ in range(4)]
    (one,) = {thaw(future.result(timeout=120).content) for future in sampling}
    at_work = workers.begin(Task("check", time.sleep, (2,), samples=True), "own")
    others = {result(workers, Task("fit", os.getpid)) for _ in range(4)}
    assert one not in others
    at_work.result(timeout=120)


def test_variables_reach_the_process_before_numpy_is_loaded(workers: Workers) -> None:
    assert result(workers, Task("fit", os.getenv, ("SAID",))) == "here"
    assert result(workers, Task("fit", os.getenv, ("OPENBLAS_NUM_THREADS",))) == "1"


def test_a_script_without_a_guard_is_not_run_again_in_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import math, json\n"
        "print('begun', flush=True)\n"
        "from reanalysis.analysis.task import Task\n"
        "from reanalysis.builds.frozen import thaw\n"
        "from reanalysis.builds.workers import Workers\n"
        "with Workers(1) as workers:\n"
        "    print(json.dumps(thaw(workers.begin(Task('fit', math.factorial, (4,)), 'own').result().content)))\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["begun", "24"], "")


def test_xarray_works_in_a_process_without_what_it_would_load_for_nothing(workers: Workers) -> None:
    asked = "__import__('xarray').DataArray([1.0]).mean().item(), 'dask.array' in __import__('sys').modules"
    assert result(workers, Task("fit", eval, (asked,))) == (1.0, False)


def test_the_time_of_a_stage_within_another_is_counted_once(workers: Workers) -> None:
    spent()
    began = time.perf_counter()
    with stage("outer"):
        time.sleep(0.02)
        with stage("inner"):
            time.sleep(0.05)
    whole = time.perf_counter() - began
    found = spent()
    assert found["inner"].seconds >= 0.05
    assert found["outer"].seconds >= 0.02
    assert found["outer"].seconds + found["inner"].seconds <= whole
    assert spent() == {}
    both = added(found, {"inner": Time(1.0, 1.0)})
    assert both["inner"].seconds == found["inner"].seconds + 1
    assert set(json.loads(json.dumps(as_json(both)))) == {"outer", "inner"}
    computed = workers.begin(Task("fit", time.sleep, (0.05,)), "own").result(timeout=120)
    assert set(computed.stages) == {"loading", "own"}
    assert computed.stages["own"].seconds >= 0.05
