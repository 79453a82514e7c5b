"""Small panels in rows across a column of text, the words of each above it, and what all panels of ranks share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from reanalysis.figures.rows import points_across, points_down, stack
from reanalysis.figures.style import GRID, SMALL, SOFT, TITLE, WIDTH, new_figure, tidy
from reanalysis.figures.words import Words, height, wrapped
from reanalysis.typing import Array

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

_ACROSS = 4  # panels in a row
_GAP, _EDGE = 10.0, 3.0  # points between panels, and around the figure
_LEAST = 8.0  # points that a panel is high, however small the axes it has to fit into


def panel_grid(
    title: str,
    heads: Sequence[tuple[Words, ...]],
    key: Sequence[Words],
    note: str,
    ax: Axes | None = None,
    *,
    high: float = 62.0,
    below: float = 0.0,
    beside: float = 0.0,
) -> tuple[Axes, tuple[Axes, ...]]:
    """The invisible axes that hold panels without marks, up to four in a row, and the panels.

    A panel has a head, lines above it that are broken where they are too long. The title stands above everything, below
    it the key, what each colour means, side by side, and then the note, what the axes mean. Given axes hold the panels,
    title and key outside them; in a new figure a panel is ``high`` points high. So many points are kept free ``below``
    each row of panels, and ``beside`` each panel on its left.
    """
    wide = WIDTH * 72 - 2 * _EDGE if ax is None else points_across(ax)
    columns = min(_ACROSS, max(1, len(heads)))
    across = (wide - (columns - 1) * _GAP) / columns - beside
    broken = [wrapped(head, across) for head in heads]
    rows = [range(first, min(first + columns, len(heads))) for first in range(0, len(heads), columns)]
    above = [max(height(broken[i]) for i in row) + 3.0 for row in rows]
    taken = sum(above) + len(rows) * below + max(0, len(rows) - 1) * _GAP
    name = Words(title, TITLE, bold=True).wrapped(wide)
    foot = [*_side_by_side(key, wide), *((line,) for line in Words(note, SMALL, colour=SOFT).wrapped(wide))]
    if ax is None:
        body, under = max(taken + len(rows) * high, _LEAST), sum(line[0].pitch for line in foot) + 4.0
        whole = height(name) + 2.0 + body + under + 2 * _EDGE
        ax = new_figure(WIDTH, whole / 72).add_axes(
            (_EDGE / (WIDTH * 72), (under + _EDGE) / whole, wide / (WIDTH * 72), body / whole)
        )
    else:
        body = points_down(ax)
        high = max(_LEAST, (body - taken) / max(1, len(rows)))
    ax.set_axis_off()
    stack(ax, (0.0, 1.0), (0.0, height(name) + 2.0), name)
    made, top = [], 0.0
    for row, head in zip(rows, above, strict=True):
        top += head
        for column, i in enumerate(row):
            left = column * (across + beside + _GAP) + beside
            place = (left / wide, 1 - (top + high) / body, across / wide, high / body)
            panel = ax.inset_axes(place)
            tidy(panel)
            stack(panel, (0.0, 1.0), (0.0, 2.0 + height(broken[i])), broken[i])
            made.append(panel)
        top += high + below + _GAP
    down = -4.0
    for line in foot:
        right = 0.0
        for words in line:
            stack(ax, (0.0, 0.0), (right, down), (words,))
            right += words.width + _GAP
        down -= line[0].pitch
    return ax, tuple(made)


def _side_by_side(key: Sequence[Words], wide: float) -> list[tuple[Words, ...]]:
    """Words in lines no longer than ``wide`` points."""
    lines: list[list[Words]] = []
    for words in key:
        if not lines or sum(one.width + _GAP for one in lines[-1]) + words.width > wide:
            lines.append([])
        lines[-1].append(words)
    return [tuple(line) for line in lines]


def arviz_panels(
    variables: Mapping[str, tuple[str, ...]],
    coords: Mapping[str, Sequence[Any]],
    axes: Mapping[str, tuple[str | tuple[()], Any]],
    **looks: tuple[str, Sequence[Any]],
) -> PlotCollection:
    """Panels as one of ArviZ's plots takes them to draw in, instead of making a figure of its own.

    Variables are plotted by name, with the dimensions that are left of them, whose values are ``coords``. Of a variable
    ``axes`` has its panel, or a dimension and its panels along that; under an empty name those that all share.
    Looks are, by aesthetic such as ``color``, the dimension that it follows and its values.
    """
    from arviz_plots import PlotCollection
    from xarray import DataArray, Dataset, DataTree

    def placed(dims: str | tuple[()], panels: Any) -> DataArray:
        cells = np.empty(len(panels) if dims else (), dtype=object)
        cells[...] = panels
        return DataArray(cells, dims=dims, coords={dims: list(coords[dims])} if isinstance(dims, str) else None)

    found = {name: placed(*place) for name, place in axes.items()}
    first = next(iter(found.values())).values.flat[0]
    figure = DataArray(np.array(first.get_figure(root=True), dtype=object))
    shared = {"plot": found.pop("")} if "" in found else {}
    viz = DataTree.from_dict({"/": Dataset({"figure": figure} | shared)} | ({"plot": Dataset(found)} if found else {}))
    shape = {name: [len(coords[dim]) for dim in dims] for name, dims in variables.items()}
    data = Dataset(
        {name: (dims, np.zeros(shape[name])) for name, dims in variables.items()},
        coords={k: list(v) for k, v in coords.items()},
    )
    return PlotCollection(
        data,
        viz,
        aes={name: [dim] for name, (dim, _) in looks.items()},
        backend="matplotlib",
        **{name: list(values) for name, (_, values) in looks.items()},
    )


def rank_axes(axes: Axes, reach: float) -> None:
    """Axes for distribution functions of ranks minus the uniform one: 0 to 1, and differences up to ``reach``."""
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, 1)
    axes.set_ylim(-reach, reach)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.axhline(0.0, color=SOFT, linewidth=0.5, zorder=1)


def rank_band(axes: Axes, nodes: Array, lower: Array, upper: Array) -> None:
    """The band that such functions stay within."""
    axes.fill_between(*_whole(nodes, lower), _whole(nodes, upper)[1], color=GRID, linewidth=0, zorder=0)


def rank_line(axes: Axes, nodes: Array, difference: Array, colour: str, strong: bool = False) -> None:
    """One such function."""
    axes.plot(*_whole(nodes, difference), color=colour, linewidth=1.8 if strong else 1.0, zorder=4 if strong else 3)


def _whole(nodes: Array, values: Array) -> tuple[Array, Array]:
    """Nodes and values with the ends of the axis, where a distribution function is known."""
    return np.concatenate([[0.0], nodes, [1.0]]), np.concatenate([[0.0], values, [0.0]])
