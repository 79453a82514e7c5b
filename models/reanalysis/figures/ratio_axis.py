"""Odds ratios on a log axis, with arrow heads where an interval leaves it, and the words for its two sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, inf, isfinite, log

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import offset_copy

from reanalysis.estimands.summary import Direction
from reanalysis.estimands.words import percent
from reanalysis.evidence.evidence import Evidence
from reanalysis.figures.rows import stack
from reanalysis.figures.style import BETTER, GOOD, GRID, INK, SMALL, SOFT
from reanalysis.figures.words import Words, height

_LADDERS = (
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0, 40.0, 100.0),
    (0.01, 0.05, 0.25, 0.5, 1.0, 2.0, 4.0, 20.0, 100.0),
    (0.01, 0.1, 0.5, 1.0, 2.0, 10.0, 100.0),
    (0.01, 0.1, 0.25, 1.0, 4.0, 10.0, 100.0),
    (0.01, 0.1, 1.0, 10.0, 100.0),
    (1.0,),
)
_WIDEST_HINT = 130.0
_LEAST, _MOST = log(2.6), log(110.0)
_SHORTER = 0.5  # the shorter side of 1 is at least this share of the longer


def ratio_limits(shown: Iterable[float]) -> tuple[float, float]:
    """Ends of an axis for these odds ratios (as far as 1/110 and 110), with room on both sides of 1."""
    logs = [log(value) for value in shown if value > 0 and isfinite(value)]
    below = min(max([_LEAST, *(-x for x in logs)]) * 1.04, _MOST)
    above = min(max([_LEAST, *logs]) * 1.04, _MOST)
    longer = max(below, above)
    return exp(-max(below, _SHORTER * longer)), exp(max(above, _SHORTER * longer))


def ratio_ticks(low: float, high: float, width: float) -> list[float]:
    """The closest set of round odds ratios whose labels do not touch on an axis of ``width`` points."""
    scale = width / log(high / low)
    for ladder in _LADDERS:
        ticks = [t for t in ladder if low <= t <= high]
        ends = [(log(t / low) * scale, Words(f"{t:g}", SMALL).width / 2 + 2.5) for t in ticks]
        if all(b - a >= ha + hb for (a, ha), (b, hb) in pairwise(ends)):
            return ticks
    return [1.0]


@dataclass(frozen=True)
class RatioFoot:
    """What stands below the axis: which way is fewer events, which side is better, and what is plotted."""

    fewer: tuple[Words, ...]  # lines below the left side
    more: tuple[Words, ...]  # lines below the right side
    label: tuple[Words, ...]  # lines below the whole axis
    centre: float  # where 1 lies, as a fraction of the axis

    @property
    def height(self) -> float:
        """Points needed below the axis."""
        return 16.0 + max(height(self.fewer), height(self.more)) + 3.0 + height(self.label)

    def with_note(self, note: str) -> RatioFoot:
        """The same with a line more below the label."""
        return replace(self, label=(*self.label, Words(note, SMALL, colour=BETTER)))

    def draw(self, axes: Axes) -> None:
        """Set the words below axes."""
        stack(axes, (self.centre, 0.0), (-5.0, -16.0), self.fewer, "right")
        stack(axes, (self.centre, 0.0), (5.0, -16.0), self.more, "left")
        down = -16.0 - max(height(self.fewer), height(self.more)) - 3.0
        stack(axes, (0.5, 0.0), (0.0, down), self.label, "center")


def ratio_foot(
    evidence: Evidence,
    better: str | None,
    limits: tuple[float, float],
    width: float,
    spare: tuple[float, float] = (0.0, 0.0),
) -> RatioFoot:
    """Words below an odds-ratio axis so many points wide; they may reach beyond it, left and right, by ``spare``."""
    low, high = limits
    centre = log(1 / low) / log(high / low)
    treated = evidence.settings.treated_label
    sides = []
    fewer = f"\N{LEFTWARDS ARROW}\N{NO-BREAK SPACE}fewer with {treated}"
    more = f"more with {treated}\N{NO-BREAK SPACE}\N{RIGHTWARDS ARROW}"
    for text, side, room in (
        (fewer, "lower", centre * width + spare[0]),
        (more, "higher", (1 - centre) * width + spare[1]),
    ):
        lines = Words(text, SMALL, colour=SOFT).wrapped(min(room - 6.0, _WIDEST_HINT))
        if better is not None:
            good = better == side
            lines += (Words("better" if good else "worse", SMALL, bold=True, colour=BETTER if good else SOFT),)
        sides.append(lines)
    label = (Words("Odds ratio (log scale)", SMALL, colour=INK),)
    return RatioFoot(sides[0], sides[1], label, centre)


def draw_ratio_axis(axes: Axes, limits: tuple[float, float], width: float, better: str | None = None) -> None:
    """Scale, ticks, grid, the line of no effect, and the tint of the good side."""
    low, high = limits
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks = ratio_ticks(low, high, width)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{t:g}" for t in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    axes.axvline(1.0, color=SOFT, linewidth=0.8, zorder=1)
    bottom, top = axes.get_ylim()
    tint_side(axes, better, (top, bottom))


def tint_side(axes: Axes, better: str | None, band: tuple[float, float]) -> None:
    """Tint the better side of 1 between two heights; nothing where no side is declared better."""
    if better is None:
        return
    low, high = axes.get_xlim()
    ends = (low, 1.0) if better == "lower" else (1.0, high)
    axes.fill_between(ends, *band, color=GOOD, linewidth=0, zorder=0)


def draw_interval(
    axes: Axes,
    y: float,
    lower: float,
    middle: float,
    upper: float,
    colour: str,
    *,
    marker: str = "o",
    size: float = 5.5,
    line: float = 2.0,
    filled: bool = True,
    lift: float = 0.0,
) -> None:
    """An interval with its point, ``lift`` points above y; an arrow head where either lies beyond the axis."""
    if any(value != value for value in (lower, middle, upper)):
        return
    where = offset_copy(axes.transData, fig=axes.get_figure(root=True), y=lift, units="points")
    low, high = axes.get_xlim()
    left, right = max(lower, low), min(upper, high)
    if left < right:
        axes.plot([left, right], [y, y], color=colour, linewidth=line, transform=where, zorder=3)
    head = {"color": colour, "markersize": max(3.2, 1.7 * line), "markeredgewidth": 0, "clip_on": False}
    if lower < low:
        axes.plot([low], [y], marker="<", transform=where, zorder=4, **head)  # type: ignore[arg-type]
    if upper > high:
        axes.plot([high], [y], marker=">", transform=where, zorder=4, **head)  # type: ignore[arg-type]
    if low <= middle <= high:
        axes.plot(
            [middle], [y], marker=marker, markersize=size, color=colour, transform=where, zorder=5,
            markerfacecolor=colour if filled else "white", markeredgewidth=0.9, linestyle="none",
        )  # fmt: skip


def draw_diamond(
    axes: Axes,
    y: float,
    lower: float,
    middle: float,
    upper: float,
    colour: str,
    *,
    half: float = 5.0,
    filled: bool = True,
) -> None:
    """A diamond as wide as its interval and ``2 * half`` high; cut where it leaves the axis."""
    low, high = axes.get_xlim()
    points = [max(lower, low), min(max(middle, low), high), min(upper, high)]
    reach = [half * _share(x, lower, middle, upper) for x in points]
    ring = [(x, y - r) for x, r in zip(points, reach, strict=True)]
    ring += [(x, y + r) for x, r in zip(points[::-1], reach[::-1], strict=True)]
    axes.fill(
        [x for x, _ in ring], [v for _, v in ring], facecolor=colour if filled else "white", edgecolor=colour,
        linewidth=0.9, zorder=4,
    )  # fmt: skip
    for beyond, at, marker in ((lower < low, low, "<"), (upper > high, high, ">")):
        if beyond:
            axes.plot([at], [y], marker=marker, color=colour, markersize=4, markeredgewidth=0, clip_on=False, zorder=5)


def _share(x: float, lower: float, middle: float, upper: float) -> float:
    """Height of a diamond at x, as a share of its height in the middle."""
    end = lower if x < middle else upper
    if x == middle or not 0 < end < inf or end == middle:
        return 1.0
    return max(0.0, 1.0 - log(x / middle) / log(end / middle))


def chance_name(better: str | None) -> str:
    """Heading of the probability beside an effect: ``P(benefit)`` or ``P(OR < 1)``."""
    return "P(OR < 1)" if better is None else "P(benefit)"


def chance(direction: Direction) -> str:
    """``P(benefit) 44 %``, or ``P(OR < 1) 44 %`` where no good side is declared."""
    if direction.benefit is None:
        return f"P(OR < 1) {percent(direction.below)}"
    return f"P(benefit) {percent(direction.benefit)}"
