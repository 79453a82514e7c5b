"""A build needs little: any directory, no home, no terminal, any locale, one core, sources it may not write to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import Commands, command, events
from builds.published import title_of

QUADRATURE = ("--engine", "quadrature")
SOURCES = Path(__file__).parents[2] / "models"


def sources() -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in SOURCES.rglob("*") if "__pycache__" not in path.parts}


def test_the_bare_command_without_home_locale_or_terminal(tmp_path: Path) -> None:
    """Nothing is set but the search path; the title, the folder and the label are not ASCII."""
    folder = evidence_folders.one_endpoint(tmp_path / "é 数", "Réanalyse Ж")
    (folder / "analysis.toml").write_text("title = 'Réanalyse Ж'\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = sources()
    bare = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    bare |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    bare |= {"PYTHONDONTWRITEBYTECODE": "1"}
    ended = command("report", folder, "--out", tmp_path / "out", *QUADRATURE, cwd=elsewhere, env=bare)
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert ended.out.endswith("out: 1 endpoint, every gate passed\n")
    assert title_of(tmp_path / "out") == "Réanalyse Ж"
    assert list(elsewhere.iterdir()) == []
    assert sources() == before


def test_one_core(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    ended = commands.run("report", folder, "--out", tmp_path / "out", *QUADRATURE, env=shared, cores=1)
    assert ended.code == 0


def test_paths_are_those_of_the_caller(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    evidence_folders.one_endpoint(tmp_path / "a" / "evidence")
    (tmp_path / "b").mkdir()
    where = tmp_path / "b"
    ended = commands.run("report", "../a/evidence", "--out", "../out", *QUADRATURE, env=shared, cwd=where)
    assert ended.code == 0
    assert title_of(tmp_path / "out") == "Re-analysis of evidence"
    assert list(where.iterdir()) == []


def test_the_summary_is_the_last_line_and_quiet_says_nothing(
    commands: Commands, tmp_path: Path, shared: dict[str, str]
) -> None:
    folder, log = evidence_folders.one_endpoint(tmp_path / "evidence"), tmp_path / "log"
    uncached = ("--seed", 7)
    where = ("report", folder, "--out", tmp_path / "out", *QUADRATURE, *uncached, "--log", log)
    assert commands.run(*where, env=shared).out == f"{tmp_path / 'out'}: 1 endpoint, every gate passed\n"
    again = commands.run(*where, "--quiet", env=shared)
    assert (again.code, again.out, again.err) == (0, "", "")
    said = events(log)
    assert [e["event"] for e in said].count("summary") == 2
    assert said[-1]["event"] == "summary"
    steps = {e["step"]: e["seconds"] for e in said if e["event"] == "end"}
    assert {"reading the evidence", "endpoint", "drawing figures", "writing documents", "publishing"} <= set(steps)
    assert all(seconds >= 0 for seconds in steps.values())
    first = next(e for e in said if e["event"] == "summary")
    assert {"quadrature", "figures", "documents", "loading", "whole"} <= set(first["stages"])
    for stage in ("quadrature", "figures", "documents"):  # the summary adds up what each task says
        each = [e["stages"][stage]["seconds"] for e in said if stage in e.get("stages", {}) and e["event"] != "summary"]
        assert first["stages"][stage]["seconds"] == pytest.approx(sum(each), abs=0.001 * (1 + len(each)))


def test_a_log_on_standard_error(commands: Commands, tmp_path: Path, shared: dict[str, str]) -> None:
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    where = ("report", folder, "--out", tmp_path / "out", *QUADRATURE)
    assert '"event": "summary"' in commands.run(*where, "--log", "-", env=shared).err
    ended = commands.run(*where, "--log", tmp_path / "no" / "such" / "log", env=shared)
    assert ended.code == 2
    assert "no such file or directory" in ended.err


@pytest.mark.slow
def test_the_sampler_without_a_home(tmp_path: Path) -> None:
    """PyTensor, numba and matplotlib keep their own caches; where there is no home they get a place in ours."""
    folder = evidence_folders.one_endpoint(tmp_path / "evidence")
    bare = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent"}
    bare |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    outputs = []
    for name in ("one", "two"):
        ended = command("report", folder, "--out", tmp_path / name, env=bare)
        assert ended.code == 0, ended.err
        assert ended.err == ""
        outputs.append({p.name: p.read_bytes() for p in (tmp_path / name).resolve().rglob("*") if p.is_file()})
    assert [n for n in outputs[0] if outputs[0][n] != outputs[1][n]] == []  # the sampler's draws are the same too
