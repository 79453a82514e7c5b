"""Which figures does a report hold? Each drawn once, as SVG for HTML and PDF and PNG for DOCX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.figures.beyond import describe_beyond, plot_beyond
from reanalysis.figures.coverage import describe_coverage, plot_coverage
from reanalysis.figures.energy import describe_energy, plot_energy
from reanalysis.figures.forest import describe_forest, forest_pages, plot_forest
from reanalysis.figures.icons import describe_icons, plot_icons
from reanalysis.figures.leave_one_out import describe_leave_one_out, plot_leave_one_out
from reanalysis.figures.prior_posterior import describe_prior_posterior, plot_prior_posterior
from reanalysis.figures.ranks import MOST, describe_ranks, plot_ranks
from reanalysis.figures.save import save_figure
from reanalysis.figures.sbc_ecdf import describe_sbc_ecdf, plot_sbc_ecdf
from reanalysis.figures.sensitivity import describe_sensitivity, plot_sensitivity, sensitivity_pages
from reanalysis.figures.specification_curve import describe_specification_curve, plot_specification_curve
from reanalysis.figures.strip import (
    STRIP_WIDTH,
    describe_strip,
    describe_strip_scale,
    plot_strip,
    plot_strip_scale,
    strip_limits,
)
from reanalysis.reporting.markdown import Markdown, figure, image
from reanalysis.reporting.slug import slug
from reanalysis.reporting.tables.answer import strip_name
from reanalysis.validation.calibration.artefact import load


def draw_figures(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """Draw every figure into ``folder`` and return the Markdown that shows it, by name."""
    shown = draw_shared(analysis, folder)
    first_page = {e.id for e in analysis.headlines}
    for endpoint in analysis.endpoints:
        shown |= draw_endpoint(endpoint, folder, headline=endpoint.id in first_page)
        if endpoint.id in first_page:
            shown |= draw_chains(endpoint, folder)
    return shown


def draw_shared(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """Figures that show several endpoints at once."""
    canvas = _Canvas(folder)
    first_page = [e.id for e in analysis.headlines]
    some = len(first_page) < len(analysis.coverage.columns)
    canvas.add(
        "coverage",
        plot_coverage(analysis, endpoints=first_page),
        "Who reports what. Only comparisons of two arms within one study enter the primary analysis.",
        describe_coverage(analysis),
    )
    if some:
        canvas.add(
            "coverage-all",
            plot_coverage(analysis),
            "Who reports what, every endpoint that more than one study or arm reports.",
            describe_coverage(analysis),
        )
    stored = load()
    if stored is not None:
        canvas.add(
            "calibration",
            plot_sbc_ecdf(stored),
            "Ranks of simulated truths in their posteriors: distribution functions minus the uniform one, and bands "
            "that hold all of them at once.",
            describe_sbc_ecdf(stored),
        )
    return canvas.shown | _draw_strips(analysis, folder)


def draw_endpoint(endpoint: EndpointAnalysis, folder: Path, headline: bool) -> dict[str, Markdown]:
    """Figures of what is published of one endpoint: all where it is on the first page, else a forest plot."""
    canvas = _Canvas(folder)
    _forest(canvas, endpoint)
    if headline:
        _densities(canvas, endpoint)
        _left_out(canvas, endpoint)
        _alternatives(canvas, endpoint)
        _specification_curve(canvas, endpoint)
    return canvas.shown


def draw_chains(endpoint: EndpointAnalysis, folder: Path) -> dict[str, Markdown]:
    """Figures of the chains of one endpoint of the first page; none where nothing was sampled."""
    canvas = _Canvas(folder)
    _chains(canvas, endpoint)
    return canvas.shown


def _draw_strips(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """The headline interval of each endpoint for a cell of a table, and the scale of them all."""
    limits = strip_limits(analysis.endpoints)
    save_figure(plot_strip_scale(limits), folder / "strip-scale", whole=True)
    shown = {strip_name(""): image("figures/strip-scale", describe_strip_scale(limits), STRIP_WIDTH)}
    for endpoint in analysis.endpoints:
        name = f"strip-{slug(endpoint.id)}"
        save_figure(plot_strip(endpoint, limits), folder / name, whole=True)
        shown[strip_name(endpoint.id)] = image(f"figures/{name}", describe_strip(endpoint), STRIP_WIDTH)
    return shown


class _Canvas:
    """Saves figures and collects the Markdown that shows them; the parts of one figure follow each other."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.shown: dict[str, Markdown] = {}

    def add(self, name: str, axes: Axes, caption: str, alt: str, part: int = 1, parts: int = 1) -> None:
        """Save one figure, or one part of a figure that is higher than a page."""
        file = name if part == 1 else f"{name}-{part}"
        save_figure(axes, self._folder / file)
        told = caption if parts == 1 else f"{caption} Part {part} of {parts}."
        shown = figure(f"figures/{file}", told, alt if part == 1 else told, f"fig-{file}")
        self.shown[name] = Markdown(f"{self.shown[name]}\n{shown}" if part > 1 else shown)

    def add_pages[Page](
        self, name: str, pages: Sequence[Page], plot: Callable[[Page], Axes], caption: str, alt: str
    ) -> None:
        """Save a figure page by page; each is drawn when the one before is saved."""
        for part, page in enumerate(pages, 1):
            self.add(name, plot(page), caption, alt, part, len(pages))


def _forest(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    canvas.add_pages(
        f"{slug(endpoint.id)}-forest",
        forest_pages(endpoint),
        lambda studies: plot_forest(endpoint, studies=studies),
        f"{endpoint.label}: each study as printed and in the model, the average and a new study.",
        describe_forest(endpoint),
    )


def _densities(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    name, label, at = slug(endpoint.id), endpoint.label, endpoint.baselines[0].baseline
    canvas.add(
        f"{name}-icons",
        plot_icons(endpoint),
        f"{label}: 100 patients with and without {endpoint.fit.evidence.settings.treated_label}, where the control "
        f"risk is {at.percent:g} % ({at.label}).",
        describe_icons(endpoint),
    )
    canvas.add(
        f"{name}-beyond",
        plot_beyond(endpoint),
        f"{label}: probability that the risk difference exceeds any size, where the control risk is {at.percent:g} % "
        f"({at.label}).",
        describe_beyond(endpoint),
    )
    canvas.add(
        f"{name}-prior-posterior",
        plot_prior_posterior(endpoint),
        f"{label}: posterior against prior, of the odds ratio and of the heterogeneity.",
        describe_prior_posterior(endpoint),
    )


def _left_out(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    if len(endpoint.headline.comparative) < 2:
        return  # nothing is left to draw, which the text says
    canvas.add(
        f"{slug(endpoint.id)}-leave-one-out",
        plot_leave_one_out(endpoint),
        f"{endpoint.label}: the average odds ratio with each cohort left out in turn.",
        describe_leave_one_out(endpoint),
    )


def _alternatives(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    canvas.add_pages(
        f"{slug(endpoint.id)}-sensitivity",
        sensitivity_pages(endpoint),
        lambda groups: plot_sensitivity(endpoint, groups=groups),
        f"{endpoint.label}: the odds ratio under other choices, one at a time.",
        describe_sensitivity(endpoint),
    )


def _specification_curve(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    if endpoint.scrutiny is None:
        return
    found, evidence = endpoint.scrutiny.multiverse, endpoint.fit.evidence
    held = f" Held at the primary analysis here: {', '.join(found.held)}." if found.held else ""
    canvas.add(
        f"{slug(endpoint.id)}-specification-curve",
        plot_specification_curve(found, evidence),
        f"{endpoint.label}: the odds ratio of {len(found.table):,} specifications, in order, and the choices each made "
        f"beneath.{held}",
        describe_specification_curve(found, evidence),
    )


def _chains(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    posterior = endpoint.fit.draws
    if posterior.engine != "nuts":
        return  # nothing was sampled, which the text says
    many = len(posterior.overall) + len(posterior.study) > MOST
    canvas.add(
        f"{slug(endpoint.id)}-ranks",
        plot_ranks(endpoint),
        f"{endpoint.label}: ranks of each chain's draws among those of all chains, thinned until they are nearly "
        "independent: distribution functions minus the uniform one, and the bands that chains which agree stay within, "
        f"all at once.{' Of the study effects those that stray furthest.' if many else ''}",
        describe_ranks(endpoint),
    )
    canvas.add(
        f"{slug(endpoint.id)}-energy",
        plot_energy(endpoint),
        f"{endpoint.label}: energy of each chain around its mean, and its change from draw to draw. Where the changes "
        "are much narrower, the energy fraction of missing information (E-BFMI) is small and the tails are reached "
        "slowly.",
        describe_energy(endpoint),
    )
