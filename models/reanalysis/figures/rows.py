"""Layout of a figure of rows: words on both sides, marks between them.

The y axis of such a figure is in points from the top of its first row downwards: a row is as high as its
words need. In a narrow figure the words of a row stand above its marks, which have the whole width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch, Rectangle
from matplotlib.transforms import offset_copy

from reanalysis.figures.style import NARROW, SMALL, SOFT, TITLE, WIDTH, new_figure, tidy
from reanalysis.figures.words import Words, height, wrapped

GAP = 9.0
_EDGE, _NARROW_EDGE = 3.0, 8.0
_INCH = 72.0
_MARKS = 17.0
"""Points that the marks of a row take below its words in a narrow figure."""


@dataclass(frozen=True)
class Column:
    """A column of words."""

    title: str  # its heading
    widest: float  # points at which a line wraps
    align: Literal["left", "right"] = "left"  # which end of its lines is flush


@dataclass(frozen=True)
class Row:
    """A row."""

    cells: tuple[tuple[Words, ...], ...]
    """Pieces of text by column, the left columns first; a missing or empty cell stays blank. A row of one cell is a
    heading and has no marks."""
    least: float = 14.0  # points it is high at least
    above: float = 0.0  # points kept free above it
    rule: bool = False  # whether a thin line parts it from the row above


@dataclass(frozen=True)
class Placed:
    """Where rows came to lie."""

    axes: Axes  # the axes between the columns
    y: tuple[float, ...]  # middle of each row
    band: tuple[tuple[float, float], ...]  # top and bottom of each row


class Layout:
    """Measured words, ready to be placed around axes, or in a figure sized to its content.

    The title stands above everything, columns on either side of the axes, the left ones at least ``least_left`` points
    wide. A narrow one is for a phone: the words of a row above its marks; of columns beside the first of a side, below
    it and after their heading. Ignored where axes are given.
    """

    def __init__(
        self,
        title: str,
        left: tuple[Column, ...],
        right: tuple[Column, ...],
        rows: tuple[Row, ...],
        axes: Axes | None = None,
        least_left: float = 0.0,
        narrow: bool = False,
    ) -> None:
        self._narrow = narrow and axes is None
        self._wide, self._edge = (NARROW * _INCH, _NARROW_EDGE) if self._narrow else (WIDTH * _INCH, _EDGE)
        if self._narrow:
            rows, left, right = _two_columns(rows, left, right, self._wide - 2 * self._edge)
        self._columns, self._split, self._rows, self._axes = (*left, *right), len(left), rows, axes
        self._cells = [
            tuple(wrapped(cell, column.widest) for cell, column in zip(row.cells, self._columns, strict=False))
            for row in rows
        ]
        self._heads = tuple(
            Words(column.title, SMALL, colour=SOFT).wrapped(column.widest) if column.title else ()
            for column in self._columns
        )
        widths = [
            max((line.width for cells in (*self._cells, self._heads) for line in _at(cells, i)), default=0.0)
            for i in range(len(self._columns))
        ]
        self.left_width = max(sum(widths[: self._split]) + GAP * self._split, least_left)
        self.right_width = sum(widths[self._split :]) + GAP * (len(self._columns) - self._split)
        if self._narrow:
            self.left_width = self.right_width = 0.0
        self._widths = widths
        self._title = Words(title, TITLE, bold=True).wrapped(self._wide - 12.0) if title else ()
        if axes is None:
            self.plot_width = self._wide - 2 * self._edge - self.left_width - self.right_width
        else:
            self.plot_width = points_across(axes)

    @property
    def margins(self) -> tuple[float, float]:
        """Points that the columns take on the left and on the right."""
        return self.left_width, self.right_width

    @property
    def heights(self) -> list[float]:
        """Points that each row takes, what is kept free above it included."""
        return [
            row.above + (self._told(cells) + self._marks(row) if self._narrow else max(row.least, self._told(cells)))
            for row, cells in zip(self._rows, self._cells, strict=True)
        ]

    @staticmethod
    def _told(cells: tuple[tuple[Words, ...], ...]) -> float:
        """Points that the words of a row take."""
        return max((height(cell) + 4.0 for cell in cells), default=0.0)

    @staticmethod
    def _marks(row: Row) -> float:
        """Points that its marks take below them in a narrow figure."""
        return _MARKS if len(row.cells) > 1 else 0.0

    def place(self, foot: float) -> Placed:
        """Draw the words, ``foot`` points kept free below the axes; make the figure if there is none yet."""
        bands, top = [], 0.0
        for row, high in zip(self._rows, self.heights, strict=True):
            bands.append((top + row.above, top + high))
            top += high
        axes = self._axes if self._axes is not None else self._new_axes(top, foot)
        tidy(axes)
        axes.set_ylim(top, 0.0)
        axes.set_yticks([])
        if self._narrow:
            bands = self._above_marks(axes, bands)
        middle = tuple((a + b) / 2 for a, b in bands)
        self._draw(axes, middle, bands)
        return Placed(axes, middle, tuple(bands))

    def _above_marks(self, axes: Axes, bands: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Set the words of each row on ground of their own; what is left of each band for its marks."""
        left = []
        for row, cells, (top, bottom) in zip(self._rows, self._cells, bands, strict=True):
            marks = self._marks(row)
            ground = (0.0, top - row.above), 1.0, bottom - marks - top + row.above
            axes.add_patch(
                Rectangle(*ground, transform=axes.get_yaxis_transform(), facecolor="white", edgecolor="none", zorder=2)
            )
            for edge, align, words in ((0.0, "left", _at(cells, 0)), (1.0, "right", _at(cells, 1))):
                stack(axes, (edge, top), (0.0, -2.0), words, align, "data")
            left.append((bottom - marks, bottom))
        return left

    def _head_height(self) -> float:
        return max((height(head) for head in self._heads), default=0.0) + 4.0

    def _new_axes(self, body: float, foot: float) -> Axes:
        head = self._head_height() + height(self._title) + (4.0 if self._title else 0.0) + _EDGE
        high = head + body + foot + _EDGE
        wide = self._wide
        figure = new_figure(wide / _INCH, high / _INCH)
        return figure.add_axes(
            ((self._edge + self.left_width) / wide, (foot + _EDGE) / high, self.plot_width / wide, body / high)
        )

    def _starts(self) -> list[float]:
        """Left end of each column, in points from the left (left columns) or the right edge of the axes."""
        starts, x = [], -self.left_width
        for i, width in enumerate(self._widths):
            if i == self._split:
                x = GAP
            starts.append(x)
            x += width + GAP
        return starts

    def _draw(self, axes: Axes, middle: tuple[float, ...], bands: list[tuple[float, float]]) -> None:
        starts = [0.0, 0.0] if self._narrow else self._starts()
        for i, column in enumerate(self._columns):
            edge = 0.0 if i < self._split else 1.0
            flush = starts[i] + (self._widths[i] if column.align == "right" and not self._narrow else 0.0)
            for y, cells in zip(middle, () if self._narrow else self._cells, strict=False):
                stack(axes, (edge, y), (flush, height(_at(cells, i)) / 2), _at(cells, i), column.align, "data")
            head = self._heads[i]
            stack(axes, (edge, 1.0), (flush, 4.0 + height(head)), head, column.align)
        lift = self._head_height() + height(self._title) + 4.0
        stack(axes, (0.0, 1.0), (-self.left_width, lift), self._title, "left")
        for row, cells, band in zip(self._rows, self._cells, bands, strict=True):
            if row.rule:
                top = band[0] - (self._told(cells) if self._narrow else 0.0)
                self._rule(axes, top - row.above / 2)

    def _rule(self, axes: Axes, y: float) -> None:
        across = axes.get_yaxis_transform()  # x in axes fractions
        figure = axes.get_figure(root=True)
        reach = (-self.left_width, self.right_width)
        ends = [offset_copy(across, fig=figure, x=x, units="points") for x in reach]
        rule = ConnectionPatch(
            (0.0, y), (1.0, y), ends[0], ends[1], axesA=axes, axesB=axes,
            color=SOFT, linewidth=0.5, zorder=2.5 if self._narrow else 0.5, clip_on=False,
        )  # fmt: skip
        rule.set_in_layout(False)
        axes.add_artist(rule)


def _two_columns(
    rows: Sequence[Row], left: Sequence[Column], right: Sequence[Column], width: float
) -> tuple[tuple[Row, ...], tuple[Column, ...], tuple[Column, ...]]:
    """One column of words on either side, that share a width; each has the words of the columns beside it too."""

    def merged(cells: Sequence[tuple[Words, ...]], columns: Sequence[Column]) -> tuple[Words, ...]:
        first, *others = cells or ((),)
        below = zip(columns[1:], others, strict=False)
        named = (replace(words, text=f"{column.title} {words.text}") for column, cell in below for words in cell)
        return (*first, *named)

    split = len(left)
    cells = [
        (row.cells[0],) if len(row.cells) == 1 else (merged(row.cells[:split], left), merged(row.cells[split:], right))
        for row in rows
    ]
    ends = max((min(words.width, 0.6 * width) for row in cells for words in _at(row, 1)), default=0.0)
    own = Column(left[0].title, width - ends - GAP if ends else width), Column(right[0].title, 0.6 * width, "right")
    return tuple(replace(row, cells=one) for row, one in zip(rows, cells, strict=True)), own[:1], own[1:]


def pages(heights: dict[str, float], room: float) -> tuple[tuple[str, ...], ...]:
    """Blocks in their order, page by page, as many as fit on each; one that is higher than a page has one to itself."""
    found: list[list[str]] = []
    left = 0.0
    for name, high in heights.items():
        if not found or high > left:
            found.append([])
            left = room
        found[-1].append(name)
        left -= high
    return tuple(tuple(page) for page in found)


def points_across(axes: Axes) -> float:
    """Width of axes as they now stand, in points."""
    figure = axes.get_figure(root=True)
    return float(axes.get_window_extent().width) * _INCH / (figure.dpi if figure else _INCH)


def points_down(axes: Axes) -> float:
    """Height of axes as they now stand, in points."""
    figure = axes.get_figure(root=True)
    return float(axes.get_window_extent().height) * _INCH / (figure.dpi if figure else _INCH)


def _at(cells: tuple[tuple[Words, ...], ...], i: int) -> tuple[Words, ...]:
    return cells[i] if i < len(cells) else ()


def stack(
    axes: Axes,
    at: tuple[float, float],
    offset: tuple[float, float],
    lines: tuple[Words, ...],
    align: str = "left",
    vertical: str = "axes fraction",
) -> None:
    """Set lines one below the other, their left, right or center ``offset`` points right of and above ``at``.

    That is a point in axes fractions, its y in data units where ``vertical`` is ``data``; the first line begins there.
    """
    x, y = offset
    for line in lines:
        axes.annotate(
            line.text, xy=at, xycoords=("axes fraction", vertical), xytext=(x, y - 0.98 * line.size),
            textcoords="offset points", ha=align, va="baseline", fontsize=line.size, color=line.colour,
            fontweight="bold" if line.bold else "normal", annotation_clip=False,
        )  # fmt: skip
        y -= line.pitch
