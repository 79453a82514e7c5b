"""Where a build cannot write it says so in one line, and the last report stays whole."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import Commands
from builds.published import litter, store_of, title_of

QUADRATURE = ("--engine", "quadrature")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes, full after a build or two."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk(commands: Commands, tmp_path: Path, shared: dict[str, str], small_disk: Path) -> None:
    report_a, report_b = (evidence_folders.one_endpoint(tmp_path / x, f"Report {x}") for x in "AB")
    out = small_disk / "out"
    assert commands.run("report", report_a, "--out", out, *QUADRATURE, env=shared).code == 0
    free = shutil.disk_usage(small_disk).free
    with (small_disk / "filler").open("wb") as filler:
        filler.write(b"x" * (free - 200_000))
    ended = commands.run("report", report_b, "--out", out, *QUADRATURE, env=shared)
    assert ended.code == 1
    assert_one_clear_error(ended.err)
    assert title_of(out) == "Report A"
    (small_disk / "filler").unlink()
    assert commands.run("report", report_b, "--out", out, *QUADRATURE, env=shared).code == 0
    assert title_of(out) == "Report B"
    assert litter(out) == set()


@pytest.mark.parametrize(
    "bytes_allowed", [4_000, 700_000, *(pytest.param(n, marks=pytest.mark.slow) for n in (0, 150_000))]
)
def test_a_limit_on_the_size_of_files(
    commands: Commands, tmp_path: Path, shared: dict[str, str], bytes_allowed: int
) -> None:
    """What a full disk does to a write, without a disk: the system refuses what lies beyond a limit."""
    report_a, report_b = (evidence_folders.one_endpoint(tmp_path / x, f"Report {x}") for x in "AB")
    out = tmp_path / "out"
    assert commands.run("report", report_a, "--out", out, *QUADRATURE, env=shared).code == 0
    ended = commands.run("report", report_b, "--out", out, *QUADRATURE, env=shared, file_size=bytes_allowed)
    assert ended.code != 0
    assert title_of(out) == "Report A"
    if bytes_allowed:
        assert ended.code == 1
        assert_one_clear_error(ended.err)
    assert commands.run("report", report_b, "--out", out, *QUADRATURE, env=shared).code == 0
    assert title_of(out) == "Report B"
    assert litter(out) == set()


@pytest.mark.parametrize("where", ["under a file", "of no right"])
def test_a_folder_that_cannot_be_written_to(
    commands: Commands, tmp_path: Path, shared: dict[str, str], where: str
) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    place = tmp_path / "place"
    if where == "under a file":
        place.write_text("")
    elif os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere")
    else:
        place.mkdir(mode=0o500)
    ended = commands.run("report", folder, "--out", place / "out", *QUADRATURE, env=shared)
    assert ended.code == 1
    assert_one_clear_error(ended.err)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda out: out.write_text("mine"), "is a file, not a folder"),
        (lambda out: (out.mkdir(), (out / "thesis.txt").write_text("mine")), "holds files that are not a report"),
        (lambda out: out.symlink_to("/etc"), "is a link to /etc, which is no build of this tool"),
    ],
    ids=["file", "other files", "link"],
)
def test_what_is_no_report_is_not_replaced(
    commands: Commands, tmp_path: Path, shared: dict[str, str], make: object, told: str
) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    make(tmp_path / "out")  # type: ignore[operator]
    before = sorted(path.name for path in tmp_path.rglob("*"))
    ended = commands.run("report", folder, "--out", tmp_path / "out", *QUADRATURE, env=shared)
    assert ended.code == 2
    assert told in ended.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_malformed_evidence_writes_nothing(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.write(tmp_path / "evidence", "Trial A,control,x,50,40\n")
    ended = commands.run("report", folder, "--out", tmp_path / "out", *QUADRATURE, env=shared)
    assert ended.code == 2
    assert {path.name for path in tmp_path.iterdir()} == {"evidence"}


def assert_one_clear_error(err: str) -> None:
    lines = [line for line in err.splitlines() if not line.startswith("warning: cache ")]
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    assert "Traceback" not in err


def test_the_store_stands_beside_the_report(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    out = tmp_path / "deep" / "out"
    assert commands.run("report", folder, "--out", out, *QUADRATURE, env=shared).code == 0
    assert {path.name for path in out.parent.iterdir()} == {"out", ".out.builds"}
    modes = {path.stat().st_mode & 0o777 for path in out.resolve().rglob("*") if path.is_file()}
    assert modes == {0o666 & ~current_umask()}  # posteriors too
    assert store_of(out).is_dir()


def current_umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
