"""A build: evidence in, gates, then every file of a report, published all or nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from reanalysis.analysis.request import Request
from reanalysis.builds.cache import ENVIRONMENT, ResultCache, cache_limit
from reanalysis.builds.keys import build_key, input_digests, source_date
from reanalysis.builds.lock import Held, only_build
from reanalysis.builds.log import BuildLog
from reanalysis.builds.manifest import read_manifest
from reanalysis.builds.publish import Store, discard
from reanalysis.evidence.extras import need
from reanalysis.stages import Time

if TYPE_CHECKING:
    from collections.abc import Callable

    from reanalysis.analysis.analysis import Analysis
    from reanalysis.analysis.changes import Changes
    from reanalysis.analysis.plan import Plan
    from reanalysis.reporting.drawing import Drawn


@dataclass(frozen=True)
class Built:
    """Outcome of a build."""

    passed: bool  # whether every gate passed, and so whether the report is published
    failures: tuple[str, ...]  # gates that failed
    draft: Path | None  # where an unpublished draft was kept
    summary: str  # one line
    unchanged: bool = False  # whether the published report was as it would be built again, and so was left alone
    stages: dict[str, Time] = field(default_factory=dict)
    """Time that its worker processes spent on each stage, and that of this process, ``whole``."""

    def __repr__(self) -> str:
        return "\n".join([self.summary, *self.failures])

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in (self.summary, *self.failures))


def build_report(
    data: Path,
    target: Path,
    request: Request | None = None,
    *,
    fresh: bool = False,
    wait: float = 0.0,
    log: BuildLog | None = None,
) -> Built:
    """Build a report of an evidence folder and publish it if every gate passes.

    The target is a link to the newest build in the store beside it. It shows the last good report until the whole new
    one exists and passed. ``fresh`` computes everything again; ``wait`` is how many seconds to wait for another
    build of the same target, infinite for as long as it takes, instead of failing.

    Raises
    ------
    InvalidInput
        If the folder is malformed, inconsistent, compares nothing, or has text that no font of the report can show.
        Nothing is written then.
    Held
        If another build holds the target, and goes on holding it.
    """
    began, request, log = Time.now(), request or Request(), log or BuildLog()
    data = _as_spelt(data)
    if request.engine == "nuts" or request.all_models:
        need("a report that NUTS checks", "report", "nuts")
    need("a report", "report")
    source_date(), cache_limit()  # refused before anything is built
    store = Store(target)
    with log.step("reading the evidence"):
        key = build_key(data, input_digests(data), request)
        if not fresh and _is_current(store, key, log):
            _sweep_if_free(store, log)
            return _unchanged(store, log)
        planned = _planned(data, request)
    key = build_key(data, dict(sorted(planned.evidence.sha256.items())), request)
    store.open()
    with only_build(store.folder, target, wait, log):
        with log.step("sweeping"):
            store.sweep()
        if not fresh and _is_current(store, key, log):
            return _unchanged(store, log)
        built = _build(planned, store, key, fresh, log)
    return replace(built, stages=built.stages | {"whole": Time.now() - began})


def _as_spelt(folder: Path) -> Path:
    """One spelling of a folder, however it was typed: the report prints it, and equal inputs give equal bytes."""
    absolute, here = Path(os.path.abspath(folder)), Path.cwd()  # noqa: PTH100 - resolve() would follow links
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute


def _planned(data: Path, request: Request) -> Plan:
    """Read the folder and check all that a report needs of it, unaltered meanwhile."""
    from reanalysis.analysis.plan import plan
    from reanalysis.evidence.problems import InvalidInput
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.reporting.glyphs import require_shown

    for _ in range(3):
        before = input_digests(data)
        evidence = read_evidence(data)
        require_shown(evidence)
        if all(before.get(name) == digest for name, digest in evidence.sha256.items()):
            return plan(replace(evidence, sha256=before), request)
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
        analysis, stages = _written(planned, store, key, cache, draft, log)
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
        summary = f"nothing was published; the draft is in {kept}"
        return Built(False, analysis.failures, kept, summary, stages=stages)
    with log.step("tidying"):
        store.tidy()
        cache.prune()
    return Built(True, (), None, f"{_endpoints(len(analysis.endpoints))}, every gate passed", stages=stages)


def _written(
    planned: Plan, store: Store, key: str, cache: ResultCache, draft: Path, log: BuildLog
) -> tuple[Analysis, dict[str, Time]]:
    """The analysis, written to a draft, and the time of each stage."""
    from reanalysis.analysis.analysis import carry_out
    from reanalysis.builds.run import RecallingRunner
    from reanalysis.builds.workers import Workers
    from reanalysis.builds.write import begin_figures, write_report
    from reanalysis.engines.batches import available_workers
    from reanalysis.reporting import contents

    with Workers(available_workers(), tool_folders(cache.folder)) as workers:
        run = RecallingRunner(cache, workers, log)
        begun: list[Callable[[], Drawn]] = []
        analysis = carry_out(planned, run, log, contents.tasks(planned), lambda a: begun.extend(begin_figures(a, run)))
        changes = _changes_since(store, key, analysis, log)
        same = begun if not analysis.failed else ()
        write_report(analysis, draft, changes, run=run, log=log, key=key, begun=same)
        return analysis, run.stages


def _cache(store: Store, fresh: bool, log: BuildLog) -> ResultCache:
    """Beside the builds, where a build can write without a home; or where REANALYSIS_CACHE says."""
    named = os.environ.get(ENVIRONMENT, "")
    return ResultCache(Path(named) if named else store.folder / "cache", fresh, shared=bool(named), log=log)


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

    from reanalysis.analysis.changes import Changes
    from reanalysis.analysis.comparison import compare
    from reanalysis.builds.record import read_record, record_of
    from reanalysis.builds.write import CHANGES
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
