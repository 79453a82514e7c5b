"""Figures as values: whatever the sections declare, drawn once, as SVG for HTML and PDF and PNG for DOCX."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.figures.save import save_figure
from reanalysis.reporting import contents
from reanalysis.reporting.markdown import figure, image
from reanalysis.reporting.section import Figure, Inline, figure_name


@dataclass(frozen=True)
class Drawn:
    """Figures of one group."""

    shown: dict[str, str]  # by name of the figure, the Markdown that shows it
    files: dict[str, bytes]  # by name of the file


def draw_shared(analysis: Analysis) -> Drawn:
    """Figures of the whole analysis that need no further task, and the pictures for cells of its tables."""
    sections = (*contents.FRONT, *contents.BODY)
    pictures = (one for section in sections if section.inline for one in section.inline(analysis))
    return _draw([f for f in contents.OF_REPORT if not f.found], analysis, pictures=pictures)


def draw_found(analysis: Analysis) -> Drawn:
    """Figures of what further tasks of the report found."""
    return _draw([f for f in contents.OF_REPORT if f.found], analysis)


def draw_endpoint(endpoint: EndpointAnalysis, headline: bool) -> Drawn:
    """Figures of what is published of one endpoint: those of the first page only where it is on that."""
    return _draw([f for f in contents.OF_ENDPOINT if not f.sampled and (headline or not f.first_page)], endpoint)


def draw_chains(endpoint: EndpointAnalysis) -> Drawn:
    """Figures of the chains of one endpoint of the first page; none where nothing was sampled."""
    return _draw([f for f in contents.OF_ENDPOINT if f.sampled], endpoint)


def _draw[Subject](figures: Iterable[Figure[Subject]], subject: Subject, pictures: Iterable[Inline] = ()) -> Drawn:
    """Declared figures of one subject, but those that have nothing to show; the parts of one follow each other."""
    shown: dict[str, str] = {}
    endpoint = subject if isinstance(subject, EndpointAnalysis) else None
    with TemporaryDirectory() as place:
        folder = Path(place)
        for one in (f for f in figures if f.drawn(subject)):
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
            shown[name] = "\n".join(parts)
        for picture in pictures:
            save_figure(picture.axes, folder / picture.file, whole=True)
            shown[picture.name] = str(image(f"figures/{picture.file}", picture.alt, picture.inches))
        return Drawn(shown, {path.name: path.read_bytes() for path in sorted(folder.iterdir())})
