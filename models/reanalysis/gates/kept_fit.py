"""Fits of a report as data: the published posterior, and the sampled one that checks it, with their draws as NetCDF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.tree import netcdf_of
from reanalysis.gates.gates import gates
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True)
class SavedTree:
    """Draws and data of a posterior as the bytes of its NetCDF file."""

    netcdf: bytes

    def __call__(self) -> DataTree:
        """Open them."""
        from xarray import open_datatree

        with open_datatree(BytesIO(self.netcdf), engine="h5netcdf") as tree:
            return tree.load()


@dataclass(frozen=True)
class SampledCheck:
    """The posterior by NUTS, and the gates that hold it against quadrature."""

    posterior: Posterior
    gates: tuple[CheckResult, ...]


def netcdf(posterior: Posterior) -> bytes:
    """The NetCDF file of a posterior's draws and data."""
    saved = posterior.make_tree
    return saved.netcdf if isinstance(saved, SavedTree) else netcdf_of(posterior.tree())


def published_fit(spec: ModelSpec, data: ModelData, drawn: bool) -> Posterior:
    """The posterior by quadrature, which is published; its draws are kept where nothing is sampled for the endpoint.

    Raises
    ------
    EngineError
        If quadrature cannot give it.
    """
    posterior = fit(spec, data, "quadrature")
    return _kept(posterior) if drawn else posterior


def sampled_check(spec: ModelSpec, data: ModelData) -> SampledCheck:
    """The same by NUTS, judged.

    Raises
    ------
    EngineError
        If an engine cannot give the posterior.
    """
    posterior = fit(spec, data, "nuts")
    return SampledCheck(_kept(posterior), gates(posterior, fit(spec, data, "quadrature")))


def _kept(posterior: Posterior) -> Posterior:
    return replace(posterior, make_tree=SavedTree(netcdf(posterior)))
