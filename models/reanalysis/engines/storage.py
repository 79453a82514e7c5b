"""How is a posterior kept on disk? NetCDF that plain ``arviz.from_netcdf`` opens, never half written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xarray import DataTree


def save_tree(tree: DataTree, path: Path) -> None:
    """Write a DataTree to a temporary name beside the target, then rename it: overwriting an open NetCDF fails."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        tree.to_netcdf(temporary, engine="h5netcdf")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
