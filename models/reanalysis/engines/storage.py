"""Posteriors on disk: NetCDF that plain ``arviz.from_netcdf`` opens, never half written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reanalysis.files import write_whole

if TYPE_CHECKING:
    from xarray import DataTree


def save_tree(tree: DataTree, path: Path) -> None:
    """Write a DataTree to a file, whole or not at all: overwriting an open NetCDF fails, renaming does not."""
    write_whole(path, netcdf_of(tree))


def netcdf_of(tree: DataTree) -> bytes:
    """The NetCDF file of a DataTree."""
    return bytes(tree.to_netcdf(engine="h5netcdf"))
