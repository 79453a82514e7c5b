"""Studies that say nothing of a ratio are named in every output, and swapped arms mirror it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.command import fit, run
from evidence.folders import FIVE, TWO_STUDIES, folder

SILENT = "C,control,x,0,40\nC,treated,x,0,12\nD,control,x,9,9\nD,treated,x,4,4\n"
REASONS = {"C": "no event in either arm", "D": "only events in both arms"}


def test_they_are_listed_with_their_reason_and_change_nothing(tmp_path: Path) -> None:
    with_them = fit(folder(tmp_path / "with", TWO_STUDIES + SILENT)).json
    without = fit(folder(tmp_path / "without", TWO_STUDIES)).json
    assert (with_them["uninformative_studies"], without["uninformative_studies"]) == (REASONS, {})
    assert with_them["comparative_studies"] == ["A", "B"]
    assert with_them["baseline_choice"] == without["baseline_choice"]
    assert with_them["estimates"] == without["estimates"]
    told = run("fit", tmp_path / "with", "--endpoint", "x").out
    assert all(study in told and reason in told for study, reason in REASONS.items())


def test_coverage_says_so_of_each(tmp_path: Path) -> None:
    coverage = run("audit", folder(tmp_path, TWO_STUDIES + SILENT), "--format", "json").json["coverage"]
    assert {study: cells["x"] for study, cells in coverage.items()} == {"A": "comparison", "B": "comparison", **REASONS}


@pytest.mark.parametrize("verb", ["fit", "sensitivity", "report"])
def test_nothing_else_is_one_error_that_says_why(tmp_path: Path, verb: str) -> None:
    where, out = folder(tmp_path / "data", f"{FIVE}\n{SILENT}"), tmp_path / "out"
    options = ["--out", out] if verb == "report" else ["--endpoint", "x"]
    ended = run(verb, where, *options)
    assert (ended.code, ended.out, len(ended.errors)) == (2, "", 1)
    assert "no study says anything of a ratio" in ended.errors[0]
    of = ", x" if verb == "report" else ""  # of all endpoints
    assert all(f"{study}{of}: {reason}" in ended.errors[0] for study, reason in REASONS.items())
    assert not out.exists()


def mirrored(found: Any) -> Any:
    """What a fit of the arms exchanged says: log odds ratios and risk differences with the other sign."""
    if isinstance(found, list):
        return [mirrored(one) for one in found]
    if not isinstance(found, dict):
        return found
    turned = {}
    for name, value in found.items():
        if name.startswith(("log_odds_ratio", "risk_difference")) and isinstance(value, dict):
            turned[name] = {"mean": -value["mean"], "sd": value["sd"], "median": -value["median"]}
            turned[name] |= {"lower": -value["upper"], "upper": -value["lower"]}
        elif name.startswith(("odds_ratio", "risk_ratio")) and isinstance(value, dict):
            turned[name] = {"median": 1 / value["median"], "lower": 1 / value["upper"], "upper": 1 / value["lower"]}
        elif name.endswith("below_0") and isinstance(value, float):
            turned[name] = 1 - value
        elif name == "study_log_odds_ratio_below_0":
            turned[name] = {study: 1 - chance for study, chance in value.items()}
        else:
            turned[{"control_rate": "treated_rate", "treated_rate": "control_rate"}.get(name, name)] = mirrored(value)
    return turned


def differences(found: Any, expected: Any, where: str = "") -> list[str]:
    """Where numbers differ by more than the tolerance of quantiles, in what both have."""
    if isinstance(expected, dict):
        return [line for name in expected for line in differences(found[name], expected[name], f"{where}/{name}")]
    same = found == pytest.approx(expected, rel=3e-4, abs=2e-4) if isinstance(expected, float) else found == expected
    return [] if same else [f"{where}: {found} for {expected}"]


@pytest.mark.parametrize("model", ["contrast", "exnex"])
def test_swapped_arms_turn_every_number_of_the_output(tmp_path: Path, model: str) -> None:
    rows = TWO_STUDIES + "E,control,x,0,39\nE,treated,x,5,35\nF,control,x,0..1,25\nF,treated,x,2,25\n" + SILENT
    other = {"control": "treated", "treated": "control"}
    swapped = rows.splitlines(keepends=True)[:1]
    for line in rows.splitlines(keepends=True)[1:]:
        study, arm, rest = line.split(",", 2)
        swapped.append(f"{study},{other[arm]},{rest}")
    here = fit(folder(tmp_path / "here", rows), "--model", model).json
    there = fit(folder(tmp_path / "there", "".join(swapped)), "--model", model).json
    for part in ("estimates", "probabilities", "uninformative_studies", "studies"):
        assert differences(there[part], mirrored(here[part])) == []
    assert differences(there["estimates"], here["estimates"]) != []
    assert there["diagnostics"]["log_evidence"] == pytest.approx(here["diagnostics"]["log_evidence"], abs=1e-6)
