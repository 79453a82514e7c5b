"""The command line."""

from __future__ import annotations


def main() -> None:
    """Run ``reanalysis``."""
    from reanalysis.cli.app import app
    from reanalysis.cli.output import prepare_streams

    prepare_streams()
    app()
