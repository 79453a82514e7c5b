"""SECURITY.md claims what tests prove, and workflows run what they say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "reanalysis"
CONNECTING = {"http", "socket", "ssl", "ftplib", "smtplib", "urllib.request", "requests", "httpx", "aiohttp", "urllib3"}


def test_every_claim_is_proved_by_a_test_that_exists() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    written = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(named) > 15
    assert named <= written
    claims = page.split("## What it may not do")[1].split("## The cache")[0]
    assert all("`test_" in line for line in claims.splitlines() if line.startswith("| ") and "proved by" not in line)


def test_no_code_opens_a_connection() -> None:
    """But for a lock that says on which machine it is held, and the cluster that a caller names."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        modules = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module)
        if modules & CONNECTING:
            found[path.relative_to(PACKAGE).as_posix()] = modules & CONNECTING
    assert found == {"builds/lock.py": {"socket"}}
    lock = (PACKAGE / "builds" / "lock.py").read_text(encoding="utf-8")
    assert set(re.findall(r"socket\.(\w+)", lock)) == {"gethostname"}


def test_every_action_is_pinned_by_commit_with_its_version() -> None:
    used = [
        line.split("uses:")[1].strip()
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in used), used


def test_every_target_of_make_that_a_workflow_runs_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        assert set(re.findall(r"^\s+(?:run: )?make ([a-z]+)", path.read_text(encoding="utf-8"), re.M)) <= targets
