"""Ctrl-C and SIGTERM end a command with one word and exit code 130, Python with KeyboardInterrupt, none in a table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.folders import TWO_STUDIES, folder

SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have told its background to ignore it
import nutpie
from nutpie.compiled_pyfunc import from_pyfunc
from reanalysis.engines.nuts import engine


def density(x):
    time.sleep(0.002)
    return -0.5 * float(x @ x), -x


class Compiled:
    shapes = {}

    def with_data(self, values):
        return from_pyfunc(1, lambda: density, lambda *_: lambda x: {"mu": x[:1]}, ["float64"], [(1,)], ["mu"])


def told(*arguments, **settings):
    print("sampling", file=sys.stderr, flush=True)
    return sample(*arguments, **settings)


sample, nutpie.sample = nutpie.sample, told
engine._program_for = lambda spec, data: (Compiled(), {})
"""
"""The sampler itself, on a density that needs no compiling and takes its time."""

BY_COMMAND = SLOW + "import reanalysis.cli\nreanalysis.cli.main()\n"

IN_PYTHON = SLOW + (
    "import reanalysis as ra\n"
    "try:\n    print(ra.fit(ra.read_evidence(sys.argv[1]), 'x', 'nuts').table())\n"
    "except KeyboardInterrupt:\n    print('KeyboardInterrupt', file=sys.stderr)\n"
)


def interrupted(
    arguments: list[object], sent: int, when: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, str, str]:
    """Exit code and streams of a Python that is sent a signal; it has 20 s to end."""
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        when(process)
        process.send_signal(sent)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    return process.returncode, out, err


def sampling(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert process.stderr.readline() == "sampling\n"
    time.sleep(0.5)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_samples_ends_as_interrupted(tmp_path: Path, sent: int) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    arguments = ["-c", BY_COMMAND, "fit", where, "--endpoint", "x", "--engine", "nuts"]
    code, out, err = interrupted(arguments, sent, sampling)
    assert (code, out, err) == (130, "", "interrupted\n")  # and "sampling" is not said a second time


def test_python_that_samples_is_told_of_the_interruption(tmp_path: Path) -> None:
    code, out, err = interrupted(["-c", IN_PYTHON, folder(tmp_path, TWO_STUDIES)], signal.SIGINT, sampling)
    assert (code, out, err) == (0, "", "KeyboardInterrupt\n")


def workers_of(process: int) -> set[int]:
    """Its worker processes, not the process that keeps track of their resources."""
    asked = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process)]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    return {int(line.split()[0]) for line in found if "--multiprocessing-fork" in line}


def test_a_build_that_is_told_to_end_leaves_no_draft_and_no_worker(tmp_path: Path) -> None:
    """While the worker computes the first fit: stopped there, so that it is at work when the signal comes."""
    where, out, log = folder(tmp_path / "data", TWO_STUDIES), tmp_path / "out", tmp_path / "log"
    workers: set[int] = set()

    def at_work(process: subprocess.Popen[str]) -> None:
        for _ in range(600):
            workers.update(workers_of(process.pid))
            if workers:
                break
            time.sleep(0.05)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        time.sleep(0.3)

    report = "import sys, reanalysis.cli; sys.argv[0] = 'reanalysis'; reanalysis.cli.main()"
    arguments = ["-c", report, "report", where, "--out", out, "--engine", "quadrature", "--fresh", "--log", log]
    code, said, err = interrupted(arguments, signal.SIGTERM, at_work)
    assert workers
    assert (code, said, err) == (130, "", "interrupted\n")
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "interrupted"
    assert not out.exists()
    assert not list(tmp_path.rglob("*.md"))
    assert not list((tmp_path / ".out.builds").glob("draft*"))
    assert all(not Path(f"/proc/{worker}").exists() for worker in workers)
