"""Where a build reads and writes, how that was typed, and what an environment may say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import Commands, command, events
from reanalysis.builds.build import build_report
from reanalysis.builds.cache import ResultCache
from reanalysis.builds.publish import PlainCopy
from reanalysis.evidence.problems import InvalidInput

QUADRATURE = ("--engine", "quadrature")


def test_a_folder_is_the_same_however_it_is_typed(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    evidence_folders.one_endpoint(tmp_path / "evidence")
    said = []
    for spelling in ("evidence", "./evidence", "evidence/", "evidence/../evidence", tmp_path / "evidence"):
        ended = commands.run("report", spelling, "--out", "out", *QUADRATURE, env=shared, cwd=tmp_path)
        said.append("unchanged" in ended.out)
    assert said == [False, True, True, True, True]


def test_a_plain_copy_follows_the_report(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    out, copy = tmp_path / "out", tmp_path / "copy"
    for title in ("A", "B"):
        folder = evidence_folders.one_endpoint(tmp_path / title, f"Report {title}")
        assert commands.run("report", folder, "--out", out, "--copy", copy, *QUADRATURE, env=shared).code == 0
        assert copy.is_dir()
        assert not copy.is_symlink()
        files = sorted(path.relative_to(copy) for path in copy.rglob("*") if path.is_file())
        assert files == sorted(path.relative_to(out.resolve()) for path in out.resolve().rglob("*") if path.is_file())
        assert all((copy / path).read_bytes() == (out / path).read_bytes() for path in files)
    assert {path.name for path in tmp_path.iterdir()} == {"A", "B", "out", ".out.builds", "copy"}
    (copy / "results.json").write_text("altered")
    assert commands.run("report", tmp_path / "B", "--out", out, "--copy", copy, *QUADRATURE, env=shared).code == 0
    assert (copy / "results.json").read_bytes() == (out / "results.json").read_bytes()


def test_a_copy_replaces_nothing_but_a_copy(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("mine")
    for folder, said in ((mine, "holds files that are not a report"), (mine / "letter.txt", "is a file"), ("/", "/")):
        with pytest.raises(InvalidInput, match=said):
            PlainCopy(Path(folder))
    assert (mine / "letter.txt").read_text() == "mine"


def test_no_build_replaces_the_root() -> None:
    with pytest.raises(InvalidInput, match="--out /: is no folder that can be replaced"):
        build_report(Path("nowhere"), Path("/"))


@pytest.mark.parametrize(("date", "code"), [("", 0), ("yesterday", 2), ("4354819200", 2)])
def test_dates_that_an_environment_may_hold(tmp_path: Path, date: str, code: int) -> None:
    folder = evidence_folders.one_endpoint(tmp_path)
    arguments = ("fit", folder, "--endpoint", "infection", "--format", "json")
    ended = command(*arguments, env=os.environ | {"SOURCE_DATE_EPOCH": date})
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    assert ("SOURCE_DATE_EPOCH" in ended.err) == (code == 2)


def test_a_log_ends_with_the_reason_and_the_exit_code(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert command("report", tmp_path / "nowhere", "--out", tmp_path / "out", "--log", log).code == 2
    last = events(log)[-1]
    assert last["event"] == "ended"
    assert last["exit_code"] == 2
    assert "nowhere: does not exist" in last["error"]


def test_no_command_leaves_temporary_files(tmp_path: Path) -> None:
    folder, temporary = evidence_folders.one_endpoint(tmp_path / "evidence"), tmp_path / "temporary"
    temporary.mkdir()
    arguments = ("report", folder, "--out", tmp_path / "out", *QUADRATURE)
    assert command(*arguments, env=os.environ | {"TMPDIR": str(temporary)}).code == 0
    assert list(temporary.iterdir()) == []


def test_a_cache_lets_go_of_documents_and_figures_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ResultCache(tmp_path)
    for number, kind in enumerate(("fit", "documents", "figures", "fit")):
        cache.put(kind, f"{number}" * 8, b"x" * 700_000)
    monkeypatch.setenv("REANALYSIS_CACHE_MB", "2")
    cache.prune()
    assert sorted(path.name[:9] for path in tmp_path.iterdir()) == ["figures-2", "fit-00000", "fit-33333"][1:]
    monkeypatch.setenv("REANALYSIS_CACHE_MB", "much")
    with pytest.raises(InvalidInput, match="REANALYSIS_CACHE_MB 'much': must be a whole number of megabytes"):
        cache.prune()


def test_what_another_user_keeps_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ResultCache(tmp_path)
    cache.put("fit", "a" * 8, b"x")
    (entry,) = tmp_path.iterdir()

    def refused(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert cache.get("fit", "a" * 8) is None
    assert entry.exists()
