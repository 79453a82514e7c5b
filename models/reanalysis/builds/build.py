"""How is a report built? Evidence in, gates, then HTML, PDF, DOCX, results and posteriors, published all or nothing."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reanalysis.builds.cache import ENVIRONMENT, ResultCache
from reanalysis.builds.errors import Held
from reanalysis.builds.fingerprint import build_key, input_digests, source_date
from reanalysis.builds.lock import only_build
from reanalysis.builds.log import BuildLog
from reanalysis.builds.manifest import NAME, manifest, read_manifest
from reanalysis.builds.publish import Store, discard

if TYPE_CHECKING:
    from reanalysis.analysis.analysis import Analysis, Plan
    from reanalysis.analysis.changes import Changes
    from reanalysis.model.spec import Engine

CHANGES = "changes.json"
VALIDATION = "validation.csv"
REASONS = "not-published.txt"


@dataclass(frozen=True)
class Built:
    """Outcome of a build.

    Parameters
    ----------
    passed : bool
        Whether every gate passed, and so whether the report is published.
    failures : tuple of str
        Gates that failed.
    draft : Path or None
        Where an unpublished draft was kept.
    summary : str
        One line.
    unchanged : bool
        Whether the published report was as it would be built again, and so was left alone.
    """

    passed: bool
    failures: tuple[str, ...]
    draft: Path | None
    summary: str
    unchanged: bool = False


def build_report(
    data: Path,
    target: Path,
    engine: Engine = "nuts",
    seed: int | None = None,
    *,
    all_models: bool = False,
    fresh: bool = False,
    wait: bool = False,
    log: BuildLog | None = None,
) -> Built:
    """Build a report and publish it if every gate passes.

    Parameters
    ----------
    data : Path
        Evidence folder.
    target : Path
        Folder to publish to: a link to the newest build in the store beside it. It shows the last good report until the
        whole new one exists and passed.
    engine : {"nuts", "quadrature"}
        Engine of the published posteriors.
    seed : int, optional
        Instead of the folder's.
    all_models : bool
        Whether to sample the models without quadrature as well, for what they say of each endpoint of the first page.
    fresh : bool
        Whether to compute everything again.
    wait : bool
        Whether to wait for another build of the same target instead of failing.
    log : BuildLog, optional
        Told what happens.

    Raises
    ------
    InvalidInput
        If the folder is malformed, inconsistent, compares nothing, or has text that no font of the report can show.
        Nothing is written then.
    Held
        If another build holds the target.
    """
    log = log or BuildLog()
    source_date()  # refused before anything is built
    store = Store(target)
    with log.step("reading the evidence"):
        key = build_key(data, input_digests(data), engine, seed, all_models)
        if not fresh and _is_current(store, key, log):
            _sweep_if_free(store, log)
            return _unchanged(store, log)
        planned = _planned(data, engine, seed, all_models)
    key = build_key(data, dict(sorted(planned.evidence.sha256.items())), engine, seed, all_models)
    store.open()
    with only_build(store.folder, target, wait, log):
        with log.step("sweeping"):
            store.sweep()
        if not fresh and _is_current(store, key, log):
            return _unchanged(store, log)
        return _build(planned, store, key, fresh, log)


def _planned(data: Path, engine: Engine, seed: int | None, all_models: bool) -> Plan:
    """Read the folder and check all that a report needs of it, unaltered meanwhile."""
    from reanalysis.analysis.analysis import plan
    from reanalysis.evidence.problems import InvalidInput
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.reporting.glyphs import require_shown

    for _ in range(3):
        before = input_digests(data)
        evidence = read_evidence(data)
        require_shown(evidence)
        if all(before.get(name) == digest for name, digest in evidence.sha256.items()):
            return plan(replace(evidence, sha256=before), engine, seed, all_models)
    raise InvalidInput([f"{data}: is being written to; build the report when that is done"])


def _is_current(store: Store, key: str, log: BuildLog) -> bool:
    """Whether a build would give what is published, and that is whole."""
    if store.published is None or read_manifest(store.published).get("key") != key:
        return False
    wrong = store.damage()
    if wrong:
        log.warning(f"{store.target}: is not as it was published ({'; '.join(wrong[:3])}): built again")
    return not wrong


def _sweep_if_free(store: Store, log: BuildLog) -> None:
    """Remove what a killed build has left, unless another build is at work or nothing may be written."""
    if store.untidy():
        with suppress(Held, OSError), only_build(store.folder, store.target, False, log):
            store.sweep()


def _unchanged(store: Store, log: BuildLog) -> Built:
    assert store.published is not None
    count = len(read_manifest(store.published).get("endpoints", ()))
    log.event("unchanged")
    return Built(True, (), None, f"unchanged, {_endpoints(count)}, every gate passed", unchanged=True)


def _endpoints(count: int) -> str:
    return f"{count} endpoint{'s' if count != 1 else ''}"


def _build(planned: Plan, store: Store, key: str, fresh: bool, log: BuildLog) -> Built:
    cache = _cache(store, fresh, log)
    draft = store.draft()
    try:
        analysis = _computed(planned, cache, log)
        analysis = replace(analysis, changes=_changes_since(store, key, analysis, log))
        write_report(analysis, draft, log, cache=cache, key=key)
        if not analysis.failures:
            with log.step("publishing"):
                store.publish(draft, key)
    except BaseException:
        discard(draft)
        raise
    for failure in analysis.failures:
        log.event("gate failed", text=failure)
    if analysis.failures:
        with log.step("keeping the draft"):
            kept = store.keep_draft(draft)
        return Built(False, analysis.failures, kept, f"nothing was published; the draft is in {kept}")
    with log.step("tidying"):
        store.tidy()
        cache.prune()
    return Built(True, (), None, f"{_endpoints(len(analysis.endpoints))}, every gate passed")


def _cache(store: Store, fresh: bool, log: BuildLog) -> ResultCache:
    """Beside the builds, where a build can write without a home; or where REANALYSIS_CACHE says."""
    named = os.environ.get(ENVIRONMENT, "")
    return ResultCache(Path(named) if named else store.folder / "cache", fresh, shared=bool(named), log=log)


def _computed(planned: Plan, cache: ResultCache, log: BuildLog) -> Analysis:
    from reanalysis.analysis.analysis import carry_out
    from reanalysis.builds.compute import WithCache
    from reanalysis.builds.worker import Worker

    with Worker(tool_folders(cache.folder)) as worker:
        return carry_out(planned, WithCache(cache, worker, log), log)


def tool_folders(cache: Path) -> dict[str, str]:
    """Variables that give the tools below a folder for their own caches, where they have no home to write to."""
    home = Path(os.environ.get("HOME") or "/nonexistent")
    if os.access(home, os.W_OK):
        return {}
    compiled = cache.absolute() / "compiled"
    flags = [os.environ.get("PYTENSOR_FLAGS", ""), f"base_compiledir={compiled}"]
    return {
        "PYTENSOR_FLAGS": ",".join(flag for flag in flags if flag),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or str(cache.absolute() / "matplotlib"),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(compiled),
    }


def _changes_since(store: Store, key: str, analysis: Analysis, log: BuildLog) -> Changes | None:
    """What changed since the report that is published.

    A report built again from the same inputs tells what it told before: its bytes depend on the inputs and on the last
    report that differs, not on how often it was built.
    """
    from pydantic import TypeAdapter, ValidationError

    from reanalysis.analysis.changes import Changes, compare
    from reanalysis.analysis.record import read_record, record_of
    from reanalysis.evidence.problems import InvalidInput
    from reanalysis.reporting.results import results

    if store.published is None:
        return None
    with log.step("comparing with the last report"):
        try:
            if read_manifest(store.published).get("key") == key:
                told = store.published / CHANGES
                return TypeAdapter(Changes).validate_json(told.read_bytes()) if told.exists() else None
            return compare(read_record(store.published), record_of(analysis, results(analysis)))
        except (InvalidInput, ValidationError, OSError) as error:
            log.warning(f"{store.target}: nothing to compare with: {' '.join(str(error).split())}")
            return None


def write_report(
    analysis: Analysis,
    folder: Path,
    log: BuildLog | None = None,
    *,
    cache: ResultCache | None = None,
    key: str = "",
) -> None:
    """Write every file of a report into an empty folder.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    folder : Path
        Where.
    log : BuildLog, optional
        Told what happens.
    cache : ResultCache, optional
        Figures of earlier builds.
    key : str
        Digest of all that the build depends on.
    """
    log = log or BuildLog()
    with log.step("saving results"):
        _write_results(analysis, folder)
        if analysis.changes is not None:
            _write_json(folder / CHANGES, asdict(analysis.changes))
    if analysis.endpoints:
        _write_documents(analysis, folder, log, cache)
    if analysis.failures:
        (folder / REASONS).write_text("".join(f"{line}\n" for line in analysis.failures), encoding="utf-8")
    with log.step("writing the manifest"):
        _write_json(folder / NAME, manifest(analysis, folder, key))


def _write_results(analysis: Analysis, folder: Path) -> None:
    from reanalysis.analysis.endpoint_result import netcdf
    from reanalysis.analysis.record import EVIDENCE, RESULTS, evidence_content
    from reanalysis.reporting.markdown import slug
    from reanalysis.reporting.results import results, results_table, table_text

    (folder / "posterior").mkdir()
    for endpoint in analysis.endpoints:
        (folder / "posterior" / f"{slug(endpoint.id)}.nc").write_bytes(netcdf(endpoint.fit.draws))
    _write_json(folder / RESULTS, results(analysis))
    _write_json(folder / EVIDENCE, evidence_content(analysis.evidence))
    _write_json(folder / "ledger.json", analysis.weighed.as_dict())
    table = table_text(results_table(analysis))
    (folder / "results.csv").write_text(table, encoding="utf-8", newline="")


def _write_documents(analysis: Analysis, folder: Path, log: BuildLog, cache: ResultCache | None) -> None:
    if cache is not None:
        os.environ.update({k: v for k, v in tool_folders(cache.folder).items() if k == "MPLCONFIGDIR"})
    from reanalysis.builds.made_before import draw_or_recall, validate_or_recall, write_or_recall
    from reanalysis.reporting.document import write_documents
    from reanalysis.reporting.drawing import draw_figures
    from reanalysis.reporting.results import table_text
    from reanalysis.reporting.text import markdown
    from reanalysis.validation.published import check_published

    place, title = folder / "figures", analysis.evidence.title
    with log.step("validating against print"):
        validation = validate_or_recall(cache, log) if cache else check_published()
        figures_of_others = validation.table.astype({"printed": float})
        (folder / VALIDATION).write_text(table_text(figures_of_others), encoding="utf-8", newline="")
    with log.step("drawing figures"):
        figures = draw_or_recall(analysis, place, cache, log) if cache else draw_figures(analysis, place)
    with log.step("writing documents"):
        text = markdown(analysis, figures, validation, analysis.changes)
        if cache is None:
            write_documents(text, title, folder)
        else:
            write_or_recall(text, title, folder, cache, log)


def _write_json(path: Path, value: object) -> None:
    from reanalysis.analysis.as_json import as_json

    text = json.dumps(as_json(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
