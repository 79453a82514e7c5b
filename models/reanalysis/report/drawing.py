"""Which figures does a report hold? Each drawn once, as SVG for HTML and PDF and PNG for DOCX."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from reanalysis.report.analysis import Analysis
from reanalysis.report.endpoint import EndpointAnalysis
from reanalysis.report.figures.beyond import describe_beyond, plot_beyond
from reanalysis.report.figures.coverage import describe_coverage, plot_coverage
from reanalysis.report.figures.forest import describe_forest, forest_pages, plot_forest
from reanalysis.report.figures.overview import describe_overview, plot_overview
from reanalysis.report.figures.prior_posterior import describe_prior_posterior, plot_prior_posterior
from reanalysis.report.figures.save import save_figure
from reanalysis.report.figures.sensitivity import describe_sensitivity, plot_sensitivity, sensitivity_pages
from reanalysis.report.markdown import Markdown, figure
from reanalysis.report.slug import slug


def draw_figures(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """Draw every figure into ``folder`` and return the Markdown that shows it, by name.

    Endpoints of the first page have all figures, the others a forest plot; the rest of theirs are tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    canvas = _Canvas(folder)
    canvas.add(
        "coverage",
        plot_coverage(analysis),
        "Who reports what. Only comparisons of two arms within one study enter the primary analysis.",
        describe_coverage(analysis),
    )
    canvas.add(
        "overview",
        plot_overview(analysis),
        "Headline odds ratio of each endpoint with its 95 % interval.",
        describe_overview(analysis),
    )
    for endpoint in analysis.endpoints:
        _forest(canvas, endpoint)
    for endpoint in analysis.headlines:
        _densities(canvas, endpoint)
        _alternatives(canvas, endpoint)
    return canvas.shown


class _Canvas:
    """Saves figures and collects the Markdown that shows them; the parts of one figure follow each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shown: dict[str, Markdown] = {}

    def add(self, name: str, axes: Axes, caption: str, alt: str, part: int = 1, parts: int = 1) -> None:
        """Save one figure, or one part of a figure that is higher than a page."""
        file = name if part == 1 else f"{name}-{part}"
        save_figure(axes, self._folder / file)
        told = caption if parts == 1 else f"{caption} Part {part} of {parts}."
        shown = figure(f"figures/{file}", told, alt if part == 1 else told, f"fig-{file}")
        self.shown[name] = Markdown(f"{self.shown[name]}\n{shown}" if part > 1 else shown)


def _forest(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    pages = forest_pages(endpoint)
    for part, studies in enumerate(pages, 1):
        canvas.add(
            f"{slug(endpoint.id)}-forest",
            plot_forest(endpoint, studies=studies),
            f"{endpoint.label}: each study as printed and in the model, the average and a new study.",
            describe_forest(endpoint),
            part,
            len(pages),
        )


def _densities(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    name, label, at = slug(endpoint.id), endpoint.label, endpoint.baselines[0].baseline
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


def _alternatives(canvas: _Canvas, endpoint: EndpointAnalysis) -> None:
    pages = sensitivity_pages(endpoint)
    for part, groups in enumerate(pages, 1):
        canvas.add(
            f"{slug(endpoint.id)}-sensitivity",
            plot_sensitivity(endpoint, groups=groups),
            f"{endpoint.label}: the odds ratio under other choices, one at a time.",
            describe_sensitivity(endpoint),
            part,
            len(pages),
        )
