"""Specification curve: every specification by its odds ratio, the choices it made beneath.

Simonsohn, Simmons and Nelson 2020, Nat Hum Behav 4:1208. Where there are more specifications than can be told apart,
neighbours share a bin: the curve then shows the middle of their medians and of the ends of their intervals, and a strip
how the specifications that made a choice are spread over the bins.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import NDArray

from reanalysis.alternatives.multiverse.multiverse import Multiverse
from reanalysis.estimands.words import percent, ratio
from reanalysis.evidence.evidence import Evidence
from reanalysis.figures.ratio_axis import chance_name, ratio_limits, ratio_ticks
from reanalysis.figures.rows import Column, Layout, Placed, Row, stack
from reanalysis.figures.style import ACCENT, FAINT, GOOD, GRID, INK, SMALL, SOFT, house_style, tidy
from reanalysis.figures.words import Words, height
from reanalysis.typing import Array, Flags

_CURVE = 104.0  # points
_STRIP = 6.5
_MOST_BINS = 64
_UNDEFINED = "no average"  # a level, such as no pooling, under which there is no average


def plot_specification_curve(found: Multiverse, evidence: Evidence, ax: Axes | None = None) -> Axes:
    """Median odds ratio and 95 % interval of every specification, in order, and the choices beneath.

    Parameters
    ----------
    evidence : Evidence
        Names for readers.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> found = ra.multiverse(evidence, "infection_g3", most=20)
    >>> axes = ra.plot_specification_curve(found, evidence)
    """
    with house_style():
        order, edges = _order(found)
        rows = [Row(((), ()), least=_CURVE), *_choice_rows(found)]
        columns = (Column("", 92.0), Column("", 148.0))
        right = (Column(f"{chance_name(found.better)} > 50 %", 46.0, "right"),)
        title = f"{evidence.endpoint_label(found.endpoint)}: {len(order):,} specifications"
        layout = Layout(title, columns, right, tuple(rows), ax)
        foot = Words(_foot(found), SMALL, colour=SOFT).wrapped(layout.plot_width + layout.left_width - 4)
        placed = layout.place(8.0 + height(foot))
        axes = placed.axes
        axes.set_xlim(0, len(order))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        _curve(placed, found, order, edges)
        made = np.concatenate([found.made(choice.name) for choice in found.choices])
        for y, of_level in zip(placed.y[1:], made, strict=True):
            _strip(axes, y, of_level[order], edges)
        stack(axes, (1.0, 0.0), (0.0, -6.0), foot, "right")
        return axes


def describe_specification_curve(found: Multiverse, evidence: Evidence) -> str:
    """Alternative text of :func:`plot_specification_curve`."""
    order, edges = _order(found)
    medians = np.exp(_middle(found.table["median"].to_numpy(dtype=float)[order], edges))
    groups = f" in {len(medians)} groups" if len(order) > len(medians) else ""
    text = (
        f"{evidence.endpoint_label(found.endpoint)} under {len(order):,} specifications: the curve of their median "
        f"odds ratios{groups} rises from {ratio(float(medians[0]))} to {ratio(float(medians[-1]))}"
    )
    for row in found.table[found.table["primary"]].to_dict("records"):
        text += f" past the primary analysis at {ratio(float(np.exp(row['median'])))}"
    chance, shares = found.chance.to_numpy(), {}
    for choice in found.choices:
        for label, made in zip(choice.labels, found.made(choice.name), strict=True):
            if made.any():
                shares[f"{choice.name}, {label}"] = float((chance[made] > 0.5).mean())
    if shares:
        low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
        text += (
            f"; {chance_name(found.better)} is above 50 % in {percent(shares[low])} (where {low}) to "
            f"{percent(shares[high])} (where {high}) of those that made a choice"
        )
    return f"{text}."


def _order(found: Multiverse) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Specifications from the lowest median to the highest, and where their groups begin and end."""
    order = np.argsort(found.table["median"].to_numpy(), kind="stable")
    return order, np.linspace(0, len(order), min(len(order), _MOST_BINS) + 1).round().astype(int)


def _choice_rows(found: Multiverse) -> list[Row]:
    chance = found.chance.to_numpy()
    rows = []
    for choice in found.choices:
        for place, (label, made) in enumerate(zip(choice.labels, found.made(choice.name), strict=True)):
            head = Words(choice.name if len(choice.name) == 1 else choice.name.capitalize(), SMALL, colour=SOFT)
            share = percent(float((chance[made] > 0.5).mean())) if made.any() else _UNDEFINED
            cells = ((head,) if place == 0 else (), (Words(label, SMALL),), (Words(share, SMALL, colour=SOFT),))
            rows.append(Row(cells, least=9.6, above=5.0 if place == 0 else 0.0, rule=place == 0))
    return rows


def _foot(found: Multiverse) -> str:
    words = "specifications, from the lowest to the highest median odds ratio"
    if len(found.table) > _MOST_BINS:
        words += (
            f", in {_MOST_BINS} groups: curve and band are the middle median and the middle ends of the 95 % "
            "intervals of a group; a strip shows where those that made the choice lie, on its own scale; where a "
            "choice makes no difference, a specification counts under each of its levels"
        )
    return words


def _curve(placed: Placed, found: Multiverse, order: NDArray[np.intp], edges: NDArray[np.intp]) -> None:
    axes = placed.axes
    bottom = axes.get_ylim()[0]
    panel = axes.inset_axes((0.0, 1 - _CURVE / bottom, 1.0, _CURVE / bottom))
    tidy(panel)
    panel.spines["bottom"].set_visible(False)
    table = found.table.iloc[order]
    lower, median, upper = (
        _middle(np.asarray(table[name], dtype=float), edges) for name in ("lower", "median", "upper")
    )
    x = 0.5 * (edges[1:] + edges[:-1])
    primary = np.flatnonzero(table["primary"].to_numpy())
    # where one group in fifty has far wider intervals than all others, its band leaves the axis
    ends = [float(np.quantile(lower, 0.02, method="higher")), float(np.quantile(upper, 0.98, method="lower"))]
    ends += [float(table[name].iloc[i]) for i in primary for name in ("lower", "upper")]
    limits = ratio_limits([float(np.exp(end)) for end in (*ends, median.min(), median.max())])
    panel.set_yscale("log")
    panel.set_ylim(*limits)
    panel.set_xlim(0, len(order))
    clear = (limits[1] / limits[0]) ** (SMALL / _CURVE)  # half a label, and as much again, from the strips beneath
    ticks = [tick for tick in ratio_ticks(*limits, 2.2 * _CURVE) if tick > limits[0] * clear]
    panel.yaxis.set_major_locator(FixedLocator(ticks))
    panel.yaxis.set_major_formatter(FixedFormatter([f"{t:g}" for t in ticks]))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.set_xticks([])
    panel.grid(axis="y", color=GRID, linewidth=0.5)
    if found.better is not None:
        panel.axhspan(*((limits[0], 1.0) if found.better == "lower" else (1.0, limits[1])), color=GOOD, linewidth=0)
    panel.axhline(1.0, color=SOFT, linewidth=0.8, zorder=1)
    panel.fill_between(x, np.exp(lower), np.exp(upper), color=ACCENT, alpha=0.16, linewidth=0, zorder=2)
    panel.plot(x, np.exp(median), color=ACCENT, linewidth=1.6, zorder=3)
    if len(primary):
        at, row = float(primary[0]) + 0.5, table.iloc[primary[0]]
        reach = (float(np.exp(row["lower"])), float(np.exp(row["upper"])))
        panel.plot([at, at], reach, color=INK, linewidth=1.2, zorder=4)
        panel.plot([at], [float(np.exp(row["median"]))], "D", color=INK, markersize=5, zorder=5)
        axes.axvline(at, color=FAINT, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0.5)
    label = Words("Odds ratio (log scale), 95 % intervals, primary analysis in black", SMALL, colour=INK)
    stack(axes, (0.0, 1.0), (-_left(placed), -2.0), label.wrapped(84.0))


def _left(placed: Placed) -> float:
    """Points between the left edge of the words and the axes."""
    figure = placed.axes.get_figure(root=True)
    assert figure is not None
    return float(placed.axes.get_window_extent().x0) * 72.0 / figure.dpi - 3.0


def _middle(values: Array, edges: NDArray[np.intp]) -> Array:
    """Median of each bin: a few very wide intervals do not move it."""
    return np.array([np.median(values[a:b]) for a, b in pairwise(edges)])


def _strip(axes: Axes, y: float, made: Flags, edges: NDArray[np.intp]) -> None:
    """Where the specifications lie that made a choice: a histogram on a base line, its highest bar a strip high."""
    share = np.add.reduceat(made.astype(float), edges[:-1]) / np.diff(edges)
    base = y + 0.5 * _STRIP
    axes.plot([0, len(made)], [base, base], color=GRID, linewidth=0.4, zorder=1)
    if share.any():
        axes.stairs(base - _STRIP * share / share.max(), edges, baseline=base, fill=True, color=ACCENT, zorder=2)
