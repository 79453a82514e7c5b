"""One build at a time: the others say who is building, or wait; a lock does not outlive its process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from filelock import FileLock

from builds import evidence_folders
from builds.commands import COMMAND, Commands, events
from builds.published import store_of, title_of

QUADRATURE = ("--engine", "quadrature")


def published_builds(log: Path) -> int:
    return sum(e["event"] == "end" and e.get("step") == "publishing" for e in events(log))


@pytest.mark.parametrize(
    ("wait", "count"),
    [(False, 8), (True, 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((False, 2), (True, 8)))],
    ids=["fail-8", "wait-2", "fail-2", "wait-8"],
)
def test_builds_started_together_publish_once(
    commands: Commands, tmp_path: Path, shared: dict[str, str], count: int, wait: bool
) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    out, log = tmp_path / "out", tmp_path / "log"
    waiting = ("--wait",) if wait else ()
    arguments = ("report", folder, "--out", out, *QUADRATURE, "--log", log, *waiting)
    started = [commands.start(*arguments, "--fresh", env=shared)]
    while not any(e.get("step") == "endpoint" for e in (events(log) if log.exists() else ())):
        time.sleep(0.02)  # the first holds the folder
    started += [commands.start(*arguments, env=shared) for _ in range(count - 1)]
    ended = [commands.wait(process) for process in started]
    assert sorted(e.code for e in ended) == ([0] * count if wait else [0] + [4] * (count - 1))
    assert published_builds(log) == 1
    for one in ended:
        if one.code == 4:
            assert f"{out}: held by process {started[0]} of " in one.err
            assert "ago)" in one.err
            assert one.out == ""
    assert title_of(out) == "Re-analysis of evidence"


def test_a_wait_has_an_end(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    out, log = tmp_path / "out", tmp_path / "log"
    store_of(out).mkdir()
    with FileLock(store_of(out) / "lock"):
        ended = commands.run("report", folder, "--out", out, "--wait-limit", 0.5, "--log", log, *QUADRATURE, env=shared)
    assert (ended.code, ended.out) == (4, "")
    assert f"{out}: held by another build, after 0.5 seconds of waiting; try again later\n" in ended.err
    assert "waiting" in [e["event"] for e in events(log)]
    refused = commands.run("report", folder, "--out", out, "--wait-limit", 0, *QUADRATURE, env=shared)
    assert (refused.code, refused.err) == (2, "error: --wait-limit 0: must be a number of seconds above 0\n")


def test_two_commands_started_in_the_same_moment(tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    out = tmp_path / "out"
    arguments = [COMMAND, "report", folder, "--out", out, *QUADRATURE]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    builds = [subprocess.Popen(arguments, env=shared, **streams) for _ in range(2)]
    ended = sorted(build.wait() for build in builds)
    assert ended in ([0, 4], [0, 0])  # the second may come when the first has published: then nothing has changed
    assert len([path for path in store_of(out).iterdir() if path.name.startswith("0")]) == 1
    assert title_of(out) == "Re-analysis of evidence"


def test_a_lock_left_by_a_killed_build_is_taken_over(
    commands: Commands, tmp_path: Path, shared: dict[str, str]
) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    out, log = tmp_path / "out", tmp_path / "log"
    killed = commands.run("report", folder, "--out", out, *QUADRATURE, env=shared, kill_at=8)
    assert killed.code == -signal.SIGKILL
    assert (store_of(out) / "holder.json").exists()
    ended = commands.run("report", folder, "--out", out, *QUADRATURE, "--log", log, env=shared)
    assert ended.code == 0
    taken = [e["text"] for e in events(log) if e["event"] == "taken over"]
    assert len(taken) == 1
    assert "did not end in order" in taken[0]
    assert not (store_of(out) / "holder.json").exists()


def test_another_folder_is_not_held(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    started = [
        commands.start("report", folder, "--out", tmp_path / name, *QUADRATURE, env=shared) for name in ("one", "two")
    ]
    assert [commands.wait(process).code for process in started] == [0, 0]


def test_no_process_outlives_a_killed_build(commands: Commands, tmp_path: Path) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    log = tmp_path / "log"
    build = commands.start("report", folder, "--out", tmp_path / "out", *QUADRATURE, "--log", log, spawned=True)
    worker = None
    while worker is None:
        time.sleep(0.02)
        worker = next(iter(children_of(build)), None)
    os.kill(build, signal.SIGKILL)
    commands.wait(build)
    for _ in range(500):
        if not Path(f"/proc/{worker}").exists():
            return
        time.sleep(0.02)
    pytest.fail("the process of the fits is still there")


def children_of(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []
