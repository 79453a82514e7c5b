"""What the next trial would conclude, over its size: as expected today, and where the truth is stated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from reanalysis.decisions.next_trial import Operating
from reanalysis.decisions.planned_trial import PlannedTrial
from reanalysis.estimands.words import percent
from reanalysis.figures.panels import panel_grid
from reanalysis.figures.style import ACCENT, CONTRAST, GRID, SMALL, SOFT, house_style
from reanalysis.figures.words import Words

_SIDES = {"lower": ("fewer", ACCENT), "higher": ("more", CONTRAST)}
_DASHES = ("solid", (0, (4, 2)), (0, (1, 1.5)))
"""Of the largest stated difference, the next, and all others."""


def plot_next_trial(trials: Mapping[str, PlannedTrial], ax: Axes | None = None) -> Axes:
    """Chance that a randomised trial concludes fewer events, or more, over the patients of both arms.

    Two panels an endpoint: as expected with what is known today, and at stated differences of the risks, of which those
    of fewer events show the chance to conclude fewer, and those of more the chance to conclude more. Trials come by
    what their endpoint is called.
    """
    with house_style():
        heads = [
            (Words(name, SMALL, bold=True), Words(what, SMALL, colour=SOFT))
            for name in trials
            for what in ("as expected today", "at stated differences")
        ]
        key = [
            Words(f"\N{BOX DRAWINGS HEAVY HORIZONTAL} concludes {word}", SMALL, True, colour=c)
            for word, c in _SIDES.values()
        ]
        note = "Across: patients of both arms. Stated differences: the largest solid, smaller ones broken."
        holder, panels = panel_grid(
            "What the next trial would conclude", heads, key, note, ax, high=92.0, below=14.0, beside=22.0
        )
        for panel, of in zip(panels, (one for one in trials.values() for _ in range(2)), strict=True):
            _dress(panel, of)
        for left, right, of in zip(panels[::2], panels[1::2], trials.values(), strict=True):
            sizes = [_patients(one) for one in of.curve.designs]
            for side, (_, colour) in _SIDES.items():
                chances = [one.conclusions["design prior"][side] for one in of.curve.designs]
                left.plot(sizes, chances, color=colour, linewidth=1.6)
            for truth, side, dashes in _truths(of):
                chances = [one.conclusions[truth][side] for one in of.curve.designs]
                right.plot(sizes, chances, color=_SIDES[side][1], linewidth=1.4, linestyle=dashes)
        return holder


def describe_next_trial(trials: Mapping[str, PlannedTrial]) -> str:
    """Alternative text of :func:`plot_next_trial`."""
    said = []
    for name, of in trials.items():
        each = "; ".join(
            f"with {_patients(one)} patients fewer {percent(one.conclusions['design prior']['lower'])} and more "
            f"{percent(one.conclusions['design prior']['higher'])}"
            for one in of.trials.designs
        )
        said.append(f"{name}: {each}")
    return f"Chance of each conclusion of a randomised trial, as expected today. {'. '.join(said)}."


def _patients(one: Operating) -> int:
    return one.n_control + one.n_treated


def _truths(of: PlannedTrial) -> list[tuple[str, str, Any]]:
    """Stated differences, the side that is right there, and how the line is broken: the largest of a side is solid."""
    found: list[tuple[str, str, Any]] = []
    risks = of.trials.spec["truths"]
    by_size = sorted(risks, key=lambda name: -abs(risks[name]["treated_risk"] - risks[name]["control_risk"]))
    for side, sign in (("lower", -1), ("higher", 1)):
        own = [t for t in by_size if sign * (risks[t]["treated_risk"] - risks[t]["control_risk"]) > 0]
        found += [(truth, side, _DASHES[min(i, len(_DASHES) - 1)]) for i, truth in enumerate(own)]
    return found


def _dress(panel: Axes, of: PlannedTrial) -> None:
    panel.set_xlim(0, max(map(_patients, of.curve.designs)) * 1.02)
    panel.set_ylim(0.0, 1.0)
    panel.xaxis.set_major_locator(FixedLocator([0, *map(_patients, of.trials.designs)]))
    panel.yaxis.set_major_locator(FixedLocator([0.0, 0.5, 1.0]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda p, _: f"{100 * p:.0f}%"))
    panel.grid(axis="both", color=GRID, linewidth=0.5)
    panel.set_axisbelow(True)
