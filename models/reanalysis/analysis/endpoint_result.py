"""What does a computation of one endpoint leave behind? A posterior as data, ready for a cache or another process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from reanalysis.builds.frozen import freeze
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.spec import Engine, ModelSpec

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
class RecomputedTree:
    """Draws of the posterior that is only held against the published one: nobody keeps them."""

    spec: ModelSpec
    data: ModelData

    def __call__(self) -> DataTree:
        """Compute them."""
        return fit(self.spec, self.data, "quadrature").tree()


@dataclass(frozen=True)
class FitResult:
    """The published posterior of an endpoint, the same by quadrature, and its gates."""

    posterior: Posterior
    quadrature: Posterior
    gates: tuple[CheckResult, ...]


def netcdf(posterior: Posterior) -> bytes:
    """The NetCDF file of a posterior's draws and data."""
    saved = posterior.make_tree
    return saved.netcdf if isinstance(saved, SavedTree) else bytes(posterior.tree().to_netcdf(engine="h5netcdf"))


def fit_result(spec: ModelSpec, data: ModelData, engine: Engine) -> bytes:
    """Fit one endpoint, as the frozen bytes of a :class:`FitResult`.

    Raises
    ------
    EngineError
        If an engine cannot give the posterior.
    """
    posterior, quadrature, gates = fit_and_judge(spec, data, engine)
    saved = _as_data(posterior, SavedTree(netcdf(posterior)))
    twin = saved if quadrature is posterior else _as_data(quadrature, RecomputedTree(spec, data))
    return freeze(FitResult(saved, twin, gates))


def _as_data(posterior: Posterior, tree: SavedTree | RecomputedTree) -> Posterior:
    """The posterior with every marginal computed."""
    return replace(
        posterior,
        overall=dict(posterior.overall),
        study={study: dict(marginals) for study, marginals in posterior.study.items()},
        make_tree=tree,
    )
