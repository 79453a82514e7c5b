"""Draws as one DataTree with ArviZ's standard groups, the same from both engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from reanalysis.engines.arrays import padded_arrays
from reanalysis.engines.draws import Draws, normal_logpdf
from reanalysis.engines.prediction import draw_report
from reanalysis.engines.streams import stream
from reanalysis.files import write_whole
from reanalysis.model.claims import log_said
from reanalysis.model.data import ModelData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree


def to_tree(
    spec: ModelSpec,
    data: ModelData,
    engine: str,
    draws: Draws,
    prior: Draws | None,
    sample_stats: dict[str, Array] | None = None,
) -> DataTree:
    """DataTree with posterior, prior, posterior_predictive, log_likelihood, log_prior and the data.

    log_likelihood is that of each arm's report; it is computed from the draws in NumPy, ten times faster than through
    PyMC and equal to it. Attributes are strings, the specification as JSON, and hold no time of creation.
    """
    from arviz_base import from_dict

    rng = stream(spec, data, f"predictions of {engine}")
    groups: dict[str, dict[str, Array]] = {
        "posterior": _group(draws),
        "posterior_predictive": _predictive(spec, data, draws, rng),
        "log_likelihood": {"print": _log_likelihood(data, draws)},
    }
    if draws.log_prior:
        groups["log_prior"] = draws.log_prior
    if prior is not None:
        groups["prior"] = _group(prior)
    if sample_stats:
        groups["sample_stats"] = sample_stats
    coords = {"study": list(data.names), "arm": list(draws.logits)}
    dims = {f"study_{name}": ["study"] for name in draws.study}
    by_study = (*(f"{arm}_rate" for arm in draws.logits), "effect", "baseline", "bias")
    of_studies = {name for group in groups.values() for name, value in group.items() if np.ndim(value) == 3}
    dims |= {name: ["study"] for name in by_study if name in of_studies}
    dims |= {name: ["study", "arm"] for name in ("events", "n", "print")}
    tree = from_dict(groups, coords=coords, dims=dims)
    arrays = padded_arrays(spec, data, len(data.studies))
    tree["observed_data"] = _node(
        {name: (("study", "arm", "candidate"), arrays[name]) for name in ("events", "n", "log_weight")},
        coords,
    )
    tree["constant_data"] = _node({"rho": (("study", "arm"), arrays["rho"])}, coords)
    for node in tree.subtree:
        node.attrs = {}
    tree.attrs = {
        "endpoint": data.endpoint,
        "engine": engine,
        "spec": json.dumps(spec.as_dict(), sort_keys=True),
        "creation_library": "reanalysis",
    }
    return tree


def _node(variables: dict[str, Any], coords: dict[str, list[str]]) -> DataTree:
    from xarray import Dataset, DataTree

    return DataTree(Dataset(variables, coords=coords))


def _group(draws: Draws) -> dict[str, Array]:
    group = draws.overall | {f"study_{name}": value for name, value in draws.study.items()}
    return group | {f"{arm}_rate": expit(logit) for arm, logit in draws.logits.items()}


def _log_likelihood(data: ModelData, draws: Draws) -> Array:
    """Log probability of each report, shape (chains, draws, S, arms); a ratio, or words, stand with the last arm."""
    first = next(iter(draws.logits.values()))
    values = np.zeros((*first.shape, len(draws.logits)))
    for s, study in enumerate(data.studies):
        if study.adjusted is not None:
            effect = draws.study["log_odds_ratio"][..., s]
            ratio = study.adjusted
            values[..., s, -1] = normal_logpdf(ratio.log_ratio, effect, ratio.standard_error)
            continue
        if study.told is not None:
            values[..., s, -1] = log_said(study, draws.logits["control"][..., s], draws.logits["treated"][..., s])
            continue
        for a, (arm, logit) in enumerate(draws.logits.items()):
            candidates = study.observed(arm)
            if candidates is not None:
                values[..., s, a] = log_likelihood(candidates, logit[..., s], study.rho)
    return values


def _predictive(spec: ModelSpec, data: ModelData, draws: Draws, rng: np.random.Generator) -> dict[str, Array]:
    """Counts that each arm could have reported, and the denominators they were drawn for."""
    arrays = padded_arrays(spec, data, len(data.studies))
    logits = np.stack(list(draws.logits.values()), axis=-1)
    slots = draw_report(arrays["n"], arrays["log_weight"], logits, arrays["rho"], rng=rng, size=logits.shape)
    filled = slots >= 0
    n = np.where(filled, arrays["n"], 0.0).sum(axis=-1)
    return {"events": np.where(filled, slots, 0.0).sum(axis=-1), "n": np.rint(n)}


def save_tree(tree: DataTree, path: Path) -> None:
    """Write a DataTree to a file, whole or not at all: overwriting an open NetCDF fails, renaming does not."""
    write_whole(path, netcdf_of(tree))


def netcdf_of(tree: DataTree) -> bytes:
    """The NetCDF file of a DataTree, which plain ``arviz.from_netcdf`` opens."""
    return bytes(tree.to_netcdf(engine="h5netcdf"))
