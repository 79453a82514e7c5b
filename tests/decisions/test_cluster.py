"""A Dask cluster gives the bits that this process gives, and loses nothing with a worker."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.command import run
from decisions.test_designs import GRID
from evidence.folders import ANAKINRA
from reanalysis.decisions.design_grid import evaluate_all
from reanalysis.decisions.next_trial import evaluate
from reanalysis.engines.batches import in_batches
from reanalysis.engines.cluster import cluster

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.xdist_group("cluster"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """Loops and sockets that Dask leaves to the collector are collected here, and blamed on no later test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp://"
    ) as running:
        yield running


def test_two_worker_processes_give_the_bits_of_this_one(local: Any) -> None:
    with cluster(local.scheduler_address) as executor:
        assert evaluate_all(GRID, executor) == [evaluate(trial) for trial in GRID]


def once_killed(tasks: Sequence[str]) -> list[int]:
    """The id of the process that did it; the first to try one task is killed."""
    for task in tasks:
        path = Path(task)
        if path.name == "deadly" and not path.exists():
            path.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
    return [os.getpid()] * len(tasks)


def test_a_killed_worker_loses_nothing(local: Any, tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a", "deadly", "b", "c")]
    with cluster(local.scheduler_address) as executor:
        found = in_batches(once_killed, names, size=1, executor=executor)
    killed = int((tmp_path / "deadly").read_text())
    assert len(found) == 4
    assert found[1] != killed
    assert os.getpid() not in found


def test_the_command_takes_a_scheduler(local: Any) -> None:
    request = ("design", ANAKINRA, "--endpoint", "icans_any", "--n", "5,7", "--baseline", 0.3, "--format", "json")
    here, there = run(*request), run(*request, "--cluster", local.scheduler_address)
    assert there.code == 0
    assert there.json == here.json


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost", "--cluster 'localhost': must be the address of a Dask scheduler, such as tcp://host:8786"),
        ("tcp://127.0.0.1:9", "--cluster tcp://127.0.0.1:9: no scheduler answers"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_clear_error(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reanalysis.engines.cluster._WAIT", "2s")
    before = set(threading.enumerate())
    ended = run("design", ANAKINRA, "--endpoint", "icans_any", "--n", 5, "--baseline", 0.3, "--cluster", address)
    assert (ended.code, ended.out, ended.errors) == (2, "", [said])
    assert {thread for thread in threading.enumerate() if "loop" in thread.name.lower()} <= before
