"""The saved draws are what ArviZ expects: its functions take the file as it is."""

from __future__ import annotations

from io import BytesIO

import arviz as az
import numpy as np
import pytest
from xarray import DataTree, open_datatree

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.saved_draws import saved_draws
from reanalysis.engines.tree import netcdf_of

pytestmark = pytest.mark.xdist_group("figures")


@pytest.fixture(scope="module")
def saved(anakinra: Analysis) -> bytes:
    return netcdf_of(saved_draws(anakinra.headlines[0].fit.kept, 86_400))


@pytest.fixture(scope="module")
def tree(saved: bytes) -> DataTree:
    with open_datatree(BytesIO(saved), engine="h5netcdf") as found:
        return found.load()


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_leave_one_out_and_predictive_checks_run(tree: DataTree) -> None:
    found = az.loo(tree)
    assert found.n_data_points == tree["observed_data"].sizes["report"] == 6
    for plot in (az.plot_loo_pit, az.plot_ppc_dist, az.plot_ppc_pit, az.plot_ppc_interval):
        plot(tree)


def test_observed_predicted_and_likelihood_are_alike_named_and_the_same_numbers(
    tree: DataTree, anakinra: Analysis
) -> None:
    groups = ("observed_data", "posterior_predictive", "log_likelihood")
    assert {tuple(tree[group].data_vars) for group in groups} == {("events",)}
    assert len({tuple(tree[group]["report"].values) for group in groups}) == 1
    fit = anakinra.headlines[0].fit
    for study, arm in fit.selection.observations:
        one = getattr(next(s for s in fit.posterior.data.studies if s.study == study), arm)
        at = tree["observed_data"]["events"].sel(report=f"{study}, {arm}")
        weight = np.asarray(one.weight) / np.sum(one.weight)
        assert float(at) == pytest.approx(float(weight @ np.asarray(one.events)))
        theirs = tree["log_likelihood"]["events"].sel(report=f"{study}, {arm}").values
        assert np.array_equal(theirs, fit.kept.tree()["log_likelihood"]["print"].sel(study=study, arm=arm).values)


def test_the_file_says_when_and_by_what_it_was_made_and_in_which_units(
    tree: DataTree, saved: bytes, anakinra: Analysis
) -> None:
    assert tree.attrs["created_at"] == "1970-01-02T00:00:00+00:00"
    assert {"inference_library", "inference_library_version", "creation_library_version"} <= set(tree.attrs)
    assert all(tree["posterior"][name].attrs["units"] for name in tree["posterior"].data_vars)
    assert netcdf_of(saved_draws(anakinra.headlines[0].fit.kept, 86_400)) == saved
