"""Every file of a report, written into an empty folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.changes import Changes
from reanalysis.analysis.record import evidence_content
from reanalysis.analysis.saved_draws import draws_file
from reanalysis.analysis.task import Log, Progress, Runner, Task, TaskFailed, here
from reanalysis.builds.keys import source_date
from reanalysis.builds.manifest import NAME, manifest
from reanalysis.builds.record import EVIDENCE, RESULTS
from reanalysis.files import write_json, write_whole
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.artefacts import chain_figures, found_figures, published_figures, written_documents
from reanalysis.reporting.datapackage import data_files
from reanalysis.reporting.details import details_of
from reanalysis.reporting.document import DocumentError
from reanalysis.reporting.drawing import Drawn
from reanalysis.reporting.markdown import Markdown, slug
from reanalysis.reporting.results import results, table_text
from reanalysis.reporting.sections.validation import validation_task
from reanalysis.reporting.text import markdown
from reanalysis.validation import published

CHANGES = "changes.json"
VALIDATION = "validation.csv"
REASONS = "not-published.txt"


def begin_figures(analysis: Analysis, run: Runner) -> list[Callable[[], Drawn]]:
    """Begin every figure of what is published, while NUTS may still be at work."""
    return [run(task) for task in published_figures(analysis)] if analysis.endpoints else []


def write_report(
    analysis: Analysis,
    folder: Path,
    changes: Changes | None = None,
    *,
    run: Runner = here,
    log: Log | None = None,
    key: str = "",
    begun: Sequence[Callable[[], Drawn]] = (),
) -> None:
    """Write every file of a report into an empty folder.

    Changes are those since the report that was published before; the runner draws figures, saves draws and writes
    documents; the key is a digest of all that the build depends on. Figures of the same endpoints were begun by
    :func:`begin_figures`, or are begun here.

    Raises
    ------
    DocumentError
        If a figure or a document cannot be made.
    """
    log = log or Progress()
    later = (*chain_figures(analysis), found_figures(analysis))
    drawing = [*(begun or begin_figures(analysis, run)), *(run(task) for task in later)]
    with log.step("saving results"):
        _write_results(analysis, folder, run)
        if changes is not None:
            write_json(folder / CHANGES, asdict(changes))
    if analysis.endpoints:
        _write_documents(analysis, folder, changes, run, log, drawing)
    if analysis.failures:
        write_whole(folder / REASONS, "".join(f"{line}\n" for line in analysis.failures).encode())
    with log.step("writing the manifest"):
        write_json(folder / NAME, manifest(analysis, folder, key))


def _write_results(analysis: Analysis, folder: Path, run: Runner) -> None:
    (folder / "posterior").mkdir()
    saving = {
        e.id: run(Task("draws", draws_file, (e.fit.kept, source_date()), {"endpoint": e.id}))
        for e in analysis.endpoints
    }
    write_json(folder / RESULTS, results(analysis), sort=False)
    write_json(folder / EVIDENCE, evidence_content(analysis.evidence))
    write_json(folder / "ledger.json", analysis.weighed.as_dict())
    for name, content in data_files(analysis).items():
        (folder / name).parent.mkdir(exist_ok=True)
        write_whole(folder / name, content)
    for endpoint, saved in saving.items():
        write_whole(folder / "posterior" / f"{slug(endpoint)}.nc", _made(saved))


def _write_documents(
    analysis: Analysis,
    folder: Path,
    changes: Changes | None,
    run: Runner,
    log: Log,
    drawing: Sequence[Callable[[], Drawn]],
) -> None:
    with log.step("validating against published figures"):
        validation = _validated(run, log)
        write_whole(folder / VALIDATION, table_text(validation.table.astype({"printed": float})).encode())
    figures: dict[str, Markdown] = {}
    files: dict[str, bytes] = {}
    with log.step("drawing figures"):
        (folder / "figures").mkdir()
        for group in drawing:
            drawn = _made(group)
            figures |= {name: Markdown(text) for name, text in drawn.shown.items()}
            files |= drawn.files
        for name, content in files.items():
            write_whole(folder / "figures" / name, content)
    with log.step("writing documents"):
        text = markdown(analysis, figures, validation, changes)
        arguments = (text, details_of(analysis.evidence, source_date()), dict(sorted(files.items())))
        for name, content in _made(run(Task("documents", written_documents, arguments))).items():
            write_whole(folder / name, content)


def _validated(run: Runner, log: Log) -> CheckResult:
    try:
        found = run(validation_task())()
    except TaskFailed as error:
        found = published.not_compared(error.reason)
    if found.failed:
        log.warning(f"the program does not give what others have published: {found.text}")
    return found


def _made(result: Any) -> Any:
    try:
        return result()
    except TaskFailed as error:
        raise DocumentError(error.reason) from None
