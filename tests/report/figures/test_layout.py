"""Can every word be read? No two overlap, none is cut off, none is small."""

from __future__ import annotations

import pytest

from reanalysis.report.analysis import Analysis
from report.figures.plots import OF_ANALYSIS, OF_ENDPOINT
from report.figures.rendered import faults

pytestmark = pytest.mark.xdist_group("figures")

FOLDERS = ("anakinra", "single", "trials", "seventy_one", "long_names", "empty_cells")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", OF_ENDPOINT)
def test_words_of_an_endpoint_figure_neither_overlap_nor_leave_it(
    analyses: dict[str, Analysis], folder: str, name: str
) -> None:
    plot, _ = OF_ENDPOINT[name]
    for endpoint in analyses[folder].endpoints:
        assert faults(plot(endpoint)) == [], endpoint.id


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", OF_ANALYSIS)
def test_words_of_a_whole_report_figure_neither_overlap_nor_leave_it(
    analyses: dict[str, Analysis], folder: str, name: str
) -> None:
    plot, _ = OF_ANALYSIS[name]
    assert faults(plot(analyses[folder])) == []


def test_a_figure_grows_with_its_studies_and_keeps_its_width(analyses: dict[str, Analysis]) -> None:
    plot, _ = OF_ENDPOINT["forest"]
    figures = [plot(analyses[f].endpoints[0]).figure for f in ("single", "trials", "seventy_one")]
    heights = [figure.get_figheight() for figure in figures]
    assert heights == sorted(heights)
    assert {figure.get_figwidth() for figure in figures} == {6.5}
