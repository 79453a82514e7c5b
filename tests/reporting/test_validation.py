"""Every report shows the program against published figures, whosever evidence it is of."""

from __future__ import annotations

import csv
import shutil
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reanalysis.analysis.task import Task
from reanalysis.builds.cache import ResultCache
from reanalysis.builds.frozen import freeze
from reanalysis.builds.log import BuildLog
from reanalysis.builds.run import RecallingRunner
from reanalysis.builds.workers import Computed, Workers
from reanalysis.builds.write import write_report
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.markdown import slug
from reanalysis.reporting.sections.validation import validation_sources, validation_tables
from reanalysis.reporting.text import markdown
from reanalysis.validation import published
from reanalysis.validation.printed import read_published
from reanalysis.validation.published import check_published
from reanalysis.validation.published_folder import FOLDER
from reporting.built import Report, squeezed

pytestmark = pytest.mark.xdist_group("reports")


@pytest.fixture(scope="module")
def missed(tmp_path_factory: pytest.TempPathFactory) -> CheckResult:
    """A problem with one printed figure altered: the SD of the first quantity."""
    where = tmp_path_factory.mktemp("problems")
    shutil.copytree(FOLDER / "transfusion", where / "transfusion")
    path = where / "transfusion" / "published.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[2][5] = "2.06"  # for 1.06
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return check_published(where)


def section(text: str) -> str:
    """The section of the Markdown, unescaped."""
    start = text.index("{#validation}")
    return squeezed(text[start:].replace("\\", ""))


def test_a_folder_of_five_columns_gets_the_section_and_all_its_tables(plain_report: Report) -> None:
    words = " ".join(e.text for e in plain_report.program if e.tag == "main")
    figures = sum(len(read_published(p / "published.csv")) for p in FOLDER.iterdir())
    assert f"Passed: {figures} printed figures of {len(list(FOLDER.iterdir()))} published problems" in words
    names = [e.attributes.get("id") for e in plain_report.program]
    assert {"validation", *(f"tbl-validation-{slug(p.name)}" for p in FOLDER.iterdir())} <= set(names)
    for said in ("Beta-blockers after myocardial infarction: 22 trials", "−0.25 (0.06); −0.38, −0.25, −0.13", "14.320"):
        assert said in words
    ticked = next(row for row in plain_report.cells("Reporting standards.") if row[1] == "the computing technique")
    assert ticked[2:] == ["yes", "validation against published results"]


def test_a_missed_figure_is_named_beside_what_is_computed(missed: CheckResult, plain_report: Report) -> None:
    text = section(markdown(plain_report.analysis, {}, missed))
    assert "Not passed: 40 printed figures" in text
    row = next(line for line in validation_tables(missed)[0].markdown().splitlines() if "2\\.06" in line)
    assert "1\\.025" in row
    assert "NO\\: sd" in row
    others = [line for line in validation_tables(missed)[0].markdown().splitlines() if "NO" in line]
    assert others == [row]


def test_a_build_compares_once_and_warns_of_what_it_misses(
    missed: CheckResult, plain_report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(digest: str) -> CheckResult:
        compared.append(digest)
        return missed

    compared: list[str] = []
    warned: list[str] = []
    monkeypatch.setattr(published, "_checked", lambda folder, digest: once(digest))
    log = BuildLog(warn=warned.append)
    for name in ("one", "two"):
        run = RecallingRunner(ResultCache(tmp_path / "cache"), InThisProcess(), log)
        (tmp_path / name).mkdir()
        write_report(replace(plain_report.analysis, endpoints=plain_report.analysis.endpoints[:1]), tmp_path / name,
                     run=run, log=log)  # fmt: skip
        table = pd.read_csv(tmp_path / name / "validation.csv", keep_default_na=False)
        assert list(table["computed"]) == list(missed.table["computed"])
    assert len(compared) == 1
    assert len(warned) == 2
    assert warned[0].endswith(missed.text)


class InThisProcess(Workers):
    def begin(self, task: Task[Any], stage: str) -> Future[Computed]:
        future: Future[Computed] = Future()
        future.set_result(Computed(freeze(task.run()), {}))
        return future


def test_without_published_problems_the_section_says_so(tmp_path: Path, plain_report: Report) -> None:
    none = check_published(tmp_path)
    whole = markdown(plain_report.analysis, {}, none)
    text = section(whole)
    assert "Not passed: the published problems are not there" in text
    assert "validation.csv" not in text
    assert validation_tables(none) == []
    assert not validation_sources(none)
    assert "missing: the published problems are not there" in squeezed(whole.replace("\\", ""))
