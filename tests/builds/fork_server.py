"""Runs the command line again and again without importing it again: each run is a fork of a process that has.

Started as a program, with the file of the comparison with published figures. Requests and answers are JSON
lines: ``{"argv", "cwd", "env", "out", "err", "faults"}`` is answered by a process id, ``{"wait": id}`` by an exit code.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

LOADED = (
    "arviz_base", "arviz_stats", "h5netcdf", "matplotlib.backends.backend_agg", "pyarrow.parquet", "pypandoc", "typst",
    "rich.progress", "reanalysis.builds.build", "reanalysis.builds.publish", "reanalysis.builds.record",
    "reanalysis.builds.write", "reanalysis.cli.app", "reanalysis.reporting.results", "reanalysis.reporting.text",
)  # fmt: skip
"""Once, for every run."""


def main() -> None:
    for name in LOADED:
        import_module(name)
    from reanalysis.builds.cache import ResultCache
    from reanalysis.builds.keys import code_digest
    from reanalysis.engines.quadrature.models import quadrature_models
    from reanalysis.figures.words import characters
    from reanalysis.validation.calibration.artefact import check_calibration
    from reanalysis.versions import packages

    validated, recalled = pickle.loads(Path(sys.argv[1]).read_bytes()), ResultCache.get
    for remembered in (check_calibration, code_digest, packages, characters, quadrature_models):
        remembered()

    def get(self: ResultCache, kind: str, key: str) -> Any:
        return validated if kind == "validation" else recalled(self, kind, key)

    ResultCache.get = get  # type: ignore[method-assign]
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                run(request)
        print(json.dumps(answer), flush=True)


def run(request: dict[str, Any]) -> None:
    code = 70
    try:
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            opened = os.open(path, flags)
            os.dup2(opened, number)
            os.close(opened)
        sys.argv = ["reanalysis", *request["argv"]]
        install(request["faults"])
        from reanalysis.cli import main as command

        try:
            command()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def install(faults: dict[str, Any]) -> None:
    """Let something go wrong: a kill before the n-th event or change of a file name, a limit, or a lost folder.

    The processes of a build are forks too, and need not load the package again; ``spawned``, they start from nothing,
    as those of users do.
    """
    if not faults.get("spawned"):
        from reanalysis.builds import workers

        workers.get_context = lambda method: multiprocessing.get_context("fork")  # type: ignore[assignment]
    if "file_size" in faults:
        resource.setrlimit(resource.RLIMIT_FSIZE, (faults["file_size"],) * 2)
    if "cores" in faults:
        os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[: faults["cores"]]))
    reached = Path(faults["reached"]) if "reached" in faults else None
    left, own = [faults.get("kill_at", -1)], os.getpid()

    def point(name: str) -> None:
        if os.getpid() != own:  # a process of the build, which would count for itself
            return
        if reached is not None:
            with reached.open("a") as file:
                file.write(f"{name}\n")
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    from reanalysis.builds.log import BuildLog

    original = BuildLog.event

    def event(self: BuildLog, kind: str, /, **details: Any) -> None:
        original(self, kind, **details)
        point(f"{kind} {details.get('step', '')}")
        if "remove_at" in faults and faults["remove_at"] == kind:
            import shutil

            shutil.rmtree(faults["remove"], ignore_errors=True)

    BuildLog.event = event  # type: ignore[method-assign]
    from reanalysis.builds import publish

    if not faults.get("exchange", True):
        publish._exchange = lambda one, other: False  # type: ignore[assignment]
    if "kill_at" in faults or reached is not None:
        for name in ("rename", "replace", "symlink_to", "rmdir", "unlink"):
            setattr(Path, name, _announced(getattr(Path, name), name, point))
        publish._exchange = _announced(publish._exchange, "exchange", point)
        publish._remove = _announced(publish._remove, "remove", point)


def _announced(function: Any, name: str, point: Any) -> Any:
    def announced(*arguments: Any, **named: Any) -> Any:
        point(name)
        return function(*arguments, **named)

    return announced


if __name__ == "__main__":
    main()
