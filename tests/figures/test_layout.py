"""Every word can be read: no two overlap, none is cut off, none is small."""

from __future__ import annotations

import pytest

from figures.plots import EVERY, OF_ENDPOINT, subjects
from figures.rendered import faults
from reanalysis.analysis.analysis import Analysis

pytestmark = pytest.mark.xdist_group("figures")

FOLDERS = ("anakinra", "single", "trials", "seventy_one", "long_names", "empty_cells")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", EVERY)
def test_words_neither_overlap_nor_leave_the_figure(analyses: dict[str, Analysis], folder: str, name: str) -> None:
    plot, _ = EVERY[name]
    for what in subjects(analyses[folder], name):
        assert faults(plot(what)) == [], getattr(what, "id", "")


def test_a_figure_grows_with_its_studies_and_keeps_its_width(analyses: dict[str, Analysis]) -> None:
    plot, _ = OF_ENDPOINT["forest"]
    figures = [plot(analyses[f].endpoints[0]).figure for f in ("single", "trials", "seventy_one")]
    heights = [figure.get_figheight() for figure in figures]
    assert heights == sorted(heights)
    assert {figure.get_figwidth() for figure in figures} == {6.5}
