"""What is computed again when something changed, as the log says: what depends on it, and nothing else."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builds import evidence_folders
from builds.commands import Commands, computed, events
from builds.published import manifest_of, store_of, title_of
from readme.answer import without_scrutiny
from reanalysis.analysis.analysis import carry_out
from reanalysis.analysis.plan import plan
from reanalysis.analysis.relevant import relevant, tables
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Task
from reanalysis.builds import keys
from reanalysis.builds.cache import ResultCache
from reanalysis.builds.frozen import NotFrozen, freeze, thaw
from reanalysis.builds.keys import task_key
from reanalysis.builds.log import BuildLog
from reanalysis.digests import of_value
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.kept_fit import SampledCheck, published_fit
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.reporting import contents
from reanalysis.reporting.artefacts import chain_figures, published_figures, written_documents
from reanalysis.reporting.details import Details
from reanalysis.versions import packages

pytestmark = pytest.mark.xdist_group("refits")

QUADRATURE = ("--engine", "quadrature")


class Built:
    """A published report of two endpoints, built again and again."""

    def __init__(self, commands: Commands, folder: Path) -> None:
        self.commands, self.folder = commands, folder
        self.evidence = evidence_folders.two_endpoints(folder / "evidence")
        self.out, self.count = folder / "out", 0

    def again(self, *arguments: object, **options: object) -> Path:
        """Build once more; the log of that build."""
        self.count += 1
        log = self.folder / f"log {self.count}"
        ended = self.commands.run(
            "report", self.evidence, "--out", self.out, "--log", log, *QUADRATURE, *arguments, **options
        )
        self.err = ended.err
        assert ended.code == 0, ended.err
        return log

    def replace(self, old: str, new: str) -> None:
        """Alter arms.csv."""
        path = self.evidence / "arms.csv"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def original(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    Built(commands, folder).again()
    return folder


@pytest.fixture
def built(commands: Commands, original: Path, tmp_path: Path) -> Built:
    """The same with its store, as if it had been built here."""
    shutil.copytree(original, tmp_path, symlinks=True, dirs_exist_ok=True)
    found = Built(commands, tmp_path)
    found.evidence = evidence_folders.two_endpoints(tmp_path / "evidence")
    log = found.again()  # its place is another one, which the report says
    assert set(computed(log).values()) == {"cache"}
    return found


def test_an_unchanged_rebuild_computes_nothing(built: Built) -> None:
    before = built.out.resolve()
    log = built.again()
    said = [e["event"] for e in events(log)]
    assert "unchanged" in said
    assert not {"fit", "sensitivity", "figures", "documents"} & set(said)
    assert built.out.resolve() == before


def test_one_changed_row_refits_one_endpoint(built: Built) -> None:
    built.replace("Trial A,treated,death,2,41", "Trial A,treated,death,3,41")
    log = built.again()
    for kind in ("fit", "sensitivity"):
        assert computed(log, kind) == {"infection": "cache", "death": "computed"}
    figures = computed(log, "figures")
    assert figures["endpoint infection"] == "cache"
    assert figures["endpoint death"] == "computed"


def test_a_row_above_the_others_changes_only_its_own_endpoint(built: Built) -> None:
    row = "Trial A,control,fever,4,33\n"
    built.replace(evidence_folders.HEADER, evidence_folders.HEADER + row)
    log = built.again()
    for kind in ("fit", "sensitivity"):
        assert computed(log, kind) == {"infection": "cache", "death": "cache"}


def test_a_title_refits_nothing(built: Built) -> None:
    (built.evidence / "analysis.toml").write_text("title = 'Another'\n")
    log = built.again()
    for kind in ("fit", "sensitivity"):
        assert set(computed(log, kind).values()) == {"cache"}
    assert computed(log, "figures")["endpoint death"] == "cache"
    assert title_of(built.out) == "Another"


def test_a_label_refits_nothing_and_draws_its_own_endpoint_again(built: Built) -> None:
    (built.evidence / "analysis.toml").write_text("[endpoints.death]\nlabel = 'Death of any cause'\n")
    log = built.again()
    assert set(computed(log).values()) == {"cache"}
    figures = computed(log, "figures")
    assert (figures["endpoint infection"], figures["endpoint death"]) == ("cache", "computed")


def test_fresh_ignores_what_was_kept(built: Built) -> None:
    log = built.again("--fresh")
    for kind in ("fit", "sensitivity", "figures"):
        assert set(computed(log, kind).values()) == {"computed"}


def test_an_altered_report_is_built_again(built: Built) -> None:
    page = built.out / "index.html"
    page.write_text(page.read_text() + "<!-- edited -->")
    log = built.again()
    assert "is not as it was published (index.html was altered): built again" in built.err
    assert set(computed(log).values()) == {"cache"}
    assert title_of(built.out) == "Re-analysis of evidence"


def test_a_cache_lost_during_a_build_costs_nothing(built: Built) -> None:
    built.replace("Trial A,treated,death,2,41", "Trial A,treated,death,1,41")
    log = built.again(remove_at="fit", remove=str(store_of(built.out) / "cache"))
    assert computed(log)["death"] == "computed"
    assert title_of(built.out) == "Re-analysis of evidence"


def test_damaged_entries_are_dropped_with_a_warning_and_rebuilt(built: Built) -> None:
    before = manifest_of(built.out)["outputs"]
    (built.out / "index.html").unlink()
    kept = sorted((store_of(built.out) / "cache").glob("fit-*.result"))
    for number, entry in enumerate(kept):
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 1 << (number % 8)
        entry.write_bytes(content)
    log = built.again()
    assert set(computed(log).values()) == {"computed"}
    assert built.err.count("does not have its checksum: dropped, and computed again") == 2
    assert manifest_of(built.out)["outputs"] == before


def test_a_cache_that_cannot_be_used_costs_time_only(built: Built) -> None:
    before = manifest_of(built.out)["outputs"]
    blocked = built.folder / "blocked"
    blocked.write_text("a file")
    (built.out / "index.html").unlink()
    log = built.again(env=dict(os.environ) | {"REANALYSIS_CACHE": str(blocked)})
    assert set(computed(log).values()) == {"computed"}
    assert f"cache {blocked}: " in built.err
    assert "results of this build are not kept" in built.err
    assert manifest_of(built.out)["outputs"] == before


# -- the cache itself --------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return ResultCache(tmp_path / "cache")


def entry_of(cache: ResultCache) -> Path:
    cache.put("fit", "abc", freeze({"value": list(range(50))}))
    (entry,) = cache.folder.iterdir()
    return entry


def test_no_byte_of_an_entry_may_change_unnoticed(cache: ResultCache) -> None:
    entry = entry_of(cache)
    whole = entry.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        entry.write_bytes(damaged)
        assert cache.get("fit", "abc") is None
        assert not entry.exists()
    for length in range(len(whole)):
        entry.write_bytes(whole[:length])
        assert cache.get("fit", "abc") is None
    entry.write_bytes(whole + b"x")
    assert cache.get("fit", "abc") is None
    entry.write_bytes(whole)
    assert cache.get("fit", "abc") == {"value": list(range(50))}


def test_an_entry_of_another_name_is_refused(cache: ResultCache) -> None:
    entry = entry_of(cache)
    entry.rename(entry.with_name("fit-def.result"))
    assert cache.get("fit", "def") is None


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch harmed",)


def test_a_foreign_entry_cannot_run_anything(
    cache: ResultCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cache.put("fit", "abc", pickle.dumps(Harm()))  # with its checksum and all
    assert cache.get("fit", "abc") is None
    for content in (
        pickle.dumps(Harm()),
        b'cbuiltins\neval\n(S\'open("harmed", "w")\'\ntR.',
        b"creanalysis.builds.frozen\npickle.os.system\n(S'touch harmed'\ntR.",
        b"\x80\x04\x8c\x18reanalysis.builds.frozen\x8c\x0bpickle.load\x93.",
        b"creanalysis.builds.workers\nWorkers\n(tR.",
    ):
        with pytest.raises(NotFrozen):
            thaw(content)
    assert not (tmp_path / "harmed").exists()


def test_only_data_is_kept() -> None:
    with pytest.raises(TypeError, match="not data"):
        freeze({"value": lambda: 1})


def test_the_cache_is_bounded_and_the_least_used_go_first(cache: ResultCache) -> None:
    for number in range(10):
        cache.put("fit", f"{number}", freeze(b"x" * 1000))
        os.utime(cache.folder / f"fit-{number}.result", (number, number))
    assert cache.get("fit", "0") is not None  # used now
    cache.prune(limit=3800)
    left = {path.name for path in cache.folder.iterdir()}
    assert left == {"fit-0.result", "fit-8.result", "fit-9.result"}


def test_parts_of_a_killed_build_go_and_young_ones_of_another_build_stay(tmp_path: Path) -> None:
    for shared in (False, True):
        cache = ResultCache(tmp_path / str(shared), shared=shared)
        entry_of(cache)
        for name, age in ((".young.part", 0), (".old.part", 7200)):
            (cache.folder / name).write_text("")
            os.utime(cache.folder / name, (time.time() - age,) * 2)
        cache.prune()
        assert {p.name for p in cache.folder.glob(".*")} == ({".young.part"} if shared else set())


# -- what a task sees and depends on -----------------------------------------------------------------------------------

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


def test_an_endpoint_sees_all_rows_of_an_arm_that_reports_no_denominator() -> None:
    evidence = read_evidence(ANAKINRA)
    latent = next(r for r in evidence.arms if r.n is None and r.modelled and r.use == "primary")
    others = {r.endpoint for r in evidence.arms if (r.study, r.arm) == (latent.study, latent.arm)}
    assert len(others) > 1
    assert others <= {r.endpoint for r in relevant(evidence, latent.endpoint).arms}


def test_an_endpoint_sees_its_own_rows_of_every_table() -> None:
    evidence = read_evidence(ANAKINRA)
    assert {"arms", "contrasts", "benchmarks"} <= set(tables())
    for endpoint in ("icans_any", "infection_g3"):
        part = relevant(evidence, endpoint)
        for name in tables():
            own = [row for row in getattr(evidence, name) if row.endpoint == endpoint]
            kept = [row for row in getattr(part, name) if row.endpoint == endpoint]
            assert sorted(map(repr, (replace(row, line=0) for row in own))) == sorted(
                map(repr, (replace(row, line=0) for row in kept))
            )
    assert relevant(evidence, "infection_g3").contrasts


def test_the_relevant_part_selects_the_same_data() -> None:
    planned = plan(read_evidence(ANAKINRA), Request("quadrature"))
    for endpoint, selection in planned.selections.items():
        part = relevant(planned.evidence, endpoint)
        assert select(part, planned.spec, endpoint).data == selection.data


def test_a_key_tells_evidence_specification_and_seed_apart(tmp_path: Path) -> None:
    evidence = read_evidence(evidence_folders.two_endpoints(tmp_path))
    planned = plan(evidence, Request("quadrature"))
    wide = Distribution.parse("halfnormal(1)")
    others = [
        replace(planned.spec, priors=replace(planned.spec.priors, tau=wide)),
        replace(planned.spec, seed=planned.spec.seed + 1),
        replace(planned.spec, pooling="complete"),
    ]
    plans = [planned, *(replace(planned, spec=spec) for spec in others)]
    tasks = [one for p in plans for e in planned.selections for one in (p.fit(e), p.check(e), p.alternatives(e))]
    tasks.append(replace(planned, request=Request("nuts")).fit("infection"))
    rows = (replace(evidence.arms[0], events=(13, 13)), *evidence.arms[1:])
    tasks.append(replace(planned, evidence=replace(evidence, arms=rows)).alternatives("infection"))
    assert len({task_key(task) for task in tasks}) == len(tasks)
    assert len(set(tasks)) == len(tasks)
    again = plan(read_evidence(tmp_path), Request("quadrature"))
    assert task_key(again.alternatives("death")) == task_key(planned.alternatives("death"))
    assert again.fit("death") == planned.fit("death")


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task[object]]:
    """A task of every kind that a report has, by kind."""
    evidence = read_evidence(evidence_folders.one_endpoint(tmp_path_factory.mktemp("kinds")))
    planned = plan(evidence, Request("nuts"))
    found: dict[str, Task[object]] = {}

    def seen[R](task: Task[R]) -> Callable[[], R]:
        found[task.kind] = task  # type: ignore[assignment]
        if task.kind == "check":
            return lambda: SampledCheck(published_fit(*task.arguments, drawn=True), ())  # type: ignore[return-value]
        if task.kind == "validation":
            return lambda: None  # type: ignore[return-value]
        return without_scrutiny(task)

    analysis = carry_out(planned, seen, tasks=contents.tasks(planned))
    for task in (*published_figures(analysis), *chain_figures(analysis)):
        found[task.function.__name__] = task
    found["documents"] = Task("documents", written_documents, ("", Details(""), {}))
    return found


KINDS = {
    "fit": "engines/quadrature/hierarchy.py",
    "check": "engines/nuts/program.py",
    "sensitivity": "gates/gates.py",
    "model": "engines/quadrature/engine.py",
    "validation": "evidence/reading/folder.py",
    "drawn_endpoint": "figures/forest.py",
    "drawn_chains": "figures/ranks.py",
    "drawn_shared": "figures/coverage.py",
    "documents": "analysis/endpoint.py",
}


def test_every_kind_of_task_has_its_test(every_kind: dict[str, Task[object]]) -> None:
    assert set(KINDS) == set(every_kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_of_its_module_or_of_one_below_is_another_key(
    every_kind: dict[str, Task[object]], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(keys.PACKAGE, tmp_path / "reanalysis", ignore=shutil.ignore_patterns("__pycache__"))
    task = every_kind[kind]

    def key() -> str:
        monkeypatch.setattr(keys, "code_digest", lambda module="": original(module, package))
        return task_key(task)

    original = keys.code_digest.__wrapped__  # not remembered
    own = task.function.__module__.removeprefix("reanalysis.").replace(".", "/") + ".py"
    before = key()
    assert before == key()
    for changed in (own, KINDS[kind], "typing.py"):
        path = package / changed
        content = path.read_bytes()
        path.write_bytes(content + b"#")
        assert key() != before, changed
        path.write_bytes(content)
    assert key() == before
    (package / "cli" / "app.py").write_bytes(b"#")  # nothing that it can run through
    assert key() == before


def test_a_key_depends_on_packages(every_kind: dict[str, Task[object]], monkeypatch: pytest.MonkeyPatch) -> None:
    before = task_key(every_kind["fit"])
    monkeypatch.setattr(keys, "surroundings", lambda: {"packages": {"numpy": "0"}})
    assert task_key(every_kind["fit"]) != before


def test_the_rooms_of_the_keys_are_those_that_import_linter_keeps() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    assert list(keys.ROOMS) == contract["layers"]
    assert "ignore_imports" not in contract
    there = {path.stem for path in keys.PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - set(keys.ROOMS) == {*contract["exhaustive_ignores"], "__init__"}


def test_a_digest_is_of_data_alone() -> None:
    assert of_value({"a": 1.0}, (1, 2)) == of_value({"a": 1.0}, [1, 2])
    assert of_value(1) != of_value("1")
    assert of_value(np.array([1.0])) != of_value(np.array([1]))
    with pytest.raises(TypeError, match="has no digest"):
        of_value(lambda: 1)
    with pytest.raises(TypeError, match="has no digest"):
        of_value(object())


def test_packages_are_those_the_project_needs_and_what_they_need() -> None:
    assert {"numpy", "pymc", "pytensor", "nutpie", "typst", "reanalysis"} <= set(packages())
    assert "ruff" not in packages()


def test_the_log_is_json_lines_with_times_and_says_nothing_of_results(tmp_path: Path) -> None:
    with BuildLog.opened(str(tmp_path / "log")) as log, log.step("one"):
        log.warning("odd")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["begin", "warning", "end"]
    assert lines[-1]["seconds"] >= 0
    assert all(line["time"].endswith("Z") and line["process"] == os.getpid() for line in lines)
