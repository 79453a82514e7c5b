"""results.json, its tables and what describes them: what a program that reads a report may rely on."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

import reanalysis as ra
from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.problems import InvalidInput
from reanalysis.files import as_json
from reanalysis.reporting.datapackage import SCHEMA, data_files
from reanalysis.reporting.results import results, results_table

NUMBERS = ["median", "lower", "upper"]


@pytest.fixture(scope="module")
def out(published: Path) -> Path:
    return published.resolve()


@pytest.fixture(scope="module")
def whole(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "results.csv", keep_default_na=False, na_values={"control_risk": [""]})


def check(found: dict[str, Any], schema: Path) -> None:
    jsonschema.validate(found, json.loads(schema.read_text(encoding="utf-8")), jsonschema.Draft202012Validator)


def test_every_report_is_as_its_schema_says(out: Path, whole: dict[str, Any], anakinra: Analysis) -> None:
    check(whole, out / SCHEMA)
    check(json.loads(json.dumps(as_json(results(anakinra)))), out / SCHEMA)
    assert whole["tool"]["version"] == ra.__version__


@pytest.mark.parametrize("harm", [
    lambda one: one["headline"].pop("p_below_0"),
    lambda one: one["headline"]["odds_ratio"].update(average=1.0),
    lambda one: one["sensitivity"][0].update(direction={"below": 0.5}),
    lambda one: one.update(sensitivity={"leave one out": []}),
])  # fmt: skip
def test_the_schema_refuses_what_is_none(out: Path, whole: dict[str, Any], harm: Any) -> None:
    other = json.loads(json.dumps(whole))
    harm(other["endpoints"]["death"])
    with pytest.raises(jsonschema.ValidationError):
        check(other, out / SCHEMA)


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_a_quantity_has_one_name_and_no_name_has_a_blank(anakinra: Analysis) -> None:
    one = as_json(results(anakinra))["endpoints"]["icans_any"]
    names = keys(one)
    assert "p_below_0" in names
    assert not names & {"below", "benefit", "harm", "below_one", "log_odds_ratio_below_0", "log_odds_ratio_lower"}
    assert not [name for name in names if " " in name]


def test_endpoints_stand_in_the_order_of_the_report(
    out: Path, whole: dict[str, Any], table: pd.DataFrame, anakinra: Analysis
) -> None:
    page = (out / "report.md").read_text(encoding="utf-8")
    order = sorted(whole["endpoints"], key=lambda e: page.index(f"## {whole['endpoints'][e]['label']} {{#"))
    assert [*whole["endpoints"]] == order == [*dict.fromkeys(table["endpoint"])]
    expected = [e.id for e in anakinra.endpoints]
    assert [*results(anakinra)["endpoints"]] == expected != sorted(expected)
    assert [*dict.fromkeys(results_table(anakinra)["endpoint"])] == expected


def test_one_row_an_endpoint_and_quantity_is_the_published_number(anakinra: Analysis) -> None:
    rows = results_table(anakinra)
    marked = rows[rows["headline"]].set_index(["endpoint", "quantity"])
    assert marked.index.is_unique
    assert marked["primary"].all()
    for e in anakinra.endpoints:
        at = e.baselines[0]
        said = {"odds_ratio": e.odds_ratio, "log_odds_ratio": e.log_odds_ratio, "treated_risk": at.treated_risk}
        said |= {"risk_difference": at.risk_difference, "risk_ratio": at.risk_ratio}
        assert set(marked.loc[e.id].index) == set(said)
        for quantity, expected in said.items():
            row = marked.loc[(e.id, quantity)]
            assert [row[name] for name in NUMBERS] == [getattr(expected, name) for name in NUMBERS]
            assert row["estimand"] == ("average" if e.headline.study is None else f"study:{e.headline.study}")
        assert marked.loc[(e.id, "odds_ratio"), "p_benefit"] == e.direction.benefit
        margins = {b.margin: (b.fewer, b.more) for b in at.beyond}
        difference = marked.loc[(e.id, "risk_difference")]
        assert {m: (difference[f"p_fewer_{m:g}"], difference[f"p_more_{m:g}"]) for m in margins} == margins


def test_every_alternative_with_an_effect_has_its_rows(anakinra: Analysis) -> None:
    rows = results_table(anakinra)
    for e in anakinra.endpoints:
        own = rows[(rows["endpoint"] == e.id) & ~rows["primary"] & (rows["quantity"] == "odds_ratio")]
        listed = [o for group in e.sensitivity.values() for o in group if o.odds_ratio is not None and not o.primary]
        listed += [o for o in e.models if o.odds_ratio is not None and o.model != e.fit.spec.model]
        assert len(listed) > 5
        assert [*own["median"]] == [o.odds_ratio.median for o in listed if o.odds_ratio is not None]
        assert not own.duplicated(["scenario_group", "scenario", "estimand"]).any()
    assert not rows.duplicated(["endpoint", "scenario_group", "scenario", "estimand", "quantity", "baseline"]).any()


def test_the_file_holds_the_table(out: Path, whole: dict[str, Any], table: pd.DataFrame) -> None:
    assert table["headline"].dtype == table["primary"].dtype == bool
    assert b",true," in (out / "results.csv").read_bytes()
    for endpoint, one in whole["endpoints"].items():
        row = table[(table["endpoint"] == endpoint) & table["headline"] & (table["quantity"] == "odds_ratio")]
        assert row[NUMBERS].iloc[0].to_dict() == {name: one["headline"]["odds_ratio"][name] for name in NUMBERS}


def test_the_package_describes_its_files(out: Path) -> None:
    package = json.loads((out / "datapackage.json").read_text(encoding="utf-8"))
    by_path = {one["path"]: one for one in package["resources"]}
    assert {"results.csv", "results.json", "specifications.parquet", "evidence/arms.csv"} <= set(by_path)
    for path, one in by_path.items():
        content = (out / path).read_bytes()
        if "hash" in one:
            assert one["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
            assert one["bytes"] == len(content)
    tables = {"results.csv": pd.read_csv(out / "results.csv"), "specifications.parquet": None}
    tables["specifications.parquet"] = pd.read_parquet(out / "specifications.parquet")
    for path, found in tables.items():
        assert [field["name"] for field in by_path[path]["schema"]["fields"]] == list(found)
    assert all("description" in field for field in by_path["results.csv"]["schema"]["fields"])


def test_every_specification_has_a_row(out: Path, whole: dict[str, Any]) -> None:
    every = pd.read_parquet(out / "specifications.parquet")
    for endpoint, one in whole["endpoints"].items():
        said, rows = one["scrutiny"]["multiverse"], every[every["endpoint"] == endpoint]
        assert len(rows) == said["specifications"]
        assert rows["odds_ratio_median"].quantile([0.0, 0.5, 1.0]).tolist() == pytest.approx(
            [said["odds_ratio"][name] for name in ("lowest", "middle", "highest")]
        )
        (primary,) = rows.loc[rows["primary"], "p_below_0"]
        assert primary == said["primary"]["p_below_0"]
        assert {f"choice_{choice['name']}" for choice in said["choices"]} <= set(rows)


def test_the_folder_alone_gives_its_headlines_again(out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(out, folder)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, folder / "reproduce.py"], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    same = run()
    assert same.returncode == 0, same.stderr
    assert same.stdout.count("as published") == 2
    changed = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    changed["endpoints"]["death"]["headline"]["odds_ratio"]["upper"] *= 1.001
    (folder / "results.json").write_text(json.dumps(changed), encoding="utf-8")
    differs = run()
    assert differs.returncode == 1
    assert "DIFFERS in odds_ratio upper" in differs.stdout


def test_evidence_altered_meanwhile_is_not_published(anakinra: Analysis, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    shutil.copytree(anakinra.evidence.folder, folder)
    moved = replace(anakinra, evidence=replace(anakinra.evidence, folder=folder))
    assert data_files(moved)["evidence/arms.csv"] == (folder / "arms.csv").read_bytes()
    with (folder / "arms.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(InvalidInput, match=r"arms\.csv: was altered while the report was built; build it again"):
        data_files(moved)
