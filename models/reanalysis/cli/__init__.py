"""The command line."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_SETTINGS = {".numba_config.yaml": "Numba", "matplotlibrc": "Matplotlib", "arvizrc": "ArviZ"}
"""Files that libraries take for their settings where they lie in the working folder: it may be that of a stranger."""


def main() -> None:
    """Run ``reanalysis``. A request to end, SIGTERM, is an interruption like Ctrl-C: what was begun is cleared away."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["PYTHONSAFEPATH"] = "1"  # else worker processes look for their modules in the working folder first
    from reanalysis.cli.output import prepare_streams

    prepare_streams()
    try:
        _check_surroundings()
        from reanalysis.cli.app import app

        with _own_temporary_folder():
            app()
    except KeyboardInterrupt:  # before a command has begun, or after it has ended
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _check_surroundings() -> None:
    """What libraries would read before anything could be said of it: the date of documents, and files of settings."""
    from reanalysis.builds.keys import source_date
    from reanalysis.cli.errors import Exit, say
    from reanalysis.evidence.problems import InvalidInput

    rule = "lies in the working folder, where {} takes it for its settings; move it, or run from another folder"
    wrong = [f"{name}: {rule.format(reader)}" for name, reader in _SETTINGS.items() if os.path.lexists(name)]
    try:
        if not source_date():
            os.environ.pop("SOURCE_DATE_EPOCH", None)  # empty, as an unset variable of a scheduled build is
    except InvalidInput as error:
        wrong += map(str, error.problems)
    for problem in wrong:
        say(f"error: {problem}")
    if wrong:
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
