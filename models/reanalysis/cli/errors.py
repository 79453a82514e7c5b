"""Ends of a command: exit codes, and one clear message instead of a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from enum import IntEnum

import typer

from reanalysis.cli.output import until_closed
from reanalysis.evidence.problems import BadChoice, InvalidInput, printable

_MOST_PROBLEMS = 100


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    OTHER = 1
    INVALID = 2
    GATE_FAILED = 3
    HELD = 4
    MOVED = 5
    INTERRUPTED = 130


_OPTIONS = {"settings": "--set", "priors": "--prior", "moderators": "--moderator"}
"""Options that are not called as their argument is."""


def as_option(problem: object) -> str:
    """A problem as the command line says it: the argument of a choice is written as its option."""
    if isinstance(problem, BadChoice):
        return f"{_OPTIONS.get(problem.argument, f'--{problem.argument.replace("_", "-")}')}{problem.said}"
    return str(problem)


def say(message: str) -> None:
    """One line on standard error, whatever its encoding can hold."""
    encoding = sys.stderr.encoding or "ascii"
    with until_closed(sys.stderr):
        print(printable(message).encode(encoding, "replace").decode(encoding), file=sys.stderr)


def reports_errors[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Turn what users can mend into messages and exit codes; what they cannot stays a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            code, lines = ending(error)
            if not lines:
                raise
            for line in lines:
                say(line)
            raise typer.Exit(code) from None

    return wrapped


def ending(error: BaseException) -> tuple[int, list[str]]:
    """Exit code and message of a command that an error ends; no line for what is a fault of ours, or no error."""
    from reanalysis.builds.lock import Held
    from reanalysis.engines.errors import EngineError
    from reanalysis.reporting.document import DocumentError

    match error:
        case InvalidInput():
            lines = [f"error: {as_option(problem)}" for problem in error.problems[:_MOST_PROBLEMS]]
            more = len(error.problems) - _MOST_PROBLEMS
            return Exit.INVALID, lines + ([f"error: and {more} more"] if more > 0 else [])
        case Held():
            return Exit.HELD, [f"error: {error}"]
        case EngineError() | DocumentError():
            return Exit.OTHER, [f"error: {error}"]
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return Exit.OTHER, [f"error: {place}{error.strerror or error}"]
        case KeyboardInterrupt():
            return Exit.INTERRUPTED, ["interrupted"]
        case _:
            return Exit.OTHER, []
