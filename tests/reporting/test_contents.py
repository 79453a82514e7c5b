"""The report is an ordered list of sections: each says, draws, earns and contributes its own part and no other."""

from __future__ import annotations

import pickle
import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import reanalysis as ra
from figures.folders import five_columns
from figures.plots import EVERY
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.plan import Plan
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Task
from reanalysis.gates.result import CheckResult
from reanalysis.reporting import contents, sections
from reanalysis.reporting.drawing import draw_endpoint
from reanalysis.reporting.results import merged, results
from reanalysis.reporting.section import Artefacts, Item, Section, stated
from reanalysis.reporting.sections.validation import validation_task
from reanalysis.reporting.standards import BARG, STANDARDS, declared, ticks
from reanalysis.reporting.table import Column, Table
from reanalysis.reporting.text import markdown
from reporting.built import Report, squeezed
from shared import recalling

pytestmark = pytest.mark.xdist_group("reports")

EVERY_SECTION = (*contents.FRONT, *contents.BODY, *contents.CARD)
NOTHING = CheckResult("", None, "", pd.DataFrame(columns=["problem", "source"]))


def test_every_module_of_sections_has_its_place_in_the_list_and_no_other_has() -> None:
    there = {f"{sections.__name__}.{module.name}" for module in pkgutil.iter_modules(sections.__path__)}
    assert {section.module for section in EVERY_SECTION} == there


def test_every_section_that_a_module_declares_is_in_the_list() -> None:
    for module in {section.module for section in EVERY_SECTION}:
        declares = vars(__import__(module, fromlist=["*"])).values()
        assert all(one in EVERY_SECTION for one in declares if isinstance(one, Section)), module


def test_the_anchors_of_sections_are_unique_and_those_of_the_report_are_headings_in_order(plain_report: Report) -> None:
    anchors = [section.anchor for section in EVERY_SECTION]
    assert len(anchors) == len(set(anchors))
    text = (plain_report.folder / "report.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ .*\{#([a-z-]+)\}$", text, re.MULTILINE)
    of_report = [section.anchor for section in (*contents.FRONT, *contents.BODY)]
    shown = [anchor for anchor in headings if anchor in of_report]
    assert shown == [anchor for anchor in of_report if anchor in shown]
    untitled = {"cohorts", "first-limits"}  # parts of the first page
    absent = {"benefit-risk", "changes", "context", "diagnostics", "facts", "influence"}  # which this folder has not
    assert set(of_report) - set(shown) == untitled | absent


def test_every_figure_is_declared_once_and_drawn_by_the_tests_of_figures() -> None:
    for figures in (contents.OF_ENDPOINT, contents.OF_REPORT):
        names = [figure.name for figure in figures]
        assert len(names) == len(set(names))
    tested = {name.replace("_", "-") for name in EVERY}
    of_one = {figure.name for figure in contents.OF_ENDPOINT}
    assert of_one <= tested | {"specification-curve"}  # tested with the multiverse it shows


def test_every_item_of_a_standard_is_declared_once() -> None:
    places = [(item.standard, item.number) for item in contents.ITEMS]
    assert len(places) == len(set(places))
    assert {standard for standard, _ in places} == set(STANDARDS)
    for standard in STANDARDS:
        numbers = [number for name, number in places if name == standard]
        assert numbers == list(range(1, len(numbers) + 1))


def test_figures_of_an_endpoint_are_drawn_without_the_others_and_by_any_process(plain_report: Report) -> None:
    analysis = plain_report.analysis
    text = (plain_report.folder / "report.md").read_text(encoding="utf-8")
    draw = pickle.loads(pickle.dumps(draw_endpoint))
    for endpoint in analysis.endpoints:
        alone = draw(endpoint, headline=endpoint in analysis.headlines)
        assert alone.shown
        for name, content in alone.files.items():
            assert (plain_report.folder / "figures" / name).read_bytes() == content
        assert all(squeezed(shown) in squeezed(text) for shown in alone.shown.values())


def _toy(made: Artefacts, analysis: Analysis) -> Table:
    return Table([Column("Toy")], [[len(analysis.endpoints)]], "A toy.", "tbl-toy")


def _asks(plan: object) -> tuple[Task[int], ...]:
    return (Task("toy", len, ("",)), Task("toy", len, ("",)))


TOY = Section(
    anchor="toy",
    title="A toy",
    text=_toy,
    results=lambda analysis: {"toy": 1, "endpoints": {e.id: {"toy": e.label} for e in analysis.endpoints}},
    items=(Item(BARG, 99, "has a toy", "toy", stated(lambda analysis: analysis.endpoints, "no endpoints")),),
    needs=_asks,
)


def test_a_section_is_its_file_and_its_place_in_the_list(plain_report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = plain_report.analysis
    before, text_before = results(analysis), markdown(analysis, {}, NOTHING)
    monkeypatch.setattr(contents, "BODY", (*contents.BODY, TOY))
    after, text = results(analysis), markdown(analysis, {}, NOTHING)
    assert after.pop("toy") == 1
    assert [one.pop("toy") for one in after["endpoints"].values()] == [e.label for e in analysis.endpoints]
    assert after == before
    assert "## A toy {#toy}" in text
    made = Artefacts(analysis, {}, NOTHING, NOTHING)
    assert squeezed(text.replace(TOY.markdown(made, analysis), "")) == squeezed(text_before)
    (tick,) = ticks(declared([TOY], []), made)
    assert (tick.met, tick.place) == (True, "#toy")
    asked = contents.tasks(Plan(None, None, None, Request("quadrature"), {}))  # type: ignore[arg-type]
    assert asked == (validation_task(), Task("toy", len, ("",)))


def test_a_task_of_a_section_is_as_found_or_worked_out_here_or_came_to_nothing(plain_report: Report) -> None:
    analysis, task = plain_report.analysis, Task("toy", len, ("ab",))
    assert analysis.result(task) == 2
    assert replace(analysis, found={task: 5}).result(task) == 5
    assert replace(analysis, unfinished=("toy failed",)).result(task) is None


def test_without_its_section_a_part_of_the_results_is_not_there(
    plain_report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = results(plain_report.analysis)
    monkeypatch.setattr(contents, "CARD", tuple(s for s in contents.CARD if s.anchor != "tipping"))
    after = results(plain_report.analysis)
    for endpoint, one in before["endpoints"].items():
        if one["scrutiny"] is not None:
            assert one["scrutiny"].pop("tipping_points")
        assert after["endpoints"][endpoint] == one


def test_contributions_are_merged_and_may_not_contradict_each_other() -> None:
    assert merged({"a": {"b": 1}, "c": None}, {"a": {"d": 2}, "c": None}) == {"a": {"b": 1, "d": 2}, "c": None}
    with pytest.raises(ValueError, match="two sections contribute 'b'"):
        merged({"a": {"b": 1.5}}, {"a": {"b": 2.5}})


def test_a_section_that_has_nothing_to_say_leaves_nothing(plain_report: Report) -> None:
    analysis = replace(plain_report.analysis, weighed=replace(plain_report.analysis.weighed, influences=()))
    assert "{#influence}" not in markdown(analysis, {}, NOTHING)


def test_what_a_section_needs_is_run_by_a_build(
    published: Path, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    monkeypatch.setattr(contents, "BODY", (*contents.BODY, replace(TOY, needs=lambda _: (Task("toy", _say, (said,)),))))
    with recalling(results):
        ra.report(five_columns(tmp_path / "five"), tmp_path / "out", "quadrature")
    assert said.read_text(encoding="utf-8") == "run"


def _say(where: Path) -> int:
    return where.write_text("run", encoding="utf-8")


def test_a_section_stands_where_it_says(plain_report: Report) -> None:
    analysis = plain_report.analysis
    made = Artefacts(analysis, {}, NOTHING, NOTHING)
    for place in ("folded", "program"):
        placed = replace(TOY, place=place).placed(made, analysis)  # type: ignore[arg-type]
        assert placed.startswith(f":::::: {{.{place}}}")
        assert TOY.markdown(made, analysis) in placed
    assert TOY.placed(made, analysis) == TOY.markdown(made, analysis)
    assert replace(TOY, place="folded", text=lambda *_: None).placed(made, analysis) == ""
