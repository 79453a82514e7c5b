"""What changed between two reports: rows, settings, versions and numbers, and whether a conclusion moved."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from builds import evidence_folders
from builds.commands import Commands, Ended
from reanalysis.analysis.changes import Changes, Shift
from reanalysis.analysis.comparison import compare
from reanalysis.analysis.record import Record
from reanalysis.builds.record import read_record
from reanalysis.reporting.sections.changes import as_markdown, as_text

pytestmark = pytest.mark.xdist_group("changes")

QUADRATURE = ("--engine", "quadrature")


@pytest.fixture(scope="module")
def reports(commands: Commands, shared: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of evidence that differs in one thing: a number, or an endpoint."""
    folder = tmp_path_factory.mktemp("reports")
    rows = evidence_folders.INFECTION
    versions = {
        "first": rows,
        "large": rows.replace("Trial A,treated,infection,7,41", "Trial A,treated,infection,20,41"),
        "more": rows + evidence_folders.DEATH,
    }
    made = {}
    for name, content in versions.items():
        evidence = evidence_folders.write(folder / name / "evidence", content)
        made[name] = folder / name / "out"
        assert commands.run("report", evidence, "--out", made[name], *QUADRATURE, env=shared).code == 0
    return made


def diff(commands: Commands, reports: dict[str, Path], old: str, new: str, *options: object) -> Ended:
    return commands.run("diff", reports[old], reports[new], *options)


def test_the_exit_code_tells_whether_a_conclusion_moved(commands: Commands, reports: dict[str, Path]) -> None:
    assert diff(commands, reports, "first", "first").code == 0
    assert diff(commands, reports, "first", "large").code == 5
    assert diff(commands, reports, "first", "large", "--probability", 1, "--ratio", 1.01).code == 5
    assert diff(commands, reports, "first", "large", "--probability", 0.001, "--ratio", 100).code == 5
    assert diff(commands, reports, "first", "large", "--probability", 1, "--ratio", 100).code == 0
    assert diff(commands, reports, "first", "more").code == 5  # an endpoint is new
    assert diff(commands, reports, "more", "first").code == 5


def test_json_has_every_change(commands: Commands, reports: dict[str, Path]) -> None:
    found = json.loads(diff(commands, reports, "first", "large", "--format", "json").out)
    (row,) = found["evidence"]
    assert (row["kind"], row["row"]) == ("altered", "Trial A/treated/infection")
    assert row["cells"] == [{"name": "events", "old": 7, "new": 20}]
    assert found["moved"] == ["infection"]
    shifts = {shift["name"]: shift for shift in found["endpoints"]["infection"]["shifts"]}
    ratio = shifts["odds ratio"]
    old, new = (
        json.loads((reports[name] / "results.json").read_text())["endpoints"]["infection"]["headline"]
        for name in ("first", "large")
    )
    assert ratio["old"] == pytest.approx(math.exp(old["log_odds_ratio"]["median"]))
    assert ratio["shift"] == pytest.approx(new["log_odds_ratio"]["median"] - old["log_odds_ratio"]["median"])
    assert shifts["P(fewer events)"]["new"] == new["p_below_0"]
    assert ratio["moved"]
    assert ratio["monte_carlo_error"] == 0  # by quadrature


def test_added_and_removed_rows_are_told(commands: Commands, reports: dict[str, Path]) -> None:
    found = json.loads(diff(commands, reports, "first", "more", "--format", "json").out)
    assert {(row["kind"], row["row"]) for row in found["evidence"]} == {
        ("added", "Trial A/control/death"),
        ("added", "Trial A/treated/death"),
    }
    assert found["endpoints"]["death"]["note"] == "is new"
    back = json.loads(diff(commands, reports, "more", "first", "--format", "json").out)
    assert {row["kind"] for row in back["evidence"]} == {"removed"}
    assert back["endpoints"]["death"]["note"] == "is gone"


def test_text_and_markdown_say_the_same(commands: Commands, reports: dict[str, Path]) -> None:
    text = diff(commands, reports, "first", "large").out
    first = "one row of evidence, no settings and no versions changed; conclusions that moved"
    assert text.startswith(first)
    assert re.search(r"infection +odds ratio +0\.\d\d +\d\.\d\d +exact +yes", text)
    markdown = diff(commands, reports, "first", "large", "--format", "markdown").out
    assert markdown.startswith(first)
    assert "| arms | Trial A/treated/infection | altered | events 7 \N{RIGHTWARDS ARROW} 20 |" in markdown
    assert "### Results" in markdown


def test_the_next_report_says_what_changed(
    commands: Commands, shared: dict[str, str], reports: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for name in ("first", "large"):
        evidence = reports[name].parent / "evidence"
        assert commands.run("report", evidence, "--out", out, *QUADRATURE, env=shared).code == 0
    assert "What changed since the last report" in (out / "index.html").read_text()
    kept = TypeAdapter(Changes).validate_json((out / "changes.json").read_bytes())
    between = compare(read_record(reports["first"]), read_record(reports["large"]))
    assert kept == replace(between, settings=kept.settings)
    previous = tmp_path / ".out.builds" / "previous"
    assert commands.run("diff", previous, out).code == 5


def test_what_is_no_whole_report_is_refused(commands: Commands, reports: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    damaged = tmp_path / "damaged"
    shutil.copytree(reports["first"], damaged)
    (damaged / "results.json").write_text("{}")
    for old, told in ((damaged, "is not as it was published: results.json was altered"), (tmp_path, "holds no")):
        ended = commands.run("diff", old, reports["first"])
        assert ended.code == 2
        assert told in ended.err
    for option, value in (("--probability", 2), ("--ratio", 0.5), ("--format", "xml"), ("--ratio", "nan")):
        assert diff(commands, reports, "first", "large", option, value).code == 2


def test_versions_and_settings_are_compared(reports: dict[str, Path]) -> None:
    old = read_record(reports["first"])
    making = json.loads(json.dumps(old.making))
    making["packages"]["numpy"] = "1.0"
    making["seed"] = 1
    changes = compare(old, Record(old.results, old.evidence, making))
    assert [c.name for c in changes.software] == ["numpy"]
    assert [(c.name, c.new) for c in changes.settings] == [("seed", 1)]
    assert not changes.moved
    assert "numpy" in as_text(changes)


def test_a_shift_within_monte_carlo_error_is_none() -> None:
    moved = Shift("P(benefit)", "probability", 0.50, 0.60, error=0.01)
    assert moved.moved(0.05, 1.25)
    assert moved.in_errors == pytest.approx(10)
    assert not Shift("P(benefit)", "probability", 0.50, 0.60, error=0.04).moved(0.05, 1.25)
    assert not Shift("P(benefit)", "probability", 0.50, 0.54, error=0.0).moved(0.05, 1.25)
    for old, new in ((1.0, 1.3), (1.3, 1.0)):
        assert Shift("odds ratio", "ratio", old, new, error=0.0).moved(0.05, 1.25)
        assert not Shift("upper end", "ratio", old, new, error=0.0, counts=False).moved(0.05, 1.25)


def test_hostile_names_stay_text(reports: dict[str, Path]) -> None:
    old = read_record(reports["first"])
    evidence = json.loads(json.dumps(old.evidence))
    evidence["arms"][0]["study"] = "<b>x</b> | `y` \x1b[31m\n# heading"
    changes = compare(old, Record(old.results, evidence, old.making))
    assert "\x1b" not in as_text(changes)
    assert "\n# heading" not in as_text(changes)
    shown = as_markdown(changes)
    assert "<b>" not in shown.replace(r"\<b\>", "")
    assert "\n#" not in shown.replace("\n###", "")
    rows = [line for line in shown.splitlines() if "heading" in line]
    assert rows
    assert all(row.replace(r"\|", "").count("|") == 5 for row in rows)


def test_a_headline_of_another_kind_is_a_conclusion_that_moved(reports: dict[str, Path]) -> None:
    old = read_record(reports["first"])
    results = json.loads(json.dumps(old.results))
    results["endpoints"]["infection"]["headline"] |= {"kind": "single study", "study": "Trial A"}
    (one,) = compare(old, Record(results, old.evidence, old.making)).moved
    assert one.note == "its headline was the average effect and is the effect of Trial A alone"
