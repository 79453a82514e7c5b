"""The effect in patients: two arrays of 100 or 1,000, the second with the interval that the effect leaves."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.estimands.risks import BaselineEffect
from reanalysis.figures.rows import stack
from reanalysis.figures.style import ACCENT, INK, SMALL, SOFT, TITLE, WIDTH, house_style, new_figure, tidy
from reanalysis.figures.words import Words, height
from reanalysis.gates.checked_fit import CheckedFit

_SIDE, _GAP, _TEXT = 132.0, 26.0, 140.0
"""Points: side of an array, space between the two, width of the words beside them."""
_WIDE = 2 * _SIDE + _GAP
_EMPTY = "#e3e3e3"


def plot_icons(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """One hundred patients without and with treatment, at the first named control risk; a thousand of a rare event.

    A filled dot is an event, of the same colour in both arrays: as many as the control risk, and as the median risk
    with treatment. Rings mark the patients between the ends of the 95 % interval.
    """
    endpoint = as_endpoint(endpoint)
    with house_style():
        at = endpoint.baselines[0]
        settings = endpoint.fit.evidence.settings
        of = patients_drawn(at)
        title = Words(f"{endpoint.label}: what it means for {of:,} patients", TITLE, bold=True).wrapped(WIDTH * 72 - 12)
        heads = [
            Words(f"{settings.control_label}: {_with_control(at)} in {of:,}", SMALL, bold=True).wrapped(_SIDE),
            Words(f"{settings.treated_label}: {_range(at)}", SMALL, bold=True).wrapped(_SIDE),
        ]
        head = max(map(height, heads)) + 4.0
        words = _words(endpoint, at)
        body = max(_SIDE, height(words))
        if ax is None:
            wide, high = WIDTH * 72, 6.0 + height(title) + 4.0 + head + body + 4.0
            ax = new_figure(WIDTH, high / 72).add_axes((4.0 / wide, 4.0 / high, _WIDE / wide, body / high))
        tidy(ax)
        ax.set_axis_off()
        ax.set_xlim(0.0, _WIDE)
        ax.set_ylim(body, 0.0)
        stack(ax, (0.0, 1.0), (0.0, head + 4.0 + height(title)), title)
        control = np.clip(at.baseline.percent * of / 100 - np.arange(of), 0.0, 1.0)
        low, middle, high = _counts(at)
        treated = (np.arange(of) < middle).astype(float)
        ringed = (np.arange(of) >= low) & (np.arange(of) < high)
        for left, lines, dark, rings in (
            (0.0, heads[0], control, np.zeros(of, dtype=bool)),
            (_SIDE + _GAP, heads[1], treated, ringed),
        ):
            stack(ax, (left / _WIDE, 1.0), (0.0, head), lines)
            _array(ax, left, dark, rings)
        stack(ax, (1.0, 1.0), (_GAP, 0.0), words)
        return ax


def describe_icons(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_icons`."""
    endpoint = as_endpoint(endpoint)
    at, settings = endpoint.baselines[0], endpoint.fit.evidence.settings
    return (
        f"Two arrays of {patients_drawn(at):,} patients for {endpoint.label}: {_with_control(at)} have the event with "
        f"{settings.control_label} ({at.baseline.label}), {_range(at)} with {settings.treated_label}."
    )


def patients_drawn(at: BaselineEffect) -> int:
    """How many patients an array shows: 100, or 1,000 where 100 would have no event."""
    return min(at.of, 1000)


def _with_control(at: BaselineEffect) -> str:
    return f"{at.baseline.percent * patients_drawn(at) / 100:.6g}"


def _counts(at: BaselineEffect) -> tuple[int, int, int]:
    """Patients drawn who have the event with treatment: lower end, median and upper end."""
    risk, of = at.treated_risk, patients_drawn(at)
    return round(of * risk.lower), round(of * risk.median), round(of * risk.upper)


def _range(at: BaselineEffect) -> str:
    low, middle, high = _counts(at)
    return f"{middle} ({low} to {high}) in {patients_drawn(at):,}"


def _array(axes: Axes, left: float, dark: np.ndarray, ringed: np.ndarray) -> None:
    """Patients in rows from the top, ten or thirty-two each, each as dark as given, some with a ring."""
    across = 10 if dark.size == 100 else 32
    step = _SIDE / across
    place = np.arange(dark.size)
    x, y = left + (place % across + 0.5) * step, (place // across + 0.5) * step
    empty, full = np.array(to_rgba(_EMPTY)), np.array(to_rgba(ACCENT))
    share = np.clip(dark, 0.0, 1.0)[:, None]
    wide = axes.get_window_extent().width * 72 / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    size = 0.78 * step * wide / _WIDE
    axes.scatter(
        x, y, s=size**2, c=(1 - share) * empty + share * full, edgecolors=INK,
        linewidths=np.where(ringed, 1.1 if across == 10 else 0.6, 0.0).tolist(), clip_on=False,
    )  # fmt: skip


def _words(endpoint: EndpointAnalysis, at: BaselineEffect) -> tuple[Words, ...]:
    settings = endpoint.fit.evidence.settings
    note = (
        f"Control risk: {at.baseline.percent:g} %, {at.baseline.label}.",
        "A filled dot is a patient who has the event, counted from the top left; with "
        f"{settings.treated_label} as many as the median.",
        "Rings: from the lower to the upper end of the 95 % interval.",
    )
    lines: list[Words] = []
    for text in note:
        lines += [*Words(text, SMALL, colour=SOFT).wrapped(_TEXT), Words(" ", 4.0)]
    return tuple(lines)
