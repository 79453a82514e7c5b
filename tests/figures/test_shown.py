"""Figures as people call them: given axes keep their words within their place, whatever else is in the figure."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

import reanalysis as ra
from reanalysis.analysis.analysis import Analysis
from reanalysis.figures import shown
from reanalysis.figures.style import NotebookFigure, house_style

OF_ENDPOINT = ("forest", "beyond", "prior_posterior", "icons", "leave_one_out")


def words(axes: Axes) -> Bbox:
    """Where the axes and their words are, in fractions of the figure."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    with house_style():
        tight = axes.get_tightbbox()
    assert tight is not None
    return Bbox(tight.get_points() / figure.bbox.size)


def within(inner: Bbox, outer: Bbox) -> bool:
    edge = 0.006  # of the figure: a letter may lean over
    return bool((inner.min >= outer.min - edge).all() and (inner.max <= outer.max + edge).all())


@pytest.mark.parametrize("size", [(6.4, 4.8), (3.0, 2.0), (12.0, 9.0)])
@pytest.mark.parametrize("name", OF_ENDPOINT)
def test_words_of_given_axes_stay_in_their_place(anakinra: Analysis, name: str, size: tuple[float, float]) -> None:
    figure = Figure(figsize=size)
    axes = figure.subplots()
    place = axes.get_position().frozen()
    assert getattr(shown, f"plot_{name}")(anakinra.endpoints[0], axes) is axes
    assert within(words(axes), place)
    assert (figure.get_size_inches() >= size).all()
    assert axes.get_window_extent().width / figure.dpi > 1.0


def test_two_figures_side_by_side_do_not_touch(anakinra: Analysis) -> None:
    figure = Figure(figsize=(8.0, 4.0))
    left, right = figure.subplots(1, 2)
    places = [one.get_position().frozen() for one in (left, right)]
    for axes, endpoint in zip((left, right), anakinra.endpoints, strict=False):
        ra.plot_forest(endpoint, axes)
    assert all(within(words(axes), place) for axes, place in zip((left, right), places, strict=True))


def test_axes_in_a_part_of_a_figure_keep_their_words(anakinra: Analysis) -> None:
    figure = Figure(figsize=(16.0, 6.0))
    axes = figure.subfigures(1, 2)[1].subplots()
    ra.plot_forest(anakinra.endpoints[0], ax=axes)
    found = words(axes)
    assert found.x0 > 0.5
    assert found.x1 < 1.0


def test_new_axes_show_their_figure_and_given_ones_leave_it_to_pyplot(anakinra: Analysis) -> None:
    axes = ra.plot_forest(anakinra.endpoints[0])
    figure = axes.get_figure(root=True)
    assert isinstance(figure, NotebookFigure)
    assert axes._repr_png_() == figure._repr_png_()  # type: ignore[attr-defined]
    assert not hasattr(ra.plot_forest(anakinra.endpoints[0], Figure().subplots()), "_repr_png_")
