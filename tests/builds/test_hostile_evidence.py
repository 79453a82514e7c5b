"""Evidence that means harm: whatever it says is shown as it is said, and no file appears but where files belong."""

from __future__ import annotations

import csv
import html.parser
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import Commands, Ended
from builds.published import store_of

pytestmark = pytest.mark.xdist_group("hostile")

QUADRATURE = ("--engine", "quadrature")
STUDIES = ("=cmd|'/c calc'!A1", "../../escaped", "<script>alert(1)</script>", "@SUM(1+9)*cmd", "-2+3", "+x")
ENDPOINTS = ("../../../tmp/escaped", r"\input{/etc/passwd} $x$ #read(\"/etc/passwd\")")
LABELS = (
    "<img src=x onerror=alert(1)> & <b>bold</b>",
    '#import "@preview/x:1": * $sum$ *bold* _it_ `raw` <label> @ref \\u{41}',
)


@pytest.fixture(scope="module")
def hostile(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended, set[str]]:
    """A published report of it, how the build ended, and all that is in its folder of folders."""
    place = tmp_path_factory.mktemp("hostile") / "deep" / "deeper" / "deepest"
    place.mkdir(parents=True)
    rows = []
    for number, study in enumerate(STUDIES):
        for arm, events in (("control", 9), ("treated", 6 + number)):
            for endpoint in ENDPOINTS:
                rows.append([study, arm, endpoint, str(events), "30"])
    folder = place / "evidence"
    folder.mkdir()
    with (folder / "arms.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["study", "arm", "endpoint", "events", "n"], *rows])
    (folder / "analysis.toml").write_text(
        f"title = {json.dumps('<script>alert(2)</script> ' + LABELS[1])}\n"
        f"treated_label = {json.dumps(LABELS[0])}\n"
        f"limits = [{json.dumps(LABELS[1])}, {json.dumps('{{ 7 * 7 }} {% raw %}')}]\n"
        + "".join(
            f"[endpoints.{json.dumps(endpoint)}]\nlabel = {json.dumps(label)}\nheadline = {headline}\n"
            for endpoint, label, headline in zip(ENDPOINTS, LABELS, ("true", "false"), strict=True)
        ),
        encoding="utf-8",
    )
    ended = commands.run("report", folder, "--out", place / "out", *QUADRATURE)
    root = place.parents[2]
    return place / "out", ended, {str(path.relative_to(root)) for path in root.rglob("*")}


def test_it_is_published(hostile: tuple[Path, Ended, set[str]]) -> None:
    out, ended, _ = hostile
    assert ended.code == 0, ended.err
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_is_written_but_to_the_report_and_its_store(hostile: tuple[Path, Ended, set[str]]) -> None:
    out, _, paths = hostile
    base = "deep/deeper/deepest"
    outside = {p for p in paths if not p.startswith((f"{base}/.out.builds/", f"{base}/evidence/"))}
    assert outside == {"deep", "deep/deeper", base, f"{base}/out", f"{base}/.out.builds", f"{base}/evidence"}
    assert not Path("/tmp/escaped").exists()
    for path in (*out.resolve().rglob("*"), *store_of(out).rglob("*")):
        assert re.fullmatch(r"[A-Za-z0-9._-]+", path.name)


def test_no_cell_of_the_table_is_a_formula(hostile: tuple[Path, Ended, set[str]]) -> None:
    out, _, _ = hostile
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shown = {row["estimand"] for row in rows}
    assert {f"study:{study}" for study in STUDIES if study[0] in "=@-+"} <= shown
    for row in rows:
        for name in ("endpoint", "label", "scenario", "estimand", "quantity"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r"))
        float(row["median"])


class Elements(html.parser.HTMLParser):
    """Elements and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_runs_nothing_and_shows_everything(hostile: tuple[Path, Ended, set[str]]) -> None:
    out, _, _ = hostile
    page = Elements()
    page.feed((out / "index.html").read_text(encoding="utf-8"))
    for tag, attributes in page.found:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert attributes.get("src", "data:") is None or str(attributes.get("src", "data:")).startswith("data:")
        assert not str(attributes.get("href", "")).startswith("javascript:")
    flat = " ".join(page.text.split())
    for shown in (*LABELS, *STUDIES, "{{ 7 * 7 }} {% raw %}"):
        assert shown in flat, shown
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", (out / "index.html").read_text(encoding="utf-8"), re.DOTALL)
    for attributes, content in scripts:
        if "json" in attributes:
            json.loads(content)  # data, which says what the evidence says and runs nothing
        else:
            assert "alert(" not in content


def test_the_printed_report_shows_it_as_text(hostile: tuple[Path, Ended, set[str]]) -> None:
    import pypdfium2

    out, _, _ = hostile
    with pypdfium2.PdfDocument(out / "report.pdf") as pdf:
        text = "".join(pdf[number].get_textpage().get_text_bounded() for number in range(len(pdf)))
        assert "root:" not in text
    letters = re.sub(r"\s+", "", text)
    for shown in ("<script>alert(2)</script>", "#import", "$sum$", "{{7*7}}"):
        assert shown in letters


def test_the_word_file_is_sound_and_shows_it_as_text(hostile: tuple[Path, Ended, set[str]]) -> None:
    out, _, _ = hostile
    with zipfile.ZipFile(out / "report.docx") as document:
        assert document.testzip() is None
        assert not any(name.startswith(("/", "..")) for name in document.namelist())
        body = ElementTree.fromstring(document.read("word/document.xml"))
        fields = [e for e in body.iter() if e.tag.endswith(("}instrText", "}fldSimple"))]
        relations = document.read("word/_rels/document.xml.rels").decode()
    text = re.sub(r"\s+", "", "".join(e.text or "" for e in body.iter() if e.tag.endswith("}t")))
    assert "<script>alert(2)</script>" in text
    assert "#import" in text
    assert not any("DDE" in (e.text or "") for e in fields)
    assert "escaped" not in relations


@pytest.mark.parametrize("column", [0, 2])
def test_a_cell_of_ten_megabytes_is_refused(commands: Commands, tmp_path: Path, column: int) -> None:
    cells = ["Trial A", "control", "x", "3", "40"]
    cells[column] = "x" * 10_000_000
    folder = evidence_folders.write(tmp_path / "evidence", ",".join(cells) + "\n")
    ended = commands.run("report", folder, "--out", tmp_path / "out", *QUADRATURE)
    assert ended.code == 2
    assert len(ended.err) < 2000
    assert {path.name for path in tmp_path.iterdir()} == {"evidence"}


@pytest.mark.parametrize("length", [10_001, 10_000_000])
def test_a_label_that_no_report_can_show_is_refused(commands: Commands, tmp_path: Path, length: int) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    (folder / "analysis.toml").write_text(f"[endpoints.infection]\nlabel = '{'x' * length}'\n")
    ended = commands.run("report", folder, "--out", tmp_path / "out", *QUADRATURE)
    assert ended.code == 2
    assert len(ended.err) < 2000
    assert {path.name for path in tmp_path.iterdir()} == {"evidence"}
