"""The files that schedule builds and tests: workflows fit their published schema; no more is checked of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "report.yml"
SCHEDULE = ROOT / ".github" / "schedule"


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("workflows/report.yml", "github-workflows"),
        ("workflows/test.yml", "github-workflows"),
        ("dependabot.yml", "dependabot"),
    ],
)
def test_what_the_host_reads_fits_its_schema(file: str, schema: str) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    checked = subprocess.run(
        [*command, ROOT / ".github" / file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("there is no systemd here")
    for unit in SCHEDULE.glob("reanalysis.*"):
        text = unit.read_text().replace("/srv/reanalysis/.venv/bin/reanalysis", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    checked = subprocess.run(
        [verify, "verify", "--man=no", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_every_option_in_the_examples_exists() -> None:
    from builds.commands import command

    known = {name: command(name, "--help").out for name in ("report", "diff")}
    for path in (WORKFLOW, *SCHEDULE.iterdir()):
        for name, options in re.findall(r"bin/reanalysis (report|diff)([^\n>]*)", path.read_text()):
            for option in re.findall(r"--[a-z]+", options):
                assert option in known[name], (path.name, option)
