"""What can be seen of a figure: its visible words with their boxes, measured by the renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from reanalysis.figures.style import house_style


def words_with_boxes(axes: Axes) -> list[tuple[Text, Bbox]]:
    """Every visible piece of text in the figure of axes, with its box in pixels."""
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    with house_style():
        canvas = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
        canvas.draw()
        renderer: Any = canvas.get_renderer()  # type: ignore[no-untyped-call]
        hidden = _hidden_tick_labels(figure)
        return [
            (text, Text.get_window_extent(text, renderer))
            for text in figure.findobj(Text)
            if isinstance(text, Text) and text.get_visible() and text.get_text().strip() and text not in hidden
        ]


def _hidden_tick_labels(figure: Figure) -> set[Text]:
    """Labels of ticks outside the view and of axes that are switched off: they exist but are not drawn."""
    hidden: set[Text] = set()
    for axes in (a for a in figure.findobj(Axes) if isinstance(a, Axes)):
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted((low, high))
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not axes.axison or not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    return hidden


def overlaps(axes: Axes) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes overlap by more than half a pixel."""
    return _overlaps(words_with_boxes(axes))


def _overlaps(words: list[tuple[Text, Bbox]]) -> list[tuple[str, str]]:
    boxes = np.array([box.padded(-0.5).extents for _, box in words]).reshape(-1, 4)
    x0, y0, x1, y1 = boxes.T
    meet = (x0[:, None] < x1) & (x0 < x1[:, None]) & (y0[:, None] < y1) & (y0 < y1[:, None])
    texts = [text.get_text() for text, _ in words]
    return [(texts[i], texts[j]) for i, j in np.argwhere(np.triu(meet, 1))]


def outside(axes: Axes) -> list[str]:
    """Texts that leave the figure by more than half a pixel."""
    return _outside(axes, words_with_boxes(axes))


def _outside(axes: Axes, words: list[tuple[Text, Bbox]]) -> list[str]:
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    page = figure.bbox.padded(0.5)
    return [
        text.get_text()
        for text, box in words
        if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1
    ]


def faults(axes: Axes) -> list[str]:
    """All that keeps words from being read: overlaps, words cut off, words smaller than 7 points."""
    words = words_with_boxes(axes)
    found = [f"overlap: {a!r} and {b!r}" for a, b in _overlaps(words)]
    found += [f"outside: {text!r}" for text in _outside(axes, words)]
    return found + [f"small: {text.get_text()!r}" for text, _ in words if float(text.get_fontsize()) < 7.0]


def shown(axes: Axes) -> list[str]:
    """All visible texts."""
    return [text.get_text() for text, _ in words_with_boxes(axes)]
