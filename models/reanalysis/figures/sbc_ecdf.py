"""Simulation-based calibration: distribution functions of the ranks against their simultaneous bands."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from reanalysis.figures.panels import rank_axes, rank_band, rank_line
from reanalysis.figures.rows import stack
from reanalysis.figures.style import ACCENT, INK, SMALL, SOFT, TITLE, WIDTH, house_style, new_figure, tidy
from reanalysis.figures.words import Words, height
from reanalysis.validation.calibration.bands import bands
from reanalysis.validation.calibration.run import Calibration
from reanalysis.validation.calibration.verdict import LEVEL, level_of_each

_COLOURS = {"quadrature": ACCENT, "nuts": "#D55E00"}
_NAMES = {"quadrature": "quadrature", "nuts": "NUTS"}

_PANEL, _GAP, _LEFT, _FOOT = 62.0, 6.0, 84.0, 34.0
"""Points: height of a panel, between panels, words on the left and below."""


def plot_sbc_ecdf(found: Calibration, ax: Axes | None = None) -> Axes:
    """Difference of the ranks' distribution function from the uniform one: a panel a quantity and design.

    Examples
    --------
    >>> from reanalysis.validation.calibration.artefact import load
    >>> axes = ra.plot_sbc_ecdf(load())
    """
    with house_style():
        designs, quantities = _in_order(found, "design"), _in_order(found, "quantity")
        engines = _in_order(found, "engine")
        level = level_of_each(int(str(found.settings["checks"])))
        title = Words("Simulation-based calibration", TITLE, bold=True).wrapped(WIDTH * 72 - 12)
        wide, tall, across = _share(len(designs)), _share(len(quantities)), WIDTH * 72 - _LEFT - 6.0
        heads = [Words(one[:1].upper() + one[1:], SMALL, colour=SOFT).wrapped(across * wide + _GAP) for one in designs]
        above = 2.0 + max(map(height, heads))
        if ax is None:
            body = len(quantities) * _PANEL + (len(quantities) - 1) * _GAP
            high = height(title) + above + body + _FOOT + 6.0
            ax = new_figure(WIDTH, high / 72).add_axes(
                (_LEFT / (WIDTH * 72), _FOOT / high, across / (WIDTH * 72), body / high)
            )
        ax.set_axis_off()
        stack(ax, (0.0, 1.0), (-_LEFT + 3.0, above + height(title) + 2.0), title)
        largest = _largest(found, level)
        for row, quantity in enumerate(quantities):
            bottom = (len(quantities) - 1 - row) * (1 + _GAP / _PANEL) * tall
            name = Words(quantity[:1].upper() + quantity[1:], SMALL).wrapped(_LEFT - 12.0)
            stack(ax, (0.0, bottom + tall / 2), (-_LEFT + 3.0, height(name) / 2), name)
            for column, (design, head) in enumerate(zip(designs, heads, strict=True)):
                left = column * (1 + _GAP / _PANEL) * wide
                panel = ax.inset_axes((left, bottom, wide, tall))
                _panel(panel, found, quantity, design, level, 1.1 * largest)
                if row == 0:
                    stack(ax, (left + wide / 2, 1.0), (0.0, height(head) + 2.0), head, "center")
        _legend(ax, found, engines)
        return ax


def describe_sbc_ecdf(found: Calibration) -> str:
    """Alternative text of :func:`plot_sbc_ecdf`."""
    outside = int((~found.verdict["ranks_inside"]).sum())
    replicates = int(found.verdict["replicates"].max())
    engines = " and ".join(_NAMES[engine] for engine in _in_order(found, "engine"))
    return (
        f"Empirical distribution functions of the ranks of {found.verdict['quantity'].nunique()} quantities in "
        f"{found.verdict['design'].nunique()} designs by {engines}, "
        f"{replicates:,} replicates each: {outside} of {len(found.verdict)} leave their simultaneous band."
    )


def _in_order(found: Calibration, column: str) -> list[str]:
    return [str(value) for value in dict.fromkeys(found.verdict[column])]


def _share(count: int) -> float:
    """Share of the whole that one of some panels has, gaps between them taken off."""
    return 1.0 / (count + (count - 1) * _GAP / _PANEL)


def _largest(found: Calibration, level: float) -> float:
    """Half-width of the y axes: the widest band, or the largest difference where that leaves it."""
    widest = [float(np.max(bands(n, level).upper - bands(n, level).nodes)) for n in set(found.verdict["replicates"])]
    return max(widest) * max(1.0, float(found.verdict["largest"].max()))


def _panel(axes: Axes, found: Calibration, quantity: str, design: str, level: float, reach: float) -> None:
    tidy(axes)
    rank_axes(axes, reach)
    drawn: set[int] = set()
    ranks = found.ranks[found.ranks["design"] == design]
    for engine in _in_order(found, "engine"):
        values = ranks.loc[ranks["engine"] == engine, quantity].dropna().to_numpy(dtype=float)
        if not len(values):
            continue
        band = bands(len(values), level)
        if len(values) not in drawn:
            rank_band(axes, band.nodes, band.lower - band.nodes, band.upper - band.nodes)
            drawn.add(len(values))
        rank_line(axes, band.nodes, band.difference(values), _COLOURS[engine])


def _legend(ax: Axes, found: Calibration, engines: list[str]) -> None:
    x = -_LEFT + 3.0
    for engine in engines:
        word = Words(_NAMES[engine], SMALL, bold=True, colour=_COLOURS[engine])
        stack(ax, (0.0, 0.0), (x, -6.0), (word,))
        x += word.width + 10.0
    note = (
        f"x: rank from 0 to 1; y: difference from uniform; band: all {found.settings['checks']} checks at once, "
        f"{100 * LEVEL:g} %"
    )
    stack(ax, (0.0, 0.0), (x, -6.0), Words(note, SMALL, colour=INK).wrapped(WIDTH * 72 - 12 - (x + _LEFT)))
