"""``reanalysis new``: a folder that reads, audits, fits and reports as it stands, to be filled in."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from reanalysis.cli.errors import reports_errors
from reanalysis.cli.output import print_line

TABLES = ("arms.csv", "contrasts.csv", "benchmarks.csv", "risk_of_bias.csv")
FILES = (*TABLES, "analysis.toml", "sources.toml", "COLUMNS.md")


@reports_errors
def new_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; nothing in it is overwritten.")],
) -> None:
    """Scaffold an evidence folder: invented figures to replace, every setting and every column explained."""
    from reanalysis.evidence.problems import InvalidInput

    taken = [name for name in FILES if (folder / name).exists()]
    if taken or (folder.exists() and not folder.is_dir()):
        what = f"has {', '.join(taken)} already" if taken else "is not a folder"
        raise InvalidInput([f"{folder}: {what}; nothing was written"])
    folder.mkdir(parents=True, exist_ok=True)
    template = resources.files("reanalysis.cli") / "scaffold"
    for name in FILES:
        (folder / name).write_bytes((template / name).read_bytes())
    print_line(f"{folder}: {', '.join(FILES)} written; next: reanalysis audit {folder}")
