"""Fits of a report as data: the published posterior, and the sampled one that checks it, with their draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.gates import gates
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True)
class KeptTree:
    """Draws and data of a posterior as plain arrays: NetCDF takes a hundred times as long to write and to open."""

    groups: dict[str, dict[str, Any]]
    """By path what ``xarray.Dataset.from_dict`` takes, attributes included."""

    @classmethod
    def of(cls, tree: DataTree) -> KeptTree:
        """Those of a tree, whatever its depth."""
        return cls({path: group.to_dict(data="array") for path, group in tree.to_dict().items()})

    def __call__(self) -> DataTree:
        """The tree again."""
        from xarray import Dataset, DataTree

        return DataTree.from_dict({path: Dataset.from_dict(group) for path, group in self.groups.items()})


@dataclass(frozen=True)
class SampledCheck:
    """The posterior by NUTS, and the gates that hold it against quadrature."""

    posterior: Posterior
    gates: tuple[CheckResult, ...]


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
    return replace(posterior, make_tree=KeptTree.of(posterior.tree()))
