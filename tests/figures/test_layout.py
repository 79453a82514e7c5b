"""Every word can be read: no two overlap, none is cut off, none is small."""

from __future__ import annotations

import re

import pytest
from matplotlib.axes import Axes

from figures.plots import EVERY, OF_ENDPOINT, subjects
from figures.rendered import faults, shown
from reanalysis.analysis.analysis import Analysis
from reanalysis.figures.style import NARROW
from reanalysis.reporting import contents

pytestmark = pytest.mark.xdist_group("figures")

FOR_PHONES = ("forest", "sensitivity", "leave_one_out", "coverage")
FOLDERS = ["anakinra", "seventy_one", "long_names", "empty_cells"]
FOLDERS += [pytest.param(name, marks=pytest.mark.slow) for name in ("single", "trials")]  # others are as small


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", EVERY)
def test_words_neither_overlap_nor_leave_the_figure(analyses: dict[str, Analysis], folder: str, name: str) -> None:
    plot, _ = EVERY[name]
    for what in subjects(analyses[folder], name):
        assert faults(plot(what)) == [], getattr(what, "id", "")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", FOR_PHONES)
def test_a_figure_for_a_phone_says_the_same_and_its_words_can_be_read(
    analyses: dict[str, Analysis], folder: str, name: str
) -> None:
    plot, _ = EVERY[name]
    for what in subjects(analyses[folder], name):
        wide, narrow = plot(what), plot(what, narrow=True)
        assert faults(narrow) == [], getattr(what, "id", "")
        assert narrow.figure.get_figwidth() == pytest.approx(NARROW)
        if name != "coverage":  # which has letters in the place of words
            assert numbers(wide) <= numbers(narrow)


def numbers(axes: Axes) -> set[str]:
    """Numbers written outside the scale, which has as many ticks as fit."""
    ticks = {label.get_text() for label in axes.get_xticklabels()}
    return {found for text in shown(axes) if text not in ticks for found in re.findall(r"\d+(?:\.\d+)?", text)}


def test_every_figure_for_a_phone_is_drawn_by_a_test() -> None:
    declared = [figure.name for figure in (*contents.OF_ENDPOINT, *contents.OF_REPORT) if figure.narrow]
    assert sorted(name.replace("-", "_") for name in declared) == sorted(FOR_PHONES)


def test_a_figure_grows_with_its_studies_and_keeps_its_width(analyses: dict[str, Analysis]) -> None:
    plot, _ = OF_ENDPOINT["forest"]
    figures = [plot(analyses[f].endpoints[0]).figure for f in ("single", "trials", "seventy_one")]
    heights = [figure.get_figheight() for figure in figures]
    assert heights == sorted(heights)
    assert {figure.get_figwidth() for figure in figures} == {6.5}
