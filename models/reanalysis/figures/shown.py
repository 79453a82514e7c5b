"""The figures as people call them: new ones show themselves in a notebook, given axes keep their words in their place.

Words stand around the axes of a figure, a fixed number of points away. Axes that are given are therefore made smaller
by what their words take, within the place they have, and the whole figure larger where that place is too small.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from reanalysis.alternatives.multiverse.multiverse import Multiverse
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import as_endpoint, as_fit
from reanalysis.evidence.problems import BadChoice, InvalidInput
from reanalysis.figures import (
    beyond,
    convergence,
    coverage,
    energy,
    forest,
    icons,
    leave_one_out,
    overview,
    prior_posterior,
    prior_sensitivity,
    ranks,
    sbc_ecdf,
    sensitivity,
    specification_curve,
)
from reanalysis.figures.style import house_style, new_figure
from reanalysis.validation.calibration.run import Calibration

_LEAST = 1.6
"""Inches that are left between the words at least."""

_ATTEMPTS, _ENOUGH = 5, 1.002

_PARAMETERS = "Parameters\n----------"
_AXES = """\
ax : Axes, optional
    Axes whose place the figure takes, its words within that; a new figure sized to its content by default."""
_RETURNS = """\
Returns
-------
Axes
    Those of the figure; where it has panels, the invisible axes that hold them (``child_axes``)."""


def _with_room[**P](plot: Callable[P, Axes], ready: Callable[[Any], object]) -> Callable[P, Axes]:
    """The figure of the first argument of ``plot``, with room for its words where axes are given.

    ``ready`` makes of what was given what is drawn, once; it refuses what is no subject of the figure.
    """
    signature = inspect.signature(plot)

    @wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Axes:
        asked = signature.bind(*args, **kwargs)
        subject = next(iter(asked.arguments))
        asked.arguments[subject] = ready(asked.arguments[subject])

        def on(axes: Axes | None) -> Axes:
            asked.arguments["ax"] = axes
            return plot(*asked.args, **asked.kwargs)

        ax = asked.arguments.get("ax")
        if ax is not None:
            _make_room(ax, on)
        return on(ax)

    drawn.__doc__ = _documented(plot.__doc__ or "", [*signature.parameters.values()])
    return drawn


def _documented(text: str, parameters: list[inspect.Parameter]) -> str:
    """A docstring with what is the same in all figures: what is shown, the axes, and what is returned."""
    summary, _, examples = inspect.cleandoc(text).partition("\n\nExamples\n")
    said, _, own = summary.partition(f"\n\n{_PARAMETERS}\n")
    subject = f"{parameters[0].name} : {parameters[0].annotation}\n    What to show.".replace(" | ", " or ")
    told = [_PARAMETERS, subject, own, _AXES] if parameters[-1].name == "ax" else [_PARAMETERS, subject, _AXES, own]
    sections = [said, "\n".join(filter(None, told)), _RETURNS, f"Examples\n{examples}" if examples else ""]
    return "\n\n".join(filter(None, sections))


def _a[T](kind: type[T], call: str) -> Callable[[Any], T]:
    """Lets what is of a kind through, and says which call gives one."""

    def ready(subject: Any) -> T:
        if not isinstance(subject, kind):
            said = f": this figure is of {call}, not of {type(subject).__name__}"
            raise InvalidInput([BadChoice("what to draw", said)])
        return subject

    return ready


def _make_room(ax: Axes, on: Callable[[Axes | None], Axes]) -> None:
    """Set the position of axes so that the words that ``on`` sets around them end where the axes ended."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    place, alone = _inches(ax), on(None)
    natural, words = _inches(alone), _around(alone)
    needed = words[0] + min(natural.width, _LEAST) + words[2], words[1] + natural.height + words[3]
    for _ in range(_ATTEMPTS):  # words that are set anew around narrower axes may take more room
        place = _grown(figure, place, needed)
        within = Bbox.from_extents(place.x0 + words[0], place.y0 + words[1], place.x1 - words[2], place.y1 - words[3])
        words = _around(on(_axes_at(within, figure.get_size_inches())))
        needed = words[0] + within.width + words[2], words[1] + within.height + words[3]
        if needed[0] < place.width * _ENOUGH and needed[1] < place.height * _ENOUGH:
            break
    pixels, parent = Bbox(within.get_points() * figure.dpi), ax.figure.bbox
    ax.set_position(Bbox((pixels.get_points() - parent.min) / parent.size))


def _grown(figure: Figure, place: Bbox, needed: tuple[float, float]) -> Bbox:
    """Where a place of a figure is, once the figure is large enough for what the place must hold."""
    wide, high = max(1.0, needed[0] / place.width), max(1.0, needed[1] / place.height)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width * wide, height * high)
    return Bbox.from_extents(place.x0 * wide, place.y0 * high, place.x1 * wide, place.y1 * high)


def _axes_at(place: Bbox, size: Any) -> Axes:
    """Axes to try words on, in a figure of the same size."""
    return new_figure(*size).add_axes(
        (place.x0 / size[0], place.y0 / size[1], place.width / size[0], place.height / size[1])
    )


def _inches(ax: Axes) -> Bbox:
    """Where axes are in their figure."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return Bbox(ax.get_window_extent().get_points() / figure.dpi)


def _around(ax: Axes) -> tuple[float, float, float, float]:
    """Inches that words take left of axes, below, right of and above them."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    with house_style():
        tight = ax.get_tightbbox()
    own = _inches(ax)
    if tight is None:
        return 0.0, 0.0, 0.0, 0.0
    words = Bbox(tight.get_points() / figure.dpi)
    return (
        max(own.x0 - words.x0, 0.0),
        max(own.y0 - words.y0, 0.0),
        max(words.x1 - own.x1, 0.0),
        max(words.y1 - own.y1, 0.0),
    )


_with_alternatives = partial(as_endpoint, sensitivity=True)
_analysis = _a(Analysis, "analyse(evidence)")

plot_beyond = _with_room(beyond.plot_beyond, as_endpoint)
plot_convergence = _with_room(convergence.plot_convergence, as_fit)
plot_coverage = _with_room(coverage.plot_coverage, _analysis)
plot_energy = _with_room(energy.plot_energy, as_fit)
plot_forest = _with_room(forest.plot_forest, as_endpoint)
plot_icons = _with_room(icons.plot_icons, as_endpoint)
plot_leave_one_out = _with_room(leave_one_out.plot_leave_one_out, _with_alternatives)
plot_overview = _with_room(overview.plot_overview, _analysis)
plot_prior_posterior = _with_room(prior_posterior.plot_prior_posterior, as_endpoint)
plot_prior_sensitivity = _with_room(prior_sensitivity.plot_prior_sensitivity, as_fit)
plot_ranks = _with_room(ranks.plot_ranks, as_fit)
plot_sbc_ecdf = _with_room(sbc_ecdf.plot_sbc_ecdf, _a(Calibration, "calibrate(evidence)"))
plot_sensitivity = _with_room(sensitivity.plot_sensitivity, _with_alternatives)
plot_specification_curve = _with_room(
    specification_curve.plot_specification_curve, _a(Multiverse, "multiverse(evidence, endpoint)")
)
