"""The same inputs give the same bytes, wherever and however often they are built; dates come from SOURCE_DATE_EPOCH."""

from __future__ import annotations

from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import Commands
from builds.published import manifest_of

QUADRATURE = ("--engine", "quadrature")


def test_two_builds_computed_apart_are_the_same_to_the_byte(commands: Commands, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        evidence_folders.one_endpoint(tmp_path / name / "evidence")
        where = tmp_path / name
        assert commands.run("report", "evidence", "--out", "out", *QUADRATURE, cwd=where, spawned=True).code == 0
    first, second = ((tmp_path / name / "out").resolve() for name in ("one", "two"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert {"index.html", "report.pdf", "report.docx", "results.json", "manifest.json"} <= set(map(str, files))
    different = [str(file) for file in files if (first / file).read_bytes() != (second / file).read_bytes()]
    assert different == []
    assert len(files) == len([path for path in second.rglob("*") if path.is_file()])


def test_building_again_after_another_report_tells_the_same(
    commands: Commands, tmp_path: Path, shared: dict[str, str]
) -> None:
    out = tmp_path / "out"
    for title in ("A", "B"):
        folder = evidence_folders.one_endpoint(tmp_path / title, f"Report {title}")
        assert commands.run("report", folder, "--out", out, *QUADRATURE, env=shared).code == 0
    before = manifest_of(out)["outputs"]
    assert "What changed since the last report" in (out / "report.md").read_text()
    for _ in range(3):  # more often than builds are kept
        (out / "index.html").write_text("damaged")
        report = commands.run("report", tmp_path / "B", "--out", out, *QUADRATURE, env=shared)
        assert report.code == 0
        after = manifest_of(out)["outputs"]
        assert after["results.json"] == before["results.json"]
    (out / "changes.json").write_text("damaged")


@pytest.mark.parametrize("date", ["tomorrow", "-1", "1e9"])
def test_a_date_that_is_none_is_refused(commands: Commands, tmp_path: Path, shared: dict[str, str], date: str) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    ended = commands.run(
        "report", folder, "--out", tmp_path / "out", *QUADRATURE, env=shared | {"SOURCE_DATE_EPOCH": date}
    )
    assert ended.code == 2
    assert f"SOURCE_DATE_EPOCH '{date}': must be a whole number of seconds since 1970" in ended.err


def test_the_date_of_the_documents_is_the_one_given(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    import pypdfium2

    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    dated = shared | {"SOURCE_DATE_EPOCH": "1700000000"}
    assert commands.run("report", folder, "--out", tmp_path / "out", *QUADRATURE, env=dated).code == 0
    with pypdfium2.PdfDocument(tmp_path / "out" / "report.pdf") as pdf:
        assert pdf.get_metadata_dict()["CreationDate"].startswith("D:20231114")
