"""``reanalysis sensitivity``: one JSON object or a page, every specification in a file, one error for each mistake."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from alternatives.stand_in import Sampled, sampled_by_quadrature
from cli.command import run
from figures.folders import write_folder
from reanalysis.alternatives import all_models
from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
from reanalysis.alternatives.multiverse.summary import summary
from reanalysis.engines.errors import EngineError
from reanalysis.estimands.headline import NO_AVERAGE
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.result import CheckResult
from reanalysis.model.family import FAMILIES
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec

TRIALS = [("a", (3, 30, 1, 31)), ("b", (5, 41, 4, 40))]
ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two trials, and no refinement of grids for their sake."""
    monkeypatch.setitem(multiverse.__kwdefaults__, "at_least", 1)  # type: ignore[arg-type]
    return write_folder(tmp_path / "trials", {"death": TRIALS})


@pytest.fixture
def two_endpoints(trials: Path, tmp_path: Path) -> Path:
    """The trials with a second endpoint, for the model of several."""
    return write_folder(tmp_path / "two", {"death": TRIALS, "stroke": TRIALS})


def sensitivity(folder: Path, *arguments: object, endpoint: str = "death") -> object:
    return run("sensitivity", folder, "--endpoint", endpoint, "--workers", 1, *arguments)


def test_json_and_table_hold_the_multiverse(tmp_path: Path, crs: Multiverse) -> None:
    out = tmp_path / "all.parquet"
    ended = sensitivity(ANAKINRA, "--format", "json", "--out", out, endpoint="crs_any")
    assert ended.code == 0, ended.err  # type: ignore[attr-defined]
    found = ended.json  # type: ignore[attr-defined]
    expected = summary(crs)
    assert {key: found[key] for key in expected} == expected
    assert found["specifications"] >= 1000
    assert set(found["shares"]) == {"above_0.5", "above_0.8", "above_0.95"}
    assert {row["study"] for row in found["predictive_checks"]["table"]} == {"phase2"}
    assert found["left_out_prediction"]["table"][-1]["study"] == "all"
    assert {"log_odds_ratio", "tau"} <= {row["quantity"] for row in found["power_scaling"]["table"]}
    assert {p["assumption"] for p in found["tipping_points"]} >= {"bias", "rho", "sceptical prior SD"}
    figures, *told = found["words"]
    assert (figures["primary"], figures["studies"]) == (True, ["phase2"])
    assert {tuple(sorted(row["studies"])) for row in told} == {("iptw", "phase1", "phase2")}
    assert all(row["odds_ratio"]["lower"] < row["odds_ratio"]["upper"] for row in told)
    saved = pd.read_parquet(out)
    assert set(saved.pop("assumed")) == {""}
    pd.testing.assert_frame_equal(saved, crs.table, check_dtype=False, check_exact=True)


def test_a_page_has_the_counts_the_choices_and_the_tipping_points(trials: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    ended = sensitivity(trials, "--out", out)
    assert ended.code == 0, ended.err  # type: ignore[attr-defined]
    text = ended.out  # type: ignore[attr-defined]
    for part in (
        "specifications",
        "define no effect",
        "mu prior",
        "Tipping points",
        "future cohort, 50 an arm",
        "Predictive checks",
    ):
        assert part in text
    assert len(pd.read_csv(out)) == int(text.split("death: ")[1].split(" ")[0].replace(",", ""))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--format", "xml"), "--format"),
        (("--workers", 0), "--workers"),
        (("--out", "nowhere/all.csv"), "--out"),
        (("--out", "all.txt"), ".csv or .parquet"),
    ],
)
def test_wrong_options_are_one_error_each(trials: Path, wrong: tuple[object, ...], said: str) -> None:
    ended = run("sensitivity", trials, "--endpoint", "death", *wrong)
    assert ended.code == 2
    (error,) = ended.errors
    assert said in error


def test_unknown_endpoints_and_endpoints_without_a_comparison_are_errors(trials: Path) -> None:
    ended = run("sensitivity", trials, "--endpoint", "deth")
    assert ended.code == 2
    assert "did you mean" in ended.errors[0].lower()
    with (trials / "arms.csv").open("a", encoding="utf-8") as file:
        file.write("c,control,stroke,3,40\n")
    alone = run("sensitivity", trials, "--endpoint", "stroke")
    assert alone.code == 2
    assert "no study informs" in alone.errors[0]


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> Sampled:
    """Has quadrature stand in for the sampler, with gates of the test's choosing."""

    return lambda gates: sampled_by_quadrature(monkeypatch, gates)


def test_every_model_is_fitted_once_and_one_that_fails_says_why(two_endpoints: Path, sampled: Sampled) -> None:
    def broken(spec: ModelSpec) -> tuple[CheckResult, ...]:
        raise EngineError("no sampler here")

    sampled(broken)
    ended = sensitivity(two_endpoints, "--all-models", "--format", "json")
    assert ended.code == 0  # type: ignore[attr-defined]
    by_name = {one["model"]: one for one in ended.json["models"]}  # type: ignore[attr-defined]
    assert next(iter(by_name)) == "contrast"
    assert {"joint", "arm-beta-binomial", "exnex", "bias", "all-cohort"} <= set(by_name)
    for name, one in by_name.items():
        assert one["engine"] == ("quadrature" if "quadrature" in FAMILIES[name].engines else "nuts")
        assert (one["log_odds_ratio"] is None) == (one["engine"] == "nuts")
        assert one["passed"] is (None if one["engine"] == "nuts" else True)
    assert by_name["joint"]["note"] == "not computed: no sampler here"
    assert by_name["all-cohort"]["log_odds_ratio"] == by_name["contrast"]["log_odds_ratio"]  # nothing to fill
    assert "no sampler here" in sensitivity(two_endpoints, "--all-models").out  # type: ignore[attr-defined]


def test_a_sampled_model_that_fails_a_gate_is_shown_so_and_ends_with_3(two_endpoints: Path, sampled: Sampled) -> None:
    sampled(lambda spec: (CheckResult("R-hat", True, "1.00"), CheckResult("Divergences", spec.model != "joint", "7")))
    ended = sensitivity(two_endpoints, "--all-models", "--format", "json")
    assert ended.code == 3  # type: ignore[attr-defined]
    assert ended.err == "gate failed: joint: Divergences: 7\n"  # type: ignore[attr-defined]
    by_name = {one["model"]: one for one in ended.json["models"]}  # type: ignore[attr-defined]
    assert {name for name, one in by_name.items() if not one["passed"]} == {"joint"}
    assert [gate["passed"] for gate in by_name["joint"]["gates"]] == [True, False]
    assert by_name["contrast"]["gates"] == []
    page = sensitivity(two_endpoints, "--all-models")
    assert page.code == 3  # type: ignore[attr-defined]
    (joint,) = [line for line in page.out.splitlines() if "(joint)" in line]  # type: ignore[attr-defined]
    (arms,) = [line for line in page.out.splitlines() if "(arm-beta" in line]  # type: ignore[attr-defined]
    assert joint.rstrip().endswith("failed: Divergences")
    assert arms.rstrip().endswith("passed")


def test_a_model_without_an_average_says_so(trials: Path, sampled: Sampled) -> None:
    sampled(lambda spec: ())
    evidence = read_evidence(trials)
    found = all_models.all_models(evidence, "death", replace(default_spec(evidence), pooling="none"))
    by_name = {one.model: one for one in found}
    assert by_name["contrast"].note == NO_AVERAGE
    assert by_name["exnex"].note == "exnex allows partial pooling only"
    assert all(one.log_odds_ratio is None and one.as_dict()["passed"] is None for one in found)


def test_the_model_of_several_endpoints_is_left_to_folders_that_have_them(trials: Path, sampled: Sampled) -> None:
    sampled(lambda spec: ())
    evidence = read_evidence(trials)
    by_name = {one.model: one for one in all_models.all_models(evidence, "death", default_spec(evidence))}
    assert [name for name, one in by_name.items() if one.log_odds_ratio is None] == ["joint"]
    assert by_name["joint"].note == "of one endpoint alone it is the contrast model"
