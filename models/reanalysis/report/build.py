"""How is a report built? Evidence in, gates, then HTML, PDF, DOCX, results and posteriors, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reanalysis.engines.storage import save_tree
from reanalysis.evidence.folder import read_evidence
from reanalysis.model.spec import Engine
from reanalysis.report.analysis import Analysis, analyse
from reanalysis.report.document import write_documents
from reanalysis.report.drawing import draw_figures
from reanalysis.report.manifest import NAME, manifest
from reanalysis.report.plain import plain
from reanalysis.report.publish import discard, keep_draft, prepare, publish
from reanalysis.report.results import results, results_table
from reanalysis.report.slug import slug
from reanalysis.report.text import markdown

Step = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """Outcome of a build.

    Parameters
    ----------
    passed : bool
        Whether every gate passed, and so whether the report was published.
    failures : tuple of str
        Gates that failed.
    draft : Path or None
        Where an unpublished draft was kept.
    summary : str
        One line.
    """

    passed: bool
    failures: tuple[str, ...]
    draft: Path | None
    summary: str


def build_report(
    data: Path,
    target: Path,
    engine: Engine = "nuts",
    seed: int | None = None,
    step: Step = lambda _: None,
) -> Built:
    """Build a report and publish it if every gate passes.

    Parameters
    ----------
    data : Path
        Evidence folder.
    target : Path
        Folder to publish to; untouched until the whole report exists and passed.
    engine : {"nuts", "quadrature"}
        Engine of the published posteriors.
    seed : int, optional
        Instead of the folder's.
    step : callable
        Told what begins.

    Raises
    ------
    InvalidInput
        If the folder is malformed, inconsistent, or compares nothing.
    EngineError
        If an engine cannot give a posterior.
    """
    evidence = read_evidence(data)
    draft = prepare(target)
    try:
        analysis = analyse(evidence, engine, seed, step)
        write_report(analysis, draft, step)
    except BaseException:
        discard(draft)
        raise
    failures = analysis.failures
    if failures:
        return Built(False, failures, keep_draft(draft, target), "not published")
    publish(draft, target)
    count = len(analysis.endpoints)
    return Built(True, (), None, f"{count} endpoint{'s' if count != 1 else ''}, every gate passed")


def write_report(analysis: Analysis, folder: Path, step: Step = lambda _: None) -> None:
    """Write every file of a report into an empty folder."""
    step("saving results")
    (folder / "posterior").mkdir()
    for endpoint in analysis.endpoints:
        save_tree(endpoint.fit.posterior.tree(), folder / "posterior" / f"{slug(endpoint.id)}.nc")
    _write_json(folder / "results.json", results(analysis))
    results_table(analysis).to_csv(folder / "results.csv", index=False, lineterminator="\n")
    _write_json(folder / "ledger.json", analysis.weighed.as_dict())
    step("drawing figures")
    figures = draw_figures(analysis, folder / "figures")
    step("writing documents")
    write_documents(markdown(analysis, figures), analysis.evidence.title, folder)
    _write_json(folder / NAME, manifest(analysis, folder))


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
