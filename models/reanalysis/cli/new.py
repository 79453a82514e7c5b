"""``reanalysis new``: a folder that reads, audits, fits and reports as it stands, to be filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reanalysis.cli.errors import reports_errors
from reanalysis.cli.output import print_line


@reports_errors
def new_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; nothing in it is overwritten.")],
) -> None:
    """Scaffold an evidence folder: invented figures to replace, every setting and every column explained."""
    from reanalysis.api.folders import new

    names = [path.name for path in new(folder)]
    print_line(f"{folder}: {', '.join(names)} written; next: reanalysis audit {folder}")
