"""Whatever stands in a folder, it is read and audited, or refused with a message: nothing else happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, seed, settings
from hypothesis import strategies as st

from evidence.folders import FIVE, TWO_STUDIES, folder
from evidence.fuzzed import Folder, folders, outcome, write
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence

CONTRASTS = b"study,endpoint,measure,estimate,lower,upper,level,p,use,reason\n"
ANY = settings(deadline=None, suppress_health_check=list(HealthCheck))


def arms(text: str) -> Folder:
    return {"arms.csv": text.encode()}


@settings(ANY, max_examples=300)
@given(folders())
@example(arms(TWO_STUDIES))
@example(arms(f"{FIVE},reading,reading_weight\nA,control,x,3,20,a,1e300\nA,control,x,4,20,b,1e300\n"))
def test_any_of_300_folders_is_audited_or_refused_with_a_message(
    tmp_path_factory: pytest.TempPathFactory, found: Folder
) -> None:
    event(outcome(write(tmp_path_factory.mktemp("any"), found)))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(ANY, max_examples=10_000, database=None)
@given(folders())
def test_any_of_10_000_folders_is_audited_or_refused_with_a_message(
    tmp_path_factory: pytest.TempPathFactory, found: Folder
) -> None:
    event(outcome(write(tmp_path_factory.mktemp("any"), found)))


@settings(ANY, max_examples=100)
@given(st.binary(max_size=200), st.binary(max_size=100), st.binary(max_size=100))
def test_any_bytes_are_refused_with_a_message(
    tmp_path_factory: pytest.TempPathFactory, arms: bytes, toml: bytes, contrasts: bytes
) -> None:
    where = folder(tmp_path_factory.mktemp("bytes"), arms)
    (where / "analysis.toml").write_bytes(toml)
    (where / "contrasts.csv").write_bytes(CONTRASTS + contrasts)
    with pytest.raises(InvalidInput):
        read_evidence(where)


def drawn(many: int) -> list[Folder]:
    """Folders as the tests above draw them, the same each time."""
    found: list[Folder] = []

    @seed(2026)
    @settings(ANY, max_examples=many, database=None, phases=[Phase.generate])
    @given(folders())
    def collect(one: Folder) -> None:
        found.append(one)

    collect()
    return found[:many]


def ran(commands: list[list[str]]) -> list[dict[str, Any]]:
    """How each command ended, in a process of its own."""
    driver = [sys.executable, str(Path(__file__).with_name("commands.py"))]
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # no thread is lost by a fork
    done = subprocess.run(
        driver, input=json.dumps(commands), capture_output=True, text=True, timeout=600, check=True, env=alone
    )
    ended = json.loads(done.stdout)
    assert isinstance(ended, list)
    return ended


def test_the_command_itself_ends_with_0_or_2_on_50_folders(tmp_path: Path) -> None:
    commands: list[list[str]] = []
    for number, found in enumerate(drawn(50)):
        where = str(write(tmp_path / str(number), found))
        fit = ["fit", where, "--endpoint", "x", "--engine", "quadrature"]
        commands.append(fit if number % 5 == 0 else ["audit", where])
        commands[-1] += ["--format", "json"] if number % 2 else []
    with ThreadPoolExecutor(2) as both:
        halves = [commands[::2], commands[1::2]]
        ended = [one for half in both.map(ran, halves) for one in half]
    commands = halves[0] + halves[1]
    codes = Counter(str(one["code"]) for one in ended)
    assert len(ended) == 50
    for arguments, one in zip(commands, ended, strict=True):
        assert "Traceback" not in one["err"], (arguments, one["err"])
        assert one["code"] in (0, 1, 2), (arguments, one)
        if one["code"] == 0 and "json" in arguments:
            json.loads(one["out"])
        if one["code"] == 2:
            assert one["out"] == ""
            assert one["err"].startswith("error: ")
        if one["code"] == 1:
            assert arguments[0] == "fit"  # what no grid can hold is said to be so
            assert one["err"].startswith("error: ")
    assert codes["0"] >= 10, codes
    assert codes["2"] >= 10, codes
