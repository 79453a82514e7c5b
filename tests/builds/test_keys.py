"""What a task sees and depends on: its key tells evidence, specification, seed, code and packages apart."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builds import evidence_folders
from readme.answer import without_scrutiny
from reanalysis.analysis.analysis import carry_out
from reanalysis.analysis.plan import plan
from reanalysis.analysis.relevant import relevant, tables
from reanalysis.analysis.request import Request
from reanalysis.analysis.saved_draws import draws_file
from reanalysis.analysis.task import Task
from reanalysis.builds import keys
from reanalysis.builds.keys import task_key
from reanalysis.digests import of_value
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.kept_fit import SampledCheck, published_fit
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.reporting import contents
from reanalysis.reporting.artefacts import chain_figures, found_figures, published_figures, written_documents
from reanalysis.reporting.details import Details
from reanalysis.versions import packages


def test_an_endpoint_sees_all_rows_of_an_arm_that_reports_no_denominator(evidence: Evidence) -> None:
    latent = next(r for r in evidence.arms if r.n is None and r.modelled and r.use == "primary")
    others = {r.endpoint for r in evidence.arms if (r.study, r.arm) == (latent.study, latent.arm)}
    assert len(others) > 1
    assert others <= {r.endpoint for r in relevant(evidence, latent.endpoint).arms}


def test_an_endpoint_sees_its_own_rows_of_every_table(evidence: Evidence) -> None:
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


def test_the_relevant_part_selects_the_same_data(evidence: Evidence) -> None:
    planned = plan(evidence, Request("quadrature"))
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
    where = evidence_folders.one_endpoint(tmp_path_factory.mktemp("kinds"))
    (where / "analysis.toml").write_text('[weights.infection]\nweight = 1\nreason = "the unit"\n', encoding="utf-8")
    planned = plan(read_evidence(where), Request("nuts"))
    found: dict[str, Task[object]] = {}

    def seen[R](task: Task[R]) -> Callable[[], R]:
        found[task.kind] = task  # type: ignore[assignment]
        if task.kind == "check":
            return lambda: SampledCheck(published_fit(*task.arguments, drawn=True), ())  # type: ignore[return-value]
        if task.kind == "validation":
            return lambda: None  # type: ignore[return-value]
        return without_scrutiny(task)

    analysis = carry_out(planned, seen, tasks=contents.tasks(planned))
    for task in (*published_figures(analysis), *chain_figures(analysis), found_figures(analysis)):
        found[task.function.__name__] = task
    found["draws"] = Task("draws", draws_file, (analysis.endpoints[0].fit.kept, 0))
    found["documents"] = Task("documents", written_documents, ("", Details(""), {}))
    return found


KINDS = {
    "fit": "engines/quadrature/hierarchy.py",
    "check": "engines/nuts/program.py",
    "sensitivity": "gates/gates.py",
    "model": "engines/quadrature/engine.py",
    "validation": "evidence/reading/folder.py",
    "trial": "decisions/logit_pairs.py",
    "weighing": "decisions/weighted_sum.py",
    "confounding": "alternatives/tipping.py",
    "draw_found": "figures/next_trial.py",
    "draw_endpoint": "figures/forest.py",
    "draw_chains": "figures/ranks.py",
    "draw_shared": "figures/coverage.py",
    "draws": "engines/tree.py",
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
