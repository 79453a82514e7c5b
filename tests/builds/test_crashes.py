"""A fit that takes its process with it is one endpoint without a result: the report is a draft that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import HERE, Commands, computed, events
from builds.published import title_of

QUADRATURE = ("--engine", "quadrature")
CRASHING = evidence_folders.DEATH.replace("3,40", "5,40").replace("2,41", "5,41")
"""Of these tests alone: a fit that another test made would be recalled, and not crash."""
REASONS = {
    "fault": "its process was ended by SIGSEGV",
    "error": "ZeroDivisionError: half a fit",
}


@pytest.mark.parametrize("by", ["fault", pytest.param("error", marks=pytest.mark.slow)])
def test_a_crashing_fit_is_a_failed_fit_of_its_endpoint(
    commands: Commands, tmp_path: Path, shared: dict[str, str], by: str
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    first = evidence_folders.one_endpoint(tmp_path / "first", "First")
    assert commands.run("report", first, "--out", out, *QUADRATURE, env=shared).code == 0
    both = evidence_folders.write(tmp_path / "both", CRASHING + evidence_folders.INFECTION, "Both")
    crashing = shared | {"PYTHONPATH": str(HERE / "faults"), "CRASH": "death", "CRASH_BY": by}
    ended = commands.run(
        "report", both, "--out", out, *QUADRATURE, "--seed", 5, "--log", log, env=crashing, spawned=True
    )
    assert ended.code == 3
    assert ended.out == ""
    assert ended.err.splitlines()[0] == f"gate failed: death: fit failed: {REASONS[by]}"
    assert ended.err.splitlines()[-1] == f"{out}: nothing was published; the draft is in {out}.draft"
    assert title_of(out) == "First"
    assert "infection" in computed(log)  # the fits after it went on, in a process of their own
    (failure,) = [e for e in events(log) if e["event"] == "failure"]
    assert (failure["kind"], failure["endpoint"], failure["reason"]) == ("fit", "death", REASONS[by])
    if by == "fault":  # what the process wrote before it died is kept
        assert "half a word" in failure["details"]
        assert "Segmentation fault" in failure["details"]
    draft = tmp_path / "out.draft"
    assert title_of(draft) == "Both"
    assert (draft / "not-published.txt").read_text() == f"death: fit failed: {REASONS[by]}\n"
    results = json.loads((draft / "results.json").read_text())
    assert list(results["endpoints"]) == ["infection"]
    assert [failed["endpoint"] for failed in results["failed"]] == ["death"]
    assert not results["passed"]
    shown = (draft / "report.md").read_text()
    assert "1 of 2 endpoints have no result" in shown
    if by == list(REASONS)[-1]:  # from now on it has a result
        again = commands.run("report", both, "--out", out, *QUADRATURE, "--seed", 5, env=shared)
        assert again.code == 0  # no failure is kept
        assert not draft.exists()


def test_a_report_without_any_result_is_a_draft_of_reasons(
    commands: Commands, tmp_path: Path, shared: dict[str, str]
) -> None:
    folder = evidence_folders.write(tmp_path / "evidence", CRASHING.replace("5,", "6,"))
    crashing = shared | {"PYTHONPATH": str(HERE / "faults"), "CRASH": "death", "CRASH_BY": "exit"}
    ended = commands.run(
        "report", folder, "--out", tmp_path / "out", *QUADRATURE, "--seed", 6, env=crashing, spawned=True
    )
    assert ended.code == 3
    assert not (tmp_path / "out").exists()
    assert "death: fit failed" in (tmp_path / "out.draft" / "not-published.txt").read_text()
