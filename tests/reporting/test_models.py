"""What every model says of a first-page endpoint: in the table, in results.json, and without stopping a build."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace
from math import exp
from pathlib import Path
from typing import Any

import pytest

import reanalysis as ra
from alternatives.stand_in import sampled_by_quadrature
from builds.published import manifest_of
from figures.folders import write_folder
from reanalysis.alternatives.all_models import answer
from reanalysis.analysis.analysis import Analysis, carry_out
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.analysis.plan import model_task, plan
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Runner, Task, TaskFailed, here
from reanalysis.builds import build
from reanalysis.builds.cache import ResultCache
from reanalysis.builds.frozen import freeze
from reanalysis.builds.keys import task_key
from reanalysis.builds.log import BuildLog
from reanalysis.builds.run import RecallingRunner
from reanalysis.builds.workers import Computed, Workers
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.estimands.words import ratio_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.result import CheckResult
from reanalysis.model.family import EFFECT_MODELS, FAMILIES
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec
from reanalysis.reporting.results import results
from reanalysis.reporting.section import Artefacts
from reanalysis.reporting.sections.models import MODELS
from reanalysis.reporting.wording import capital
from reporting.built import Report, squeezed

pytestmark = pytest.mark.xdist_group("reports")

TRIALS = [("a", (3, 30, 1, 31)), ("b", (5, 41, 4, 40))]
SAMPLED = ("joint", "arm-beta-binomial")


def model_table(endpoint: EndpointAnalysis) -> str | None:
    """What the section says of an endpoint."""
    nothing = CheckResult("", None, "")
    made = Artefacts(None, {}, nothing, nothing)  # type: ignore[arg-type]
    return MODELS.markdown(made, endpoint) or None


def rows_of(report: Report, endpoint: str) -> dict[str, list[str]]:
    """Cells of the table of an endpoint, by model."""
    cells = report.cells(f"{endpoint}: what each model says")
    assert cells[0][0] == "Model"
    return {row[0].rpartition("(")[2].rstrip(")"): row for row in cells[1:]}


@pytest.fixture
def two_endpoints(tmp_path: Path) -> Evidence:
    return read_evidence(write_folder(tmp_path / "two", {"death": TRIALS, "stroke": TRIALS}))


def warned(evidence: Evidence, run: Runner = here) -> tuple[Analysis, list[str]]:
    """An analysis with every model, and its warnings."""
    said: list[str] = []
    planned = plan(evidence, Request("quadrature", all_models=True))
    return carry_out(planned, run, BuildLog(warn=said.append)), said


def test_each_first_page_endpoint_has_a_row_a_model(reanalysis_report: Report) -> None:
    evidence = reanalysis_report.analysis.evidence
    for endpoint in reanalysis_report.analysis.headlines:
        rows = rows_of(reanalysis_report, endpoint.label)
        assert list(rows) == [name for name in EFFECT_MODELS if name not in SAMPLED]  # what was not fitted has no row
        for name in ("contrast", "all-cohort", "exnex", "bias"):
            spec = replace(default_spec(evidence), model=name)  # type: ignore[arg-type]
            data = select(evidence, spec, endpoint.id).data
            found = answer(spec, data, endpoint.better).log_odds_ratio
            assert found is not None
            shown = ratio_interval(exp(found.median), exp(found.lower), exp(found.upper))
            assert rows[name][1] == "quadrature"
            assert rows[name][3] == shown
            for study in data.names:
                assert evidence.study_label(study) in rows[name][2]
        primary = endpoint.odds_ratio
        assert rows["contrast"][3] == ratio_interval(primary.median, primary.lower, primary.upper)
        assert rows["contrast"][0].startswith("* ")
    assert "breaks the pairing" not in reanalysis_report.words  # of a model that was not fitted
    assert "Breaks the pairing" in reanalysis_report.words
    assert "Strati 2023" in rows_of(reanalysis_report, "CRS, any grade")["all-cohort"][2]
    assert "Strati 2023" not in rows_of(reanalysis_report, "CRS, any grade")["contrast"][2]


def test_other_endpoints_have_none(anakinra: Analysis) -> None:
    first_page = {e.id for e in anakinra.headlines}
    assert {e.id for e in anakinra.endpoints if e.models} == first_page
    assert all(model_table(e) is None for e in anakinra.endpoints if e.id not in first_page)
    found = results(anakinra)["endpoints"]
    assert {e for e, one in found.items() if one["models"]} == first_page
    by_name = {one["model"]: one for one in found["cr"]["models"]}
    assert by_name["contrast"]["log_odds_ratio"]["median"] == found["cr"]["headline"]["log_odds_ratio"]["median"]
    assert by_name["joint"]["log_odds_ratio"] is None
    assert by_name["joint"]["passed"] is None


def test_without_a_direction_there_is_one_probability(plain_report: Report) -> None:
    endpoint = plain_report.analysis.headlines[0]
    rows = rows_of(plain_report, endpoint.label)
    assert {len(row) for row in rows.values()} == {6}
    assert rows["contrast"][4] == f"{100 * endpoint.direction.below:.0f} %"


def test_sampled_models_show_their_gates_and_a_failed_one_is_a_warning(
    two_endpoints: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = lambda spec: (CheckResult("R-hat", spec.model != "joint", "1.07"),)  # noqa: E731
    sampled_by_quadrature(monkeypatch, gates)
    analysis, said = warned(two_endpoints)
    assert said == ["death: joint: R-hat: 1.07", "stroke: joint: R-hat: 1.07"]
    assert not analysis.failures
    assert analysis.all_models
    for endpoint in analysis.endpoints:
        table = squeezed((model_table(endpoint) or "").replace("\\", ""))
        joint, arms = (next(cell for cell in table.split("|") if cell.strip().endswith(f"({m})")) for m in SAMPLED)
        assert joint
        assert arms
        assert "failed: R-hat" in table
        assert table.count("passed") == 1
        assert table.count("NUTS") == 2


def test_a_model_that_fails_is_a_note_and_the_others_go_on(
    two_endpoints: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(spec: ModelSpec) -> tuple[CheckResult, ...]:
        raise EngineError(f"no start for {spec.model}")

    sampled_by_quadrature(monkeypatch, broken)
    analysis, said = warned(two_endpoints)
    assert said == [f"{e}: {m}: not computed: no start for {m}" for e in ("death", "stroke") for m in SAMPLED]
    assert not analysis.failures
    assert "not computed: no start for joint" in (model_table(analysis.endpoints[0]) or "").replace("\\", "")


class Failing(Workers):
    """Computes in this process what models say, and ends with whatever the joint model was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def begin(self, task: Task[Any], stage: str) -> Future[Computed]:
        future: Future[Computed] = Future()
        if task.kind != "model":
            future.set_result(Computed(freeze(task.run()), {}))
            return future
        spec, data, better = task.arguments
        self.asked.append(spec.model)
        if spec.model == "joint":
            future.set_exception(TaskFailed("its process was ended by SIGSEGV"))
        else:
            alone = replace(spec, model="contrast") if spec.model in SAMPLED else spec
            future.set_result(Computed(freeze(answer(alone, data, better)), {}))
        return future


def test_a_process_that_ends_takes_one_model_with_it_and_no_failure_is_kept(
    two_endpoints: Evidence, tmp_path: Path
) -> None:
    for asked in ([*EFFECT_MODELS, *EFFECT_MODELS], ["joint", "joint"]):
        workers = Failing()
        analysis, said = warned(two_endpoints, RecallingRunner(ResultCache(tmp_path / "cache"), workers, BuildLog()))
        assert [one.split(":")[1] for one in said] == [" joint", " joint"]
        for endpoint in analysis.endpoints:
            found = {one.model: one for one in endpoint.models}
            assert found["joint"].note == "not computed: its process was ended by SIGSEGV"
            assert [name for name, one in found.items() if one.log_odds_ratio is None] == ["joint"]
        assert workers.asked == asked


def test_an_answer_is_kept_by_all_that_it_depends_on(two_endpoints: Evidence, tmp_path: Path) -> None:
    altered = write_folder(tmp_path / "altered", {"death": TRIALS, "stroke": [TRIALS[0], ("b", (6, 41, 4, 40))]})
    found = {}
    for name, evidence in (("first", two_endpoints), ("altered", read_evidence(altered))):
        for model in ("joint", "bias"):
            spec = replace(default_spec(evidence), model=model)  # type: ignore[arg-type]
            data = select(evidence, spec, "death").data
            found[name, model] = task_key(model_task(spec, data, None))
            found[name, model, "lower"] = task_key(model_task(spec, data, "lower"))
    assert found["first", "bias"] == found["altered", "bias"]  # no row of its endpoint changed
    assert found["first", "joint"] != found["altered", "joint"]
    assert len(set(found.values())) == len(found) - 2


def test_a_build_with_every_model_is_another_build(
    two_endpoints: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[bool, str]] = []

    def kept(planned: object, store: object, key: str, fresh: bool, log: object) -> build.Built:
        asked.append((planned.request.all_models, key))  # type: ignore[attr-defined]
        return build.Built(True, (), None, "")

    monkeypatch.setattr(build, "_build", kept)
    for flag in (False, True, True):
        ra.report(two_endpoints.folder, tmp_path / "out", "quadrature", all_models=flag)
    assert [flag for flag, _ in asked] == [False, True, True]
    assert asked[0][1] != asked[1][1] == asked[2][1]


@pytest.mark.slow
def test_a_build_with_every_model_samples_them(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "two", {"death": TRIALS, "stroke": [("a", (9, 30, 4, 31)), TRIALS[1]]})
    built = ra.report(folder, tmp_path / "out", "quadrature", all_models=True)
    assert built.passed
    assert manifest_of(tmp_path / "out")["all_models"]
    shown = (tmp_path / "out" / "report.md").read_text(encoding="utf-8").replace("\\", "")
    assert all(f"{capital(FAMILIES[name].short)} ({name})" in shown for name in SAMPLED)
    assert "--all-models" in shown
    evidence = read_evidence(folder)
    alone = fit(default_spec(evidence), select(evidence, default_spec(evidence), "death").data)
    for endpoint in json.loads((tmp_path / "out" / "results.json").read_text())["endpoints"].values():
        by_name = {one["model"]: one for one in endpoint["models"]}
        for name in SAMPLED:
            assert by_name[name]["passed"]
            assert {gate["name"] for gate in by_name[name]["gates"]}
            effect = by_name[name]["log_odds_ratio"]
            assert abs(effect["median"]) < 2
            assert 0.5 < effect["sd"] / alone.overall["log_odds_ratio"].sd() < 1.5
