"""Draws that are kept between the tasks of a build are the draws."""

from __future__ import annotations

import numpy as np
from xarray import Dataset, DataTree

from engines.builders import ICANS, spec
from reanalysis.builds.frozen import freeze, thaw
from reanalysis.engines.fit import fit
from reanalysis.gates.kept_fit import KeptTree, published_fit


def test_a_kept_tree_is_the_tree_with_all_its_attributes() -> None:
    tree = fit(spec(), ICANS, "quadrature").tree()
    kept = thaw(freeze(published_fit(spec(), ICANS, drawn=True)))
    assert kept.tree().identical(tree)
    assert kept.tree().attrs == tree.attrs != {}


def test_no_group_within_a_group_is_lost() -> None:
    tree = DataTree.from_dict(
        {"/": Dataset(attrs={"a": "b"}), "/x": Dataset(), "/x/y": Dataset({"z": ("n", np.arange(3))})}
    )
    assert KeptTree.of(tree)().identical(tree)
