"""Draws of an endpoint as the file of a report holds them: groups and names that ArviZ's functions look for.

Observed, predicted and likelihood are of one variable, ``events``, along the arms that were reported, so that
``az.loo``, ``plot_loo_pit`` and ``plot_ppc_*`` take the file as it is. A report that several counts would fit stands
with their mean by weight; all of them are in the group candidates. A study known by its ratio alone has no counts and
no place among them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from reanalysis.engines.tree import netcdf_of

if TYPE_CHECKING:
    from xarray import DataArray, Dataset, DataTree

    from reanalysis.engines.posterior import Posterior

UNITS = {
    "log_odds_ratio": ("Average log odds ratio, treated against control", "log odds"),
    "log_odds_ratio_new": ("Log odds ratio of a new study", "log odds"),
    "study_log_odds_ratio": ("Log odds ratio of each study", "log odds"),
    "study_log_risk_ratio": ("Log risk ratio of each study", "log ratio"),
    "study_risk_difference": ("Risk difference of each study, treated minus control", "proportion"),
    "study_control_logit": ("Logit of the control risk of each study", "log odds"),
    "study_treated_logit": ("Logit of the treated risk of each study", "log odds"),
    "control_rate": ("Control risk of each study", "proportion"),
    "treated_rate": ("Treated risk of each study", "proportion"),
    "tau": ("SD of log odds ratios between studies", "log odds"),
    "events": ("Patients with the event", "patients"),
    "n": ("Patients of the arm", "patients"),
}
"""Long name and unit of the variables."""


def saved_draws(posterior: Posterior, date: int) -> DataTree:
    """The DataTree to save, its time of creation in seconds since 1970."""
    from xarray import DataTree

    tree = posterior.tree()
    observed = tree["observed_data"].to_dataset()
    weight: DataArray = np.exp(observed["log_weight"])  # type: ignore[assignment]
    reported = (weight.sum("candidate") > 0).stack(report=("study", "arm"))
    names = [f"{study}, {arm}" for study, arm in reported["report"].values]

    def along_reports(group: Dataset) -> Dataset:
        found = group.stack(report=("study", "arm")).isel(report=reported.values.nonzero()[0])
        study, arm = (found[name].values for name in ("study", "arm"))
        kept = [name for name, there in zip(names, reported.values, strict=True) if there]
        found = found.drop_vars(["report", "study", "arm"]).assign_coords(report=kept)
        return found.assign_coords(study=("report", study), arm=("report", arm))

    candidates = observed.rename({name: f"candidate_{name}" for name in observed})
    mean = (observed[["events", "n"]] * weight).sum("candidate") / weight.sum("candidate")
    likelihood = along_reports(tree["log_likelihood"].to_dataset())
    predicted = along_reports(tree["posterior_predictive"].to_dataset())
    groups = {name: node.to_dataset() for name, node in tree.children.items()} | {
        "observed_data": along_reports(mean)[["events"]],
        "posterior_predictive": predicted[["events"]],
        "predictive_sizes": predicted[["n"]],
        "log_likelihood": likelihood.rename(print="events"),
        "constant_data": along_reports(mean)[["n"]].assign(along_reports(tree["constant_data"].to_dataset())),
        "candidates": along_reports(candidates),
    }
    for group in groups.values():
        for name in group.data_vars:
            if name in UNITS:
                group[name].attrs |= dict(zip(("long_name", "units"), UNITS[str(name)], strict=True))
    found = DataTree.from_dict(groups)
    library = "nutpie" if posterior.engine == "nuts" else "reanalysis"
    found.attrs = tree.attrs | {
        "created_at": datetime.fromtimestamp(date, UTC).isoformat(),
        "creation_library_version": version("reanalysis"),
        "inference_library": library,
        "inference_library_version": version(library),
    }
    return found


def draws_file(posterior: Posterior, date: int) -> bytes:
    """The NetCDF file of :func:`saved_draws`."""
    return netcdf_of(saved_draws(posterior, date))
