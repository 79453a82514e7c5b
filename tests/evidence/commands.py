"""Run the command in a process of its own, many times: imports once, then a fork for each.

``python commands.py`` reads a JSON list of argument lists from standard input and writes, for each, the exit code (or
``"hang"``), standard output and standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path

SECONDS = 120
LOADED = ("reanalysis.analysis.analysis", "reanalysis.cli.app", "reanalysis.cli.tables", "rich.progress")
"""Once, for every run."""


def run(arguments: list[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as where:
        streams = [Path(where) / name for name in ("out", "err")]
        child = os.fork()
        if child == 0:
            _become(arguments, streams)
        code: object = "hang"
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.005)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        out, err = (stream.read_text("utf-8", "replace") for stream in streams)
        return {"code": code, "out": out, "err": err}


def _become(arguments: list[str], streams: list[Path]) -> None:
    from reanalysis.cli import main

    for number, stream in enumerate(streams, 1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["reanalysis", *arguments]
    code: object = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in LOADED:
        import_module(name)
    from reanalysis.engines.quadrature.models import quadrature_models

    quadrature_models()
    json.dump([run(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
