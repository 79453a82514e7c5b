"""Bubbles: effects of studies, and of parts of treated arms, along a moderator, with the average and its band."""

from __future__ import annotations

import math

from matplotlib.axes import Axes

from reanalysis.alternatives.moderated import Moderated, explained, moderated
from reanalysis.analysis.endpoint import EndpointAnalysis, as_fit
from reanalysis.estimands.words import log_interval, ratio
from reanalysis.evidence.evidence import Evidence
from reanalysis.figures.panels import panel_grid
from reanalysis.figures.ratio_axis import ratio_ticks
from reanalysis.figures.style import ACCENT, GRID, INK, SMALL, SOFT, house_style, study_mark
from reanalysis.figures.words import Words
from reanalysis.gates.checked_fit import CheckedFit

_LARGEST = 170.0
"""Area of the largest bubble, in square points."""
_HIGH, _BELOW, _BESIDE = 120.0, 14.0, 30.0
_FARTHEST = math.log(64)
"""Log odds ratio beyond which a study alone is drawn at the edge."""
_WIDEST = math.log(16)
"""The same for the ends of the band, which may be clipped."""
_NONE = "No declared moderator differs between the studies of this endpoint, or between parts of a treated arm."


def of_endpoint(endpoint: EndpointAnalysis | CheckedFit) -> tuple[Moderated, ...]:
    """What a fit's own moderator explains, else what each declared one does."""
    fit = as_fit(endpoint)
    if len(fit.spec.moderators) == 1:
        return (explained(fit.spec, fit.posterior.data),)
    return moderated(fit.evidence, fit.spec, fit.endpoint)


def plot_moderators(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """A panel a moderator: odds ratios by its value, area by patients, the average a line with its 95 % band.

    Of a fit of ``moderated`` its moderator, else every declared one by itself. What is returned are the invisible axes
    that hold the panels (``child_axes``).
    """
    fit, found = as_fit(endpoint), of_endpoint(endpoint)
    title = fit.evidence.endpoint_label(fit.endpoint)
    with house_style():
        heads = [(Words(one.label, SMALL),) for one in found]
        marks = {p.study: study_mark(fit.evidence.studies, p.study) for one in found for p in one.points}
        told_apart = len(set(marks.values())) == len(marks)
        key = [
            Words(fit.evidence.study_label(study), SMALL, bold=True, colour=mark.colour)
            for study, mark in marks.items()
            if told_apart
        ]
        note = "y: odds ratio; area by patients; line and band: the average and its 95 % interval" if found else _NONE
        ax, panels = panel_grid(title, heads, key, note, ax, high=_HIGH, below=_BELOW, beside=_BESIDE)
        for panel, one in zip(panels, found, strict=True):
            _draw(panel, fit.evidence, one)
        return ax


def _draw(panel: Axes, evidence: Evidence, one: Moderated) -> None:
    values = one.line.values
    lower, middle, upper = (
        [getattr(effect, end) for effect in one.line.effects] for end in ("lower", "median", "upper")
    )  # fmt: skip
    panel.fill_between(values, lower, upper, color=GRID, linewidth=0, zorder=0)
    panel.plot(values, middle, color=ACCENT, linewidth=1.4, zorder=2)
    panel.axhline(0.0, color=SOFT, linewidth=0.5, zorder=1)
    most = max(point.patients for point in one.points)
    shown = [0.0, *(min(max(end, -_WIDEST), _WIDEST) for end in (*lower, *upper))]
    for point in one.points:
        if point.effect is None:
            continue
        mark, y = study_mark(evidence.studies, point.study), min(max(point.effect.median, -_FARTHEST), _FARTHEST)
        area = _LARGEST * point.patients / most
        panel.scatter([point.x], [y], s=area, color=mark.colour, marker=mark.marker, alpha=0.75, zorder=3)
        shown.append(y)
    low, high = min(shown) - 0.35, max(shown) + 0.35
    panel.set_ylim(low, high)
    margin = 0.08 * (values[-1] - values[0])
    panel.set_xlim(values[0] - margin, values[-1] + margin)
    ticks = [tick for tick in ratio_ticks(math.exp(low), math.exp(high), _HIGH) if low <= math.log(tick) <= high]
    panel.set_yticks([math.log(tick) for tick in ticks], [ratio(tick) for tick in ticks], fontsize=SMALL, color=INK)
    if len(one.effects) <= 3:
        panel.set_xticks([*one.named.values()], [*one.named], fontsize=SMALL, color=INK)
        for tick, place in zip(panel.get_xticklabels(), one.named.values(), strict=True):
            share = (place - values[0]) / (values[-1] - values[0])
            tick.set_horizontalalignment("left" if share < 0.1 else "right" if share > 0.9 else "center")


def describe_moderators(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text: the average at the named values of each moderator, and the studies left out."""
    fit, said = as_fit(endpoint), []
    for one in of_endpoint(endpoint):
        effects = "; ".join(f"{label}: {log_interval(effect)}" for label, effect in one.effects.items())
        left = "".join(f" {fit.evidence.study_label(study)} is left out." for study, _ in one.uncovered)
        said.append(f"{one.label}: {len(one.points)} bubbles; the average odds ratio at {effects}.{left}")
    return f"{fit.evidence.endpoint_label(fit.endpoint)}. {' '.join(said) or _NONE}"
