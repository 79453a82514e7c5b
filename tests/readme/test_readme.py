"""What the README claims is what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from readme.answer import DATA, GALLERY, README, answer, written
from reanalysis.analysis.analysis import Analysis
from reanalysis.cli.app import app
from reanalysis.estimands.words import percent, ratio_interval
from reanalysis.evidence.reading.arms_table import ARMS
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures.overview import plot_overview
from reanalysis.figures.save import save_figure

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def test_the_answer_and_the_figure_are_those_of_the_evidence(reanalysed: Analysis, tmp_path: Path) -> None:
    assert written() == answer(reanalysed), "run make readme"
    save_figure(plot_overview(reanalysed), tmp_path / "overview")
    drawn = (tmp_path / "overview.svg").read_text(encoding="utf-8")
    kept = (GALLERY / "overview.svg").read_text(encoding="utf-8")
    assert _NUMBER.sub("", drawn) == _NUMBER.sub("", kept), "run make readme"
    positions = [np.array(_NUMBER.findall(svg), dtype=float) for svg in (drawn, kept)]
    np.testing.assert_allclose(*positions, atol=0.05)  # another processor rounds otherwise, by far less than a point


def test_the_answer_is_what_fit_prints() -> None:
    evidence = read_evidence(DATA)
    rows = [line.strip("| ").split(" | ") for line in written().splitlines() if line.startswith("| ")][1:]
    told = {row[0]: row for row in rows}
    first_page = [e for e in evidence.endpoints if evidence.endpoint(e).headline]
    words = [row for row in told if "in words" in row]  # of an endpoint above it
    assert [row for row in told if row not in words] == [evidence.endpoint_label(e) for e in first_page]
    for endpoint in first_page:
        result = CliRunner().invoke(app, ["fit", str(DATA), "--endpoint", endpoint, "--format", "json"])
        found = json.loads(result.stdout)
        single = found["comparative_studies"] if len(found["comparative_studies"]) == 1 else None
        ratio = found["estimates"]["study"][single[0]]["odds_ratio"] if single else found["estimates"]["odds_ratio"]
        row = told[evidence.endpoint_label(endpoint)]
        assert ratio_interval(ratio["median"], ratio["lower"], ratio["upper"]) in row
        if not single:
            below = found["probabilities"]["log_odds_ratio_below_0"]
            benefit = below if evidence.endpoint(endpoint).better == "lower" else 1 - below
            assert f"helps {percent(benefit)}, harms {percent(1 - benefit)}" in row


def test_the_five_column_example_can_be_audited_and_fitted(tmp_path: Path) -> None:
    example = re.search(r"```csv\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "arms.csv").write_text(example[1], encoding="utf-8")
    for command in (["audit"], ["fit", "--endpoint", "infection"]):
        result = CliRunner().invoke(app, [command[0], str(tmp_path), *command[1:]])
        assert result.exit_code == 0, result.output


def test_every_column_and_link_named_exists() -> None:
    text = README.read_text(encoding="utf-8")
    table = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    assert {name for row in table for name in re.findall(r"`(\w+)`", row)} <= set(ARMS.columns)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (README.parent / target).exists(), target


def test_every_command_named_exists() -> None:
    text = README.read_text(encoding="utf-8")
    named = set(re.findall(r"^\.venv/bin/reanalysis (\w+)", text, re.MULTILINE))
    assert named
    for command in named:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0, command


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    examples = [block for block in blocks if "import reanalysis" in block]
    assert len(examples) == 2
    (tmp_path / "data").symlink_to(README.parent / "data")
    monkeypatch.chdir(tmp_path)
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})
    assert (tmp_path / "my_trials" / "arms.csv").is_file()
