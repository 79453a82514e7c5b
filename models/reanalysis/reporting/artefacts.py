"""Figures and documents as values: what a task makes of an analysis, files included, in whichever process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.analysis.relevant import relevant
from reanalysis.analysis.task import Task
from reanalysis.model.selection import select
from reanalysis.reporting.details import Details
from reanalysis.reporting.document import write_documents
from reanalysis.reporting.drawing import Drawn, draw_chains, draw_endpoint, draw_found, draw_shared


def published_figures(analysis: Analysis) -> Iterator[Task[Drawn]]:
    """Figures of what is published: those that show several endpoints, then those of each.

    None needs what NUTS sampled, and no task sees more than the part of the evidence that matters to it.
    """
    published = replace(analysis, endpoints=tuple(_published(e) for e in analysis.endpoints), found={}, failed=())
    yield Task("figures", draw_shared, (published,), {"group": "shared"})
    for endpoint in analysis.endpoints:
        arguments = (_published(_alone(analysis, endpoint)), endpoint.id in analysis.first_page)
        yield Task("figures", draw_endpoint, arguments, {"group": f"endpoint {endpoint.id}"})


def chain_figures(analysis: Analysis) -> Iterator[Task[Drawn]]:
    """Figures of the chains of each endpoint of the first page that was sampled."""
    for endpoint in analysis.headlines:
        if endpoint.fit.sampled is not None:
            fit = replace(_alone(analysis, endpoint), sensitivity={}, scrutiny=None, models=())
            yield Task("figures", draw_chains, (fit,), {"group": f"chains {endpoint.id}"})


def found_figures(analysis: Analysis) -> Task[Drawn]:
    """Figures of what further tasks found, which has to be waited for."""
    published = replace(analysis, endpoints=tuple(_published(e) for e in analysis.endpoints), failed=())
    return Task("figures", draw_found, (published,), {"group": "found"})


def written_documents(markdown: str, details: Details, figures: dict[str, bytes]) -> dict[str, bytes]:
    """Every document of a report, by the name of its file; figures come by the names of theirs.

    Raises
    ------
    DocumentError
        With what pandoc or typst said.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "figures").mkdir()
        for file, content in figures.items():
            (folder / "figures" / file).write_bytes(content)
        write_documents(markdown, details, folder)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def _published(endpoint: EndpointAnalysis) -> EndpointAnalysis:
    """What is published of an endpoint, as it is before NUTS has checked it."""
    return replace(endpoint, fit=replace(endpoint.fit, gates=(), sampled=None))


def _alone(analysis: Analysis, endpoint: EndpointAnalysis) -> EndpointAnalysis:
    """The endpoint with the part of the evidence that matters to it."""
    part = relevant(analysis.evidence, endpoint.id)
    fit = replace(endpoint.fit, evidence=part, selection=select(part, analysis.spec, endpoint.id))
    return replace(endpoint, fit=fit, folder_studies=analysis.evidence.studies)
