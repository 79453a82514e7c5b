"""A build may be killed anywhere: readers find one whole build, the next build succeeds, and nothing piles up."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import COMMAND, Commands
from builds.published import litter, store_of, title_of

QUADRATURE = ("--engine", "quadrature")


def two_reports(folder: Path) -> list[Path]:
    return [evidence_folders.one_endpoint(folder / name, f"Report {name}") for name in ("A", "B")]


@pytest.mark.xdist_group("kills")
@pytest.mark.parametrize(
    ("before", "publishing"), [pytest.param(1, 1, id="every", marks=pytest.mark.slow), pytest.param(12, 4, id="some")]
)
def test_a_kill_before_any_step_or_any_change_of_a_name_leaves_one_whole_report(
    commands: Commands, tmp_path: Path, before: int, publishing: int
) -> None:
    """Before every one, or at some places before publishing, and closer to each other while that goes on."""
    reports, out, reached = two_reports(tmp_path), tmp_path / "out", tmp_path / "reached"

    def build(report: Path, **faults: object) -> int:
        return commands.run("report", report, "--out", out, *QUADRATURE, **faults).code

    for report in (*reports, *reports):
        assert build(report, reached=str(reached)) == 0
        points = reached.read_text().splitlines()
        reached.unlink()
    assert {"begin publishing", "symlink_to", "replace", "rename", "remove"} <= set(points)
    assert len(points) > 35
    now, begun = 1, points.index("begin publishing")
    for number in (*range(1, begun, before), *range(begun, len(points) + 1, publishing)):
        reached.unlink(missing_ok=True)
        code = build(reports[1 - now], kill_at=number, reached=str(reached))
        assert code == -signal.SIGKILL
        passed = reached.read_text().splitlines()[:-1]  # before the last it was killed
        switched = "begin publishing" in passed and "replace" in passed[passed.index("begin publishing") :]
        now = 1 - now if switched else now
        assert title_of(out) == f"Report {'AB'[now]}"  # complete, and the old one until the moment of the switch
        assert len(litter(out)) <= 3
        if number % 9 == 0 or number > begun:  # else the next one that is killed is the next build
            assert build(reports[1 - now]) == 0
            now = 1 - now
            assert title_of(out) == f"Report {'AB'[now]}"
            assert litter(out) == set()


@pytest.mark.xdist_group("kills")
@pytest.mark.parametrize(
    ("exchange", "every"),
    [
        pytest.param(True, 1, id="exchanged", marks=pytest.mark.slow),
        pytest.param(False, 1, id="moved", marks=pytest.mark.slow),
        pytest.param(False, 2, id="moved, some"),
    ],
)
def test_a_plain_folder_is_moved_aside_once_whatever_is_killed(
    commands: Commands, tmp_path: Path, shared: dict[str, str], exchange: bool, every: int
) -> None:
    """Reports of an older layout are plain folders; ``moved`` is a system that cannot exchange two names at once."""
    report = evidence_folders.one_endpoint(tmp_path / "A", "Report A")
    out, first, reached = tmp_path / "out", tmp_path / "first", tmp_path / "reached"

    def build(target: Path, **faults: object) -> int:
        faults |= {"exchange": exchange}
        return commands.run("report", report, "--out", target, *QUADRATURE, env=shared, **faults).code

    def start_over() -> None:
        subprocess.run(["rm", "-rf", out, store_of(out)], check=True)
        subprocess.run(["cp", "-r", f"{first.resolve()}", out], check=True)
        (out / "manifest.json").write_text((out / "manifest.json").read_text().replace('"key": "', '"key": "older'))

    assert build(first) == 0
    for _ in range(2):  # the second time with everything at hand, as every time after it
        start_over()
        reached.unlink(missing_ok=True)
        assert build(out, reached=str(reached)) == 0
    points = reached.read_text().splitlines()
    for number in range(points.index("begin publishing") + 2, points.index("begin tidying") + 2, every):
        start_over()
        assert build(out, kill_at=number) == -signal.SIGKILL
        if exchange:
            assert title_of(out) == "Report A"
        assert build(out) == 0
        assert out.is_symlink()
        assert title_of(out) == "Report A"
        previous = store_of(out) / "previous"
        assert "older" in (previous / "manifest.json").read_text()
    assert litter(out) == set()


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False], ids=["recalled", "computed"])
def test_kill_9_at_random_moments(tmp_path: Path, kept: bool) -> None:
    reports, out = two_reports(tmp_path), tmp_path / "out"
    moments = random.Random(20240501)

    def start(number: int) -> subprocess.Popen[bytes]:
        fresh = () if kept else ("--fresh",)
        return subprocess.Popen(
            [COMMAND, "report", reports[number % 2], "--out", out, *QUADRATURE, "--quiet", *fresh],
            stdin=subprocess.DEVNULL,
        )

    lasted = 0.0
    for number in (0, 1, 0, 1):
        began = time.monotonic()
        assert start(number).wait() == 0
        lasted = time.monotonic() - began
    for number in range(25):
        build = start(number)
        time.sleep(moments.uniform(0, lasted))
        os.kill(build.pid, signal.SIGKILL)
        build.wait()
        assert title_of(out) in ("Report A", "Report B")
        assert len(litter(out)) <= 4
    for number in (1, 0):
        assert start(number).wait() == 0
    assert litter(out) == set()
