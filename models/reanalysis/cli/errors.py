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
        from reanalysis.builds.lock import Held
        from reanalysis.engines.errors import EngineError
        from reanalysis.reporting.document import DocumentError

        try:
            return command(*args, **kwargs)
        except InvalidInput as error:
            for problem in error.problems[:_MOST_PROBLEMS]:
                say(f"error: {as_option(problem)}")
            if len(error.problems) > _MOST_PROBLEMS:
                say(f"error: and {len(error.problems) - _MOST_PROBLEMS} more")
            raise typer.Exit(Exit.INVALID) from None
        except Held as error:
            say(f"error: {error}")
            raise typer.Exit(Exit.HELD) from None
        except (EngineError, DocumentError) as error:
            say(f"error: {error}")
            raise typer.Exit(Exit.OTHER) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            say(f"error: {place}{error.strerror or error}")
            raise typer.Exit(Exit.OTHER) from None
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(130) from None

    return wrapped
