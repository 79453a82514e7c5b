"""Figures as files: whatever the sections declare, drawn once, as SVG for HTML and PDF and PNG for DOCX."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.figures.save import save_figure
from reanalysis.reporting import contents
from reanalysis.reporting.markdown import Markdown, figure, image
from reanalysis.reporting.section import Figure, figure_name


def draw_figures(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """Draw every figure into ``folder`` and return the Markdown that shows it, by name."""
    shown = draw_shared(analysis, folder) | draw_found(analysis, folder)
    for endpoint in analysis.endpoints:
        first_page = endpoint.id in analysis.first_page
        shown |= draw_endpoint(endpoint, folder, headline=first_page)
        if first_page:
            shown |= draw_chains(endpoint, folder)
    return shown


def draw_shared(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """Figures of the whole analysis that need no further task, and the pictures for cells of its tables."""
    shown = draw([f for f in contents.OF_REPORT if not f.found], analysis, folder)
    for section in (*contents.FRONT, *contents.BODY):
        for one in section.inline(analysis) if section.inline else ():
            save_figure(one.axes, folder / one.file, whole=True)
            shown[one.name] = image(f"figures/{one.file}", one.alt, one.inches)
    return shown


def draw_found(analysis: Analysis, folder: Path) -> dict[str, Markdown]:
    """Figures of what further tasks of the report found."""
    return draw([f for f in contents.OF_REPORT if f.found], analysis, folder)


def draw_endpoint(endpoint: EndpointAnalysis, folder: Path, headline: bool) -> dict[str, Markdown]:
    """Figures of what is published of one endpoint: those of the first page only where it is on that."""
    figures = [f for f in contents.OF_ENDPOINT if not f.sampled and (headline or not f.first_page)]
    return draw(figures, endpoint, folder, endpoint)


def draw_chains(endpoint: EndpointAnalysis, folder: Path) -> dict[str, Markdown]:
    """Figures of the chains of one endpoint of the first page; none where nothing was sampled."""
    return draw([f for f in contents.OF_ENDPOINT if f.sampled], endpoint, folder, endpoint)


def draw[Subject](
    figures: Iterable[Figure[Subject]], subject: Subject, folder: Path, endpoint: EndpointAnalysis | None = None
) -> dict[str, Markdown]:
    """Draw declared figures of one subject into a folder, which is made where it is missing; some have nothing to show.

    Files have the name of the endpoint where one is given. What is returned shows each figure, by its name; the parts
    of one figure follow each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = {}
    for one in figures:
        if not one.drawn(subject):
            continue
        name, caption = figure_name(one.name, endpoint), one.caption(subject)
        pages: list[tuple[Any, ...]] = [()] if one.pages is None else [(page,) for page in one.pages(subject)]
        parts = []
        for part, page in enumerate(pages, 1):  # each is drawn when the one before is saved
            file = name if part == 1 else f"{name}-{part}"
            save_figure(one.plot(subject, *page), folder / file)
            if one.narrow:
                save_figure(one.plot(subject, *page, narrow=True), folder / f"{file}-narrow", png=False)
            whole = caption if len(pages) == 1 else f"{caption} Part {part} of {len(pages)}."
            parts.append(figure(f"figures/{file}", whole, one.describe(subject, *page), f"fig-{file}", one.narrow))
        shown[name] = Markdown("\n".join(parts))
    return shown
