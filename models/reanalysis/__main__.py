"""``python -m reanalysis``: the command line."""

from reanalysis.cli import main

main()
