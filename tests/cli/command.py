"""The command line in process: exit code and both streams, and never an exception."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from reanalysis.cli.app import app


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        value = json.loads(self.out, parse_constant=lambda name: 1 / 0)
        assert isinstance(value, dict)
        return value

    @property
    def errors(self) -> list[str]:
        """What is wrong, one sentence an item."""
        lines = self.err.splitlines()
        assert all(line.startswith("error: ") for line in lines), lines
        return [line.removeprefix("error: ") for line in lines]


def run(*arguments: object) -> Ended:
    """Run ``reanalysis`` with arguments."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="reanalysis")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def fit(folder: object, *arguments: object, endpoint: str = "x") -> Ended:
    """Fit an endpoint by quadrature, as JSON."""
    return run("fit", folder, "--endpoint", endpoint, "--engine", "quadrature", "--format", "json", *arguments)
