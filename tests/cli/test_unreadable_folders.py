"""What cannot be read gives one clear error, all errors come at once, and nothing is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command import fit, run
from cli.faults import CONTRASTS
from evidence.folders import FIVE, TWO_STUDIES, folder


def _nothing(where: Path) -> Path:
    return where / "missing"


def _a_file(where: Path) -> Path:
    return folder(where, TWO_STUDIES) / "arms.csv"


def _no_arms(where: Path) -> Path:
    return where


def _arms_is_a_folder(where: Path) -> Path:
    (where / "arms.csv").mkdir()
    return where


def _arms_is_a_pipe(where: Path) -> Path:
    os.mkfifo(where / "arms.csv")
    return where


def _broken_link(where: Path) -> Path:
    (where / "arms.csv").symlink_to("elsewhere.csv")
    return where


def _link_to_itself(where: Path) -> Path:
    (where / "arms.csv").symlink_to("arms.csv")
    return where


def _broken_link_of_an_optional_file(where: Path) -> Path:
    (folder(where, TWO_STUDIES) / "analysis.toml").symlink_to("elsewhere.toml")
    return where


def _optional_file_is_a_folder(where: Path) -> Path:
    (folder(where, TWO_STUDIES) / "contrasts.csv").mkdir()
    return where


def _folder_is_a_broken_link(where: Path) -> Path:
    (where / "link").symlink_to("elsewhere")
    return where / "link"


def _folder_links_to_itself(where: Path) -> Path:
    (where / "link").symlink_to("link")
    return where / "link"


def _name_too_long(where: Path) -> Path:
    return where / ("a" * 300)


PLACES: list[tuple[Callable[[Path], Path], str]] = [
    (_nothing, "{}: does not exist; an evidence folder holds arms.csv"),
    (_a_file, "{}: is not a folder; an evidence folder holds arms.csv"),
    (_no_arms, "{}: holds no arms.csv"),
    (_arms_is_a_folder, "arms.csv: is a folder, not a file"),
    (_arms_is_a_pipe, "arms.csv: is a pipe or a device, not a file"),
    (_broken_link, "arms.csv: is a link to a file that does not exist"),
    (_link_to_itself, "arms.csv: cannot be read: too many levels of symbolic links"),
    (_broken_link_of_an_optional_file, "analysis.toml: is a link to a file that does not exist"),
    (_optional_file_is_a_folder, "contrasts.csv: is a folder, not a file"),
    (
        _folder_is_a_broken_link,
        "{}: is a link to a folder that does not exist; an evidence folder holds arms.csv",
    ),
    (
        _folder_links_to_itself,
        "{}: cannot be read: too many levels of symbolic links; an evidence folder holds arms.csv",
    ),
    (_name_too_long, "{}: cannot be read: file name too long; an evidence folder holds arms.csv"),
]


@pytest.mark.parametrize(("make", "error"), PLACES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_folder_that_cannot_be_read_gives_one_error(tmp_path: Path, make: Callable[[Path], Path], error: str) -> None:
    where = make(tmp_path)
    for ended in (run("audit", where), fit(where)):
        assert ended.errors == [error.format(where)]
        assert (ended.code, ended.out) == (2, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_gives_one_error(tmp_path: Path) -> None:
    (folder(tmp_path, TWO_STUDIES) / "arms.csv").chmod(0)
    ended = run("audit", tmp_path)
    assert (ended.code, ended.errors) == (2, ["arms.csv: cannot be read: permission denied"])


def test_a_file_that_may_not_be_read_gives_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where nothing is forbidden to whoever runs the tests."""

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    folder(tmp_path, TWO_STUDIES)
    monkeypatch.setattr(Path, "read_bytes", denied)
    ended = run("audit", tmp_path)
    assert (ended.code, ended.errors) == (2, ["arms.csv: cannot be read: permission denied"])


def test_all_errors_of_a_folder_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        f"{FIVE}\nA,placebo,x,3,20\nA,control,x,-3,0\nA,treated,x,3\nA,treated,y,30,20\n",
        toml="seed = -1\ntitel = 1\n",
        contrasts=f"{CONTRASTS}\nA,x,RD,2.0,1.0,4.0,,,,\n",
        sources="a = 1\n",
    )
    places = [error.split(":")[0] for error in run("audit", where).errors]
    assert places == [
        "arms.csv, line 2, arm",
        "arms.csv, line 3, events",
        "arms.csv, line 3, n",
        "arms.csv, line 4",
        "arms.csv, line 5, events",
        "contrasts.csv, line 2, measure",
        "analysis.toml, line 1, seed",
        "analysis.toml, line 2, titel",
        "sources.toml, line 1, a",
    ]


def test_hundreds_of_errors_end_with_how_many_more_there_are(tmp_path: Path) -> None:
    where = folder(tmp_path, f"{FIVE}\n" + "".join(f"S{i},placebo,x,3,20\n" for i in range(250)))
    ended = run("audit", where)
    assert len(ended.errors) == 101
    assert ended.errors[-1] == "and 150 more"


def digest(where: Path) -> dict[str, str]:
    return {
        str(path.relative_to(where)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(where.rglob("*"))
    }


@pytest.mark.parametrize("text", ["", f"{FIVE}\nA,placebo,x,3,20\n", f"{FIVE}\nA,control,x,3,20\n"])
def test_a_report_that_cannot_be_built_leaves_the_last_one_as_it_was(tmp_path: Path, text: str) -> None:
    """Malformed, or with nothing to compare: nothing is written beside it either."""
    pytest.importorskip("reanalysis.builds.build")
    where, out = folder(tmp_path / "data", text), tmp_path / "reports" / "last"
    (out / "figures").mkdir(parents=True)
    (out / "manifest.json").write_text("{}")
    (out / "figures" / "a.svg").write_text("<svg/>")
    before = digest(tmp_path)
    ended = run("report", where, "--out", out, "--engine", "quadrature")
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.errors) == 1
    assert digest(tmp_path) == before
