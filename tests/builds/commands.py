"""The real command in a process of its own: exit code, both streams, and what its log says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("reanalysis")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def events(log: Path) -> list[dict[str, Any]]:
    """Lines of a log, each of which must be a JSON object."""
    found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert all(isinstance(one, dict) for one in found)
    return found


def computed(log: Path, kind: str = "fit") -> dict[str, str]:
    """Where the results of one kind came from, by endpoint (or group of figures)."""
    return {e.get("endpoint", e.get("group")): e["from"] for e in events(log) if e["event"] == kind}


def command(*arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> Ended:
    """Run the installed command from scratch."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


class Commands:
    """Runs the command as forks of one process that has imported it.

    Parameters
    ----------
    folder : Path
        Where streams are kept.
    validated : Path
        The comparison with published figures, which is the same for every evidence, pickled.
    """

    def __init__(self, folder: Path, validated: Path) -> None:
        self._folder, self._count = folder, 0
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", HERE / "fork_server.py", validated],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        assert self._answer() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=60)
        self._server.stdout.close()

    def start(
        self, *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None, **faults: Any
    ) -> int:
        """Start a command; its process id."""
        self._count += 1
        request = {
            "argv": [str(argument) for argument in arguments],
            "cwd": str(cwd or self._folder),
            "env": dict(os.environ) if env is None else env,
            "out": str(self._folder / f"{self._count}.out"),
            "err": str(self._folder / f"{self._count}.err"),
            "faults": faults,
        }
        process = self._ask(request)
        (self._folder / f"{process}.run").write_text(str(self._count))
        return int(process)

    def wait(self, process: int) -> Ended:
        """How a command ended that was started."""
        code = int(self._ask({"wait": process}))
        count = (self._folder / f"{process}.run").read_text()
        out, err = ((self._folder / f"{count}.{name}").read_text(errors="replace") for name in ("out", "err"))
        return Ended(code, out, err)

    def run(self, *arguments: object, **options: Any) -> Ended:
        """Run a command to its end."""
        return self.wait(self.start(*arguments, **options))

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._server.stdout is not None
        return json.loads(self._server.stdout.readline())
