"""The command line."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run ``reanalysis``. A request to end, SIGTERM, is an interruption like Ctrl-C: what was begun is cleared away."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from reanalysis.cli.output import prepare_streams

    prepare_streams()
    try:
        from reanalysis.cli.app import app

        app()
    except KeyboardInterrupt:  # before a command has begun, or after it has ended
        print("interrupted", file=sys.stderr)
        sys.exit(130)
