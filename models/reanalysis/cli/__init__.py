"""The command line."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def main() -> None:
    """Run ``reanalysis``. A request to end, SIGTERM, is an interruption like Ctrl-C: what was begun is cleared away."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from reanalysis.cli.output import prepare_streams

    prepare_streams()
    try:
        _check_date()
        from reanalysis.cli.app import app

        with _own_temporary_folder():
            app()
    except KeyboardInterrupt:  # before a command has begun, or after it has ended
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _check_date() -> None:
    """The date of documents, before libraries read the variable, which have no message for what is no date."""
    from reanalysis.builds.keys import source_date
    from reanalysis.cli.errors import Exit, say
    from reanalysis.evidence.problems import InvalidInput

    try:
        if not source_date():
            os.environ.pop("SOURCE_DATE_EPOCH", None)  # empty, as an unset variable of a scheduled build is
    except InvalidInput as error:
        say(f"error: {error.problems[0]}")
        sys.exit(Exit.INVALID)


@contextmanager
def _own_temporary_folder() -> Iterator[None]:
    """A folder for temporary files, gone with the command: compilers of models leave theirs behind."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="reanalysis-", ignore_cleanup_errors=True)
    except OSError:  # nowhere to write: what needs it says so
        yield
        return
    with folder as name:
        os.environ["TMPDIR"] = tempfile.tempdir = name
        yield
