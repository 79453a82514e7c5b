"""Which figures, documents and checks need to be made again? Those of anything other than before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.builds.cache import ResultCache
from reanalysis.builds.fingerprint import documents_key, figures_key, fit_key, relevant, validation_key
from reanalysis.builds.frozen import freeze
from reanalysis.builds.log import BuildLog
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.document import write_documents
from reanalysis.reporting.drawing import draw_endpoint, draw_shared
from reanalysis.reporting.markdown import Markdown
from reanalysis.validation.published import check_published

Draw = Callable[[Path], dict[str, Markdown]]


def validate_or_recall(cache: ResultCache, log: BuildLog) -> CheckResult:
    """The program against published figures: seconds, and the same until its code or those figures change."""
    key = validation_key()
    found, source = cache.recall("validation", key, lambda: freeze(check_published()))
    assert isinstance(found, CheckResult)
    log.event("validation", key=key, passed=found.passed, **{"from": source})
    if found.failed and len(found.table):
        log.warning(f"the program does not give what others have published: {found.text}")
    return found


def draw_or_recall(analysis: Analysis, folder: Path, cache: ResultCache, log: BuildLog) -> dict[str, Markdown]:
    """Every figure of a report in ``folder``, and the Markdown that shows it, by name.

    Parameters
    ----------
    analysis : Analysis
        What to draw.
    folder : Path
        Where to.
    cache : ResultCache
        Figures of earlier builds, by endpoint.
    log : BuildLog
        Told where each group of figures came from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first_page = {e.id for e in analysis.headlines}
    groups: dict[str, tuple[str, Draw]] = {}
    for endpoint in analysis.endpoints:
        own, headline = _alone(analysis, endpoint), endpoint.id in first_page
        fitted = fit_key(analysis.spec, own.fit.posterior.data, analysis.engine)
        key = figures_key(endpoint.id, own.fit.evidence, fitted, headline)
        groups[f"endpoint {endpoint.id}"] = key, partial(draw_endpoint, own, headline=headline)
    whole = [key for key, _ in groups.values()]
    shared = figures_key("shared", analysis.evidence.sha256, analysis.evidence.title, whole)
    groups = {"shared": (shared, partial(draw_shared, analysis))} | groups
    shown: dict[str, Markdown] = {}
    for name, (key, draw) in groups.items():
        kept, source = cache.recall("figures", key, partial(_drawn, draw, folder / ".drawing"))
        log.event("figures", group=name, key=key, **{"from": source})
        for file, content in kept["files"].items():
            (folder / file).write_bytes(content)
        shown |= {figure: Markdown(text) for figure, text in kept["shown"].items()}
    return shown


def write_or_recall(markdown: str, title: str, folder: Path, cache: ResultCache, log: BuildLog) -> None:
    """Every document of a report in ``folder``, which holds its figures.

    Parameters
    ----------
    markdown, title : str
        The report.
    folder : Path
        Where to.
    cache : ResultCache
        Documents of earlier builds.
    log : BuildLog
        Told where they came from.
    """
    shown = {path.name: path.read_bytes() for path in sorted((folder / "figures").iterdir())}
    key = documents_key(markdown, title, shown)

    def written() -> bytes:
        before = set(folder.iterdir())
        write_documents(markdown, title, folder)
        return freeze({path.name: path.read_bytes() for path in sorted(set(folder.iterdir()) - before)})

    kept, source = cache.recall("documents", key, written)
    log.event("documents", key=key, **{"from": source})
    for file, content in kept.items():
        (folder / file).write_bytes(content)


def _alone(analysis: Analysis, endpoint: EndpointAnalysis) -> EndpointAnalysis:
    """The endpoint with the part of the evidence that matters to it: no figure sees more than its key covers."""
    return replace(endpoint, fit=replace(endpoint.fit, evidence=relevant(analysis.evidence, endpoint.id)))


def _drawn(draw: Draw, aside: Path) -> bytes:
    """Figures of one group, their files included, for the cache."""
    aside.mkdir()
    try:
        shown = draw(aside)
        files = {path.name: path.read_bytes() for path in sorted(aside.iterdir())}
    finally:
        shutil.rmtree(aside)
    return freeze({"shown": {name: str(text) for name, text in shown.items()}, "files": files})
