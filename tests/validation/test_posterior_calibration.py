"""The posterior of this evidence is calibrated: truths from it, the same arms reported again, refitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from reanalysis.engines.fit import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.validation.calibration.again import reported_again, todays
from reanalysis.validation.calibration.artefact import load
from reanalysis.validation.calibration.designs import POSTERIOR
from reanalysis.validation.calibration.replicate import Job, ranked
from reanalysis.validation.calibration.run import calibrate, today_as_dict
from reanalysis.validation.calibration.simulate import Truth, stream_of


@pytest.fixture(scope="module")
def today(evidence: Evidence, spec: ModelSpec) -> ModelData:
    found = todays(evidence, spec)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def replicates(today: ModelData, spec: ModelSpec) -> list[tuple[Truth, ModelData]]:
    return [reported_again(stream_of(POSTERIOR, i, 77), spec, today) for i in range(200)]


def test_the_endpoint_that_all_three_cohorts_report_is_the_one(today: ModelData) -> None:
    assert (today.endpoint, today.names) == ("icans_any", ("iptw", "phase1", "phase2"))


def test_two_counts_without_rho_are_one_count_of_all_patients(spec: ModelSpec) -> None:
    count = Candidates.count
    other = StudyData("b", count(3, 9), count(4, 9), 0.0)
    apart = StudyData("a", replace(count(5, 20), again=count(3, 10)), replace(count(2, 20), again=count(4, 15)), 0.0)
    both = StudyData("a", count(8, 30), count(6, 35), 0.0)
    one, two = (fit(spec, ModelData("e", (study, other))) for study in (apart, both))
    for name in ("log_odds_ratio", "tau"):
        assert one.overall[name].mean() == pytest.approx(two.overall[name].mean(), abs=1e-9)
    assert one.study["a"]["control_logit"].sd() == pytest.approx(two.study["a"]["control_logit"].sd(), rel=1e-9)


def test_two_reports_are_independent_given_the_rate_whatever_rho() -> None:
    first, second = Candidates((3.0, 4.0), (20.0, 20.0), (1.0, 1.0)), Candidates.count(7, 15)
    logits = np.linspace(-5.0, 5.0, 11)
    for rho in (0.0, 0.02, 0.3):
        parts = log_likelihood(first, logits, rho) + log_likelihood(second, logits, rho)
        assert np.allclose(log_likelihood(replace(first, again=second), logits, rho), parts, rtol=1e-14)


def test_a_second_report_ends_the_silence_of_the_first() -> None:
    none = Candidates.count(0, 10)
    silent = StudyData("a", none, none, 0.0)
    assert silent.silence is not None
    assert replace(silent, treated=replace(none, again=Candidates.count(1, 10))).silence is None


def test_truths_are_of_the_posterior_of_today(
    today: ModelData, spec: ModelSpec, replicates: list[tuple[Truth, ModelData]]
) -> None:
    """Drawn by rejection, without an engine: that the engine agrees is a test of both."""
    posterior = fit(spec, today)
    known = {
        "log_odds_ratio": [truth.mu for truth, _ in replicates],
        "tau": [truth.tau for truth, _ in replicates],
        "log_odds_ratio_new": [truth.new for truth, _ in replicates],
    }
    for name, values in known.items():
        assert kstest(posterior.overall[name].cdf(np.array(values)), "uniform").pvalue > 1e-3
    for study in today.names:
        for arm, name in enumerate(("control_logit", "treated_logit")):
            values = np.array([truth.logits[study][arm] for truth, _ in replicates])
            assert kstest(posterior.study[study][name].cdf(values), "uniform").pvalue > 1e-3


def test_a_replicate_keeps_what_was_reported_and_adds_a_report_of_the_same_kind(
    today: ModelData, replicates: list[tuple[Truth, ModelData]]
) -> None:
    for _, data in replicates[:40]:
        for before, after in zip(today.studies, data.studies, strict=True):
            for arm in ("control", "treated"):
                first, both = before.observed(arm), after.observed(arm)
                assert first is not None
                assert both is not None
                assert both.again is not None
                assert replace(both, again=None) == first
                sizes = {int(n + 0.5) for n in first.n}
                assert {*both.again.n} <= sizes
                assert (len(both.again) == 1) or len(sizes) > 1
                assert all(x == int(x) for x in both.again.events)


def test_sizes_that_a_print_leaves_open_are_drawn_anew(replicates: list[tuple[Truth, ModelData]]) -> None:
    """Of the matched cohort's denominators 20 has six tenths of the weight."""
    seconds = [data.studies[1].control.again for _, data in replicates]  # type: ignore[union-attr]
    weighed = [second.weight[second.n.index(20.0)] for second in seconds if second and 20.0 in second.n]
    assert set(weighed) == {0.6}
    assert any(len(set(second.n)) > 1 for second in seconds if second)


def test_ranks_of_a_few_replicates_are_uniform_and_of_a_wrong_prior_are_not(
    evidence: Evidence, spec: ModelSpec, today: ModelData
) -> None:
    """A posterior that forgets what was reported first is no posterior of both."""
    tasks = [(POSTERIOR, i) for i in range(60)]

    class Forgets(Job):
        def _posterior(self, spec: ModelSpec, data: ModelData) -> object:  # type: ignore[override]
            arms = ("control", "treated")
            own = tuple(replace(s, **{arm: getattr(s, arm).again for arm in arms}) for s in data.studies)
            return super()._posterior(spec, replace(data, studies=own))

    right, wrong = (
        make(evidence, spec, "quadrature", 5, ("average", "risk difference"), today)(tasks) for make in (Job, Forgets)
    )
    for name in ("average", "risk difference"):
        assert kstest([float(rank[name]) for rank in right], "uniform").pvalue > 1e-3
    assert kstest([float(rank["risk difference"]) for rank in wrong], "uniform").pvalue < 1e-3


def test_a_folder_without_two_cohorts_of_one_endpoint_has_no_such_design(evidence: Evidence) -> None:
    alone = replace(evidence, arms=tuple(row for row in evidence.arms if row.study == "phase1"))
    found = calibrate(alone, engines=("quadrature",), replicates=100, designs=(POSTERIOR, "one study"))
    assert set(found.verdict["design"]) == {"one study"}
    assert found.settings["again"] is None


def test_the_stored_calibration_is_of_this_evidence(today: ModelData) -> None:
    found = load()
    assert found is not None
    assert found.settings["again"] == today_as_dict(today)


@pytest.mark.slow
@pytest.mark.xdist_group("nuts")
def test_draws_and_grids_rank_the_same_truth_alike(evidence: Evidence, spec: ModelSpec, today: ModelData) -> None:
    tasks = [(POSTERIOR, i) for i in range(4)]
    exact, drawn = (Job(evidence, spec, engine, 3, today=today)(tasks) for engine in ("quadrature", "nuts"))
    names = ranked(POSTERIOR)
    difference = np.array([[float(d[q]) - float(e[q]) for q in names] for d, e in zip(drawn, exact, strict=True)])
    assert np.abs(difference).max() < 0.15
