"""Every figure there is, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes

from figures.sampled import sampled
from reanalysis.analysis.analysis import Analysis
from reanalysis.figures.beyond import describe_beyond, plot_beyond
from reanalysis.figures.convergence import describe_convergence, plot_convergence
from reanalysis.figures.coverage import describe_coverage, plot_coverage
from reanalysis.figures.energy import describe_energy, plot_energy
from reanalysis.figures.forest import describe_forest, plot_forest
from reanalysis.figures.icons import describe_icons, plot_icons
from reanalysis.figures.leave_one_out import describe_leave_one_out, plot_leave_one_out
from reanalysis.figures.moderators import describe_moderators, plot_moderators
from reanalysis.figures.overview import describe_overview, plot_overview
from reanalysis.figures.prior_posterior import describe_prior_posterior, plot_prior_posterior
from reanalysis.figures.prior_sensitivity import describe_prior_sensitivity, plot_prior_sensitivity
from reanalysis.figures.ranks import describe_ranks, plot_ranks
from reanalysis.figures.sensitivity import describe_sensitivity, plot_sensitivity
from reanalysis.figures.traffic_lights import describe_traffic_lights, judged_studies, plot_traffic_lights

Plot = Callable[..., Axes]
Describe = Callable[[Any], str]

OF_ENDPOINT: dict[str, tuple[Plot, Describe]] = {
    "forest": (plot_forest, describe_forest),
    "prior_posterior": (plot_prior_posterior, describe_prior_posterior),
    "beyond": (plot_beyond, describe_beyond),
    "icons": (plot_icons, describe_icons),
    "sensitivity": (plot_sensitivity, describe_sensitivity),
    "prior_sensitivity": (plot_prior_sensitivity, describe_prior_sensitivity),
    "leave_one_out": (plot_leave_one_out, describe_leave_one_out),
    "moderators": (plot_moderators, describe_moderators),
    "traffic_lights": (plot_traffic_lights, describe_traffic_lights),
}
OF_ANALYSIS: dict[str, tuple[Plot, Describe]] = {
    "overview": (plot_overview, describe_overview),
    "coverage": (plot_coverage, describe_coverage),
}
OF_CHAINS: dict[str, tuple[Plot, Describe]] = {
    "convergence": (plot_convergence, describe_convergence),
    "ranks": (plot_ranks, describe_ranks),
    "energy": (plot_energy, describe_energy),
}
EVERY = {**OF_ENDPOINT, **OF_CHAINS, **OF_ANALYSIS}


def subjects(analysis: Analysis, name: str) -> list[Any]:
    """What the figure of this name can be drawn of: each endpoint, with chains where it needs them, or the analysis."""
    if name in OF_ANALYSIS:
        return [analysis]
    if name == "traffic_lights":
        return [e for e in analysis.endpoints if judged_studies(e)]
    return [sampled(e) if name in OF_CHAINS else e for e in analysis.endpoints]
