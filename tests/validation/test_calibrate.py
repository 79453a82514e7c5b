"""Engines that are right pass, one that is wrong does not, and a run can be stopped and checked later."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import run as run_command
from reanalysis.engines.batches import local_processes
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import ENGINES
from reanalysis.model.spec import ModelSpec
from reanalysis.validation.calibration import artefact, replicate, source
from reanalysis.validation.calibration.artefact import RANKS, SUMMARY, check_calibration, load, save
from reanalysis.validation.calibration.designs import DESIGNS
from reanalysis.validation.calibration.replicate import EFFECTS, QUANTITIES, Job, ranked
from reanalysis.validation.calibration.run import Calibration, calibrate
from reanalysis.validation.calibration.simulate import simulate
from reanalysis.validation.calibration.source import meaning
from reanalysis.validation.calibration.verdict import judge

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="module")
def small(evidence: Evidence) -> Calibration:
    return calibrate(evidence, engines=("quadrature",), replicates=60, designs=("one study",))


def test_quadrature_is_calibrated_in_a_small_run(small: Calibration) -> None:
    assert small.passed
    assert set(small.verdict["quantity"]) == set(ranked("one study")) == set(QUANTITIES) - {"slope"}
    assert (small.verdict["failures"] == 0).all()
    assert small.settings["checks"] == 4 * 5


def test_every_rank_lies_between_0_and_1(small: Calibration) -> None:
    ranks = small.ranks[list(ranked("one study"))].to_numpy()
    assert ((ranks > 0) & (ranks < 1)).all()


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_wrong_prior_falls_outside(evidence: Evidence, spec: ModelSpec, scale: float) -> None:
    """Replicates of one prior ranked in posteriors of another."""
    wrong = replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (0.0, scale * spec.priors.mu.sd))))

    class Wrong(Job):
        def _posterior(self, spec: ModelSpec, data: object) -> object:
            return super()._posterior(replace(wrong, seed=spec.seed), data)  # type: ignore[arg-type]

    tasks = [("one study", i) for i in range(300)]
    ranks = Wrong(evidence, spec, "quadrature", 1, ("average", "risk difference"))(tasks)
    table = pd.DataFrame(ranks).assign(engine="quadrature", design="one study", replicate=range(300))
    assert not judge(table).set_index("quantity").loc["average", "inside"]


def test_a_prior_of_control_risks_that_decides_effects_falls_outside(evidence: Evidence, spec: ModelSpec) -> None:
    """Normal(0, 1.5) on the control logit, once the default: in rare events its average lies below the truth."""
    once = replace(spec, anchor="control", priors=replace(spec.priors, baseline=Distribution("normal", (0.0, 1.5))))
    tasks = [("ten rare", i) for i in range(60)]
    for now, inside in ((spec, True), (once, False)):
        ranks = Job(evidence, now, "quadrature", 5, ("average", "risk difference"))(tasks)
        table = pd.DataFrame(ranks).assign(engine="quadrature", design="ten rare", replicate=range(60))
        found = judge(table).set_index("quantity")
        assert list(found.index) == [
            "average"
        ]  # what depends on a baseline is not asked where the prior is not its law
        assert found.loc["average", "inside"] == inside


def test_a_calibration_of_rare_events_ranks_effects_and_says_what_was_fitted_to_what(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ranks(self: Job, design: str, replicate: int) -> dict[str, float]:
        rng = np.random.default_rng([self.seed, replicate])
        return {q: float(rng.uniform()) for q in self.quantities if q in ranked(design)}

    monkeypatch.setattr(Job, "ranks", ranks)
    found = calibrate(evidence, replicates=500, designs=("one study", "forty rare"))
    counts = found.verdict.groupby(["engine", "design"])["replicates"].first()
    assert counts["quadrature", "forty rare"] == counts["nuts", "one study"] == 500
    assert counts["nuts", "forty rare"] == 100
    assert found.settings["checks"] == 2 * 4 * (len(ranked("one study")) + len(EFFECTS))
    assert found.settings["baselines"] == {
        "one study": "normal(0,10)",
        "forty rare": "normal(-5,0.6), fitted with normal(0,10)",
    }
    assert found.passed


def test_a_rank_does_not_depend_on_who_computes_it(evidence: Evidence, small: Calibration, tmp_path: Path) -> None:
    with local_processes(2) as executor:
        again = calibrate(
            evidence,
            engines=("quadrature",),
            replicates=60,
            designs=("one study",),
            executor=executor,
            store=tmp_path,
        )
    pd.testing.assert_frame_equal(again.ranks, small.ranks, check_exact=True)


def test_a_stopped_run_goes_on_from_its_batches(
    evidence: Evidence, small: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {"engines": ("quadrature",), "replicates": 60, "designs": ("one study",)}
    seen: list[tuple[str, int]] = []
    original = Job.ranks

    def stops(self: Job, design: str, replicate: int) -> object:
        if len(seen) == 40:
            raise KeyboardInterrupt
        seen.append((design, replicate))
        return original(self, design, replicate)

    monkeypatch.setattr(Job, "ranks", stops)
    with pytest.raises(KeyboardInterrupt):
        calibrate(evidence, store=tmp_path, **arguments)  # type: ignore[arg-type]
    first = len(seen)
    seen.clear()
    again = calibrate(evidence, store=tmp_path, **arguments)  # type: ignore[arg-type]
    assert len(seen) == 60 - first
    pd.testing.assert_frame_equal(again.ranks, small.ranks, check_exact=True)


def test_what_falls_outside_is_rerun_with_other_seeds_and_stays_reported(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Job] = []

    def ranks(self: Job, design: str, replicate: int) -> dict[str, float]:
        asked.append(self)
        u = float(np.random.default_rng([self.seed, replicate]).uniform())
        first = len({job.seed for job in asked}) == 1
        return {q: u**2 if first and q == "average" else u for q in self.quantities}

    monkeypatch.setattr(Job, "ranks", ranks)
    found = calibrate(evidence, engines=("quadrature",), replicates=200, designs=("one study",))
    assert list(found.verdict.loc[~found.verdict["inside"], "quantity"]) == ["average"]
    assert list(found.reruns["quantity"]) == ["average"]
    assert found.reruns["replicates"].tolist() == [2000]
    assert len({job.seed for job in asked}) == 2
    assert found.passed


def test_what_is_outside_twice_fails(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    def ranks(self: Job, design: str, replicate: int) -> dict[str, float]:
        u = float(np.random.default_rng([self.seed, replicate]).uniform())
        return {q: u**2 if q == "average" else u for q in self.quantities}

    monkeypatch.setattr(Job, "ranks", ranks)
    assert not calibrate(evidence, engines=("quadrature",), replicates=200, designs=("one study",)).passed


def test_a_replicate_without_a_posterior_fails_the_calibration(small: Calibration) -> None:
    failed = replace(small, verdict=small.verdict.assign(failures=1))
    assert small.passed
    assert not failed.passed


@pytest.mark.slow
@pytest.mark.xdist_group("nuts")
def test_draws_and_grids_rank_the_same_truth_alike(evidence: Evidence, spec: ModelSpec) -> None:
    tasks = [(design, i) for design in ("one study", "three studies") for i in range(3)]
    exact = Job(evidence, spec, "quadrature", 3)(tasks)
    drawn = Job(evidence, spec, "nuts", 3)(tasks)
    difference = np.array([[float(d[q]) - float(e[q]) for q in QUANTITIES] for d, e in zip(drawn, exact, strict=True)])
    assert np.abs(difference).max() < 0.15
    assert np.sqrt((difference**2).mean()) < 0.05


# ---------------------------------------------------------------- the stored artefact


def test_the_stored_calibration_is_of_this_code_and_inside_its_bands() -> None:
    found = check_calibration()
    assert found.passed, found.text


def test_the_stored_calibration_is_whole() -> None:
    found = load()
    assert found is not None
    assert found.settings["replicates"] >= 1000  # type: ignore[operator]
    assert set(found.verdict["engine"]) == {"quadrature", "nuts"}
    assert list(dict.fromkeys(found.verdict["design"])) == list(DESIGNS)
    for (engine, design), rows in found.verdict.groupby(["engine", "design"]):
        assert tuple(rows["quantity"]) == ranked(design)
        assert set(rows["replicates"]) == {DESIGNS[design].count(engine, int(found.settings["replicates"]))}  # type: ignore[call-overload]
    again = judge(found.ranks, int(found.settings["checks"]))  # type: ignore[call-overload]
    assert again["inside"].tolist() == found.verdict["inside"].tolist()


def test_a_saved_calibration_comes_back_and_passes_the_gate(small: Calibration, tmp_path: Path) -> None:
    save(small, tmp_path / "new")
    found = load(tmp_path / "new")
    assert found is not None
    pd.testing.assert_frame_equal(found.verdict, small.verdict, check_dtype=False)
    assert found.settings == small.settings
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted([RANKS, SUMMARY])
    result = check_calibration(tmp_path / "new")
    assert result.passed
    assert "0 outside" in result.text


def test_a_calibration_of_other_code_fails_the_gate(
    small: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(small, tmp_path)
    monkeypatch.setattr(artefact, "source_digest", lambda engine: "other")
    result = check_calibration(tmp_path)
    assert result.failed
    assert "changed" in result.text


def test_no_calibration_fails_the_gate(tmp_path: Path) -> None:
    assert check_calibration(tmp_path).failed


def test_comments_docstrings_and_layout_are_no_change_of_code() -> None:
    code = 'def f(x):\n    """Say."""\n    # why\n    return x + 1\n'
    same = 'def f(x):\n\n        """Say more,\n        at length."""\n        return x + 1  # because\n'
    assert meaning(code) == meaning(same)
    for other in (code.replace("1", "2"), code.replace("+", "-"), code.replace("return x + 1", "return 'x'")):
        assert meaning(code) != meaning(other)


def test_a_string_that_is_a_value_is_code() -> None:
    assert meaning('x = "a"\n') != meaning('x = "b"\n')
    assert meaning('f(\n    "a"\n)\n') != meaning('f(\n    "b"\n)\n')


def test_indentation_that_changes_the_meaning_is_a_change() -> None:
    one = "for i in x:\n    a()\nb()\n"
    other = "for i in x:\n    a()\n    b()\n"
    assert meaning(one) != meaning(other)


def copied(package: Path, where: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as the digest sees it, to be changed."""
    made = where / "reanalysis"
    shutil.copytree(package, made, ignore=shutil.ignore_patterns("__pycache__", "*.parquet"))
    monkeypatch.setattr(source, "_PACKAGE", made)
    return made


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy of the package and its digests."""
    with pytest.MonkeyPatch.context() as here:
        made = copied(source._PACKAGE, tmp_path_factory.mktemp("package"), here)
        return made, {engine: source.source_digest.__wrapped__(engine) for engine in ENGINES}


@pytest.mark.parametrize(
    ("file", "engines"),
    [
        ("engines/quadrature/engine.py", {"quadrature"}),
        ("engines/nuts/engine.py", {"nuts"}),
        ("engines/draws.py", {"quadrature", "nuts"}),
        ("model/likelihood.py", {"quadrature", "nuts"}),
        ("evidence/candidates/candidates.py", {"quadrature", "nuts"}),
        ("evidence/candidates/possible.py", {"quadrature", "nuts"}),
        ("validation/calibration/simulate.py", {"quadrature", "nuts"}),
        ("evidence/reading/folder.py", set()),
        ("engines/batches.py", {"nuts"}),  # the sampler asks it for the number of processors
        ("model/baselines.py", set()),
        ("estimands/table.py", set()),
    ],
)
def test_a_change_invalidates_the_engines_whose_ranks_it_bears_on_and_no_other(
    file: str, engines: set[str], package: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, before = package
    monkeypatch.setattr(source, "_PACKAGE", made)
    changed = made / file
    original = changed.read_text(encoding="utf-8")
    changed.write_text(original + "\nCHANGED = 1\n", encoding="utf-8")
    source._syntax.cache_clear()
    source.imported.cache_clear()
    assert {engine for engine in ENGINES if source.source_digest.__wrapped__(engine) != before[engine]} == engines
    changed.write_text(original, encoding="utf-8")
    source._syntax.cache_clear()
    source.imported.cache_clear()


def test_a_module_that_a_calibrated_one_begins_to_import_is_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = copied(source._PACKAGE, tmp_path, monkeypatch)
    (made / "model" / "novel.py").write_text("SHIFT = 0.1\n", encoding="utf-8")
    assert "model/novel.py" not in source.calibrated_files("quadrature")
    likelihood = made / "model" / "likelihood.py"
    hidden = "\n\ndef _late():\n    from reanalysis.model.novel import SHIFT\n\n    return SHIFT\n"
    likelihood.write_text(likelihood.read_text(encoding="utf-8") + hidden, encoding="utf-8")
    source._syntax.cache_clear()
    source.imported.cache_clear()
    assert "model/novel.py" in source.calibrated_files("quadrature")


def test_what_is_left_out_of_the_digest_is_there_to_be_left_out() -> None:
    for names in source._NO_RANK.values():
        assert all((source._PACKAGE / name).is_file() for name in names)


def test_the_lock_of_a_compilation_lies_in_the_cache_that_it_guards(
    evidence: Evidence, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not under one name for all users of a machine, of whom the first would keep the others out."""
    (tmp_path / "reanalysis-compile.lock").mkdir()  # what nobody can open
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(replicate, "_COMPILED", set())
    fitted: list[object] = []
    monkeypatch.setattr(replicate, "fit", lambda *arguments: fitted.append(arguments))
    _, data = simulate(evidence, spec, "one study", 0, 1)
    replicate._compile_one_at_a_time(spec, data)
    assert len(fitted) == 1


# ---------------------------------------------------------------- command line


def test_the_command_saves_prints_and_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(calibrate.__kwdefaults__, "designs", ("one study",))  # type: ignore[arg-type]
    arguments = ("--engine", "quadrature", "--replicates", 100, "--workers", 1, "--out", tmp_path / "c")
    ended = run_command("calibrate", ANAKINRA, *arguments, "--format", "json")
    assert ended.code == 0, ended.err
    assert ended.json["passed"]
    assert (tmp_path / "c" / SUMMARY).exists()
    shown = run_command("calibrate", ANAKINRA, *arguments)  # all batches are there already
    assert "bands hold all 20 checks" in shown.out


@pytest.mark.parametrize(
    "wrong",
    [("--replicates", 3), ("--engine", "stan"), ("--workers", 0), ("--seed", -1), ("--format", "xml")],
)
def test_wrong_options_are_one_error_each(tmp_path: Path, wrong: tuple[object, ...]) -> None:
    ended = run_command("calibrate", ANAKINRA, "--out", tmp_path / "none", *wrong)
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert not (tmp_path / "none").exists()
