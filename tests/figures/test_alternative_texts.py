"""A reader who cannot see a figure is told numbers that are in it, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex

from figures.plots import OF_ANALYSIS, OF_ENDPOINT, subjects
from figures.rendered import shown
from reanalysis.analysis.analysis import Analysis
from reanalysis.estimands.words import ratio
from reanalysis.figures.forest import describe_forest, plot_forest
from reanalysis.figures.icons import describe_icons, plot_icons
from reanalysis.figures.sensitivity import describe_sensitivity, plot_sensitivity, sensitivity_pages
from reanalysis.figures.style import ACCENT

pytestmark = pytest.mark.xdist_group("figures")

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)? %|\d+\.\d+")
"""Percentages and decimals."""


def numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text.replace("\N{NO-BREAK SPACE}", " ")))


def marks(axes: Axes) -> Iterator[float]:
    """Heights of the points and of the ends of the lines of all panels."""
    for panel in (axes, *axes.child_axes):
        for line in panel.get_lines():
            y = np.asarray(line.get_ydata(), dtype=float)
            yield from y if len(y) < 10 else y[[0, -1]]


def along(axes: Axes) -> Iterator[float]:
    """Log odds ratios of the curve of each panel and of the ends of its band, at the values that are named below it."""
    for panel in axes.child_axes:
        curves = [line for line in panel.get_lines() if len(line.get_xdata()) > 10]
        bands = [one for one in panel.collections if isinstance(one, FillBetweenPolyCollection)]
        for place in panel.get_xticks():
            for curve in curves:
                yield float(np.interp(place, curve.get_xdata(), curve.get_ydata()))
            for band in bands:
                x, y = band.get_paths()[0].vertices.T
                at = y[np.isclose(x, place)]
                yield from (at.min(), at.max()) if len(at) else ()


def drawn(axes: Axes) -> set[str]:
    """Numbers that stand in a figure, and those that its points lie at."""
    found = numbers(" ".join(shown(axes)))
    points = (line.get_xdata() for line in axes.get_lines() if len(line.get_xdata()) == 1)
    found |= {ratio(float(np.asarray(x)[0])) for x in points}
    found |= {ratio(float(np.exp(y))) for y in along(axes)}
    for y in marks(axes):
        if np.isfinite(y):
            found |= {f"{y:.2f}", f"{abs(y):.2f}", f"{100 * y:.0f} %"}
    return found


@pytest.mark.parametrize("name", [*OF_ENDPOINT, "overview"])
def test_every_number_of_an_alternative_text_is_in_the_figure(anakinra: Analysis, name: str) -> None:
    plot, describe = {**OF_ENDPOINT, **OF_ANALYSIS}[name]
    for what in subjects(anakinra, name):
        text = describe(what)
        told = numbers(text)
        nothing = "no comparison is left" in text or "No declared moderator differs" in text
        assert told or nothing or name in ("icons", "traffic_lights")
        assert told <= drawn(plot(what)), getattr(what, "id", name)


def test_dots_and_rings_are_as_many_as_the_text_says(anakinra: Analysis) -> None:
    for endpoint in anakinra.endpoints:
        axes = plot_icons(endpoint)
        control, treated = axes.collections
        filled = [sum(to_hex(c) == to_hex(ACCENT) for c in one.get_facecolor()) for one in (control, treated)]
        widths = np.asarray(treated.get_linewidth())
        percent = endpoint.baselines[0].baseline.percent
        assert filled[0] == int(percent)
        low, high = np.flatnonzero(widths)[[0, -1]]
        assert f"{filled[1]} ({low} to {high + 1}) in 100" in describe_icons(endpoint)
        assert f"{percent:g} have the event" in describe_icons(endpoint)


def test_each_part_of_a_figure_has_its_own_text(anakinra: Analysis) -> None:
    longest = max(anakinra.endpoints, key=lambda e: sum(map(len, e.sensitivity.values())))
    pages = sensitivity_pages(longest, inches=4.0)
    assert len(pages) > 1
    texts = [describe_sensitivity(longest, page) for page in pages]
    assert len(set(texts)) == len(texts)
    for page, text in zip(pages, texts, strict=True):
        assert numbers(text) <= drawn(plot_sensitivity(longest, groups=page))
        assert all(group in text for group in page)


def test_a_part_of_a_forest_tells_of_its_studies(analyses: dict[str, Analysis]) -> None:
    endpoint: Any = analyses["trials"].endpoints[0]
    some = [study.study for study in endpoint.studies[:3]]
    text = describe_forest(endpoint, some)
    assert f"3 of {len(endpoint.studies)} cohorts" in text
    assert numbers(text) <= drawn(plot_forest(endpoint, studies=some))
