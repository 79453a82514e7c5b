"""Every model of the family becomes another, or none, at the ends of its settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from cli.command import fit as fit_command
from engines.builders import ICANS, data, spec, study, two_arms
from evidence.folders import ANAKINRA, folder
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.engine import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import Benchmark
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.selection import default_spec, select

ROWS = ((6, 20, 4, 21), (9, 30, 16, 31), (2, 15, 3, 14))


def numbers(posterior: Posterior) -> list[float]:
    """Every mean, SD and interval of a posterior."""
    marginals = [*posterior.overall.values(), *(m for one in posterior.study.values() for m in one.values())]
    return [x for m in marginals for x in (m.mean(), m.sd(), *m.quantile([0.025, 0.5, 0.975]))]


def same(one: Posterior, other: Posterior, tolerance: float = 1e-9) -> None:
    assert one.study.keys() == other.study.keys()
    assert numbers(one) == pytest.approx(numbers(other), abs=tolerance)


def test_rho_of_zero_is_the_binomial() -> None:
    logit = np.linspace(-6, 6, 25)
    for x, n in ((0, 20), (7, 20), (20, 20)):
        found = log_likelihood(Candidates.count(x, n), logit, 0.0)
        assert found == pytest.approx(stats.binom.logpmf(x, n, expit(logit)), abs=1e-10)


def test_one_candidate_is_a_count() -> None:
    """Also when its weight is split over copies of it."""
    split = Candidates((6, 6), (20, 20), (0.3, 0.7))
    rows = two_arms(ROWS, 0.02).studies
    same(fit(spec(), data(*rows)), fit(spec(), data(replace(rows[0], control=split), *rows[1:])), 1e-8)


def test_an_exchangeable_study_for_certain_is_that_of_contrast() -> None:
    same(fit(spec("exnex", settings=(("w", 1.0),)), ICANS), fit(spec(), ICANS))


def test_a_study_that_stands_alone_for_certain_shares_nothing() -> None:
    alone = fit(spec("exnex", settings=(("w", 0.0),)), ICANS)
    separate = fit(spec(mu="normal(0,1.5)", pooling="none"), ICANS)
    for s in ICANS.names:
        for name, marginal in separate.study[s].items():
            assert alone.study[s][name].mean() == pytest.approx(marginal.mean(), abs=1e-6)
            assert alone.study[s][name].sd() == pytest.approx(marginal.sd(), rel=1e-6)
    # nothing is learnt of the average and the heterogeneity
    assert (alone.overall["log_odds_ratio"].mean(), alone.overall["log_odds_ratio"].sd()) == pytest.approx(
        (0, 1), abs=1e-5
    )
    assert alone.overall["tau"].mean() == pytest.approx(0.5 * np.sqrt(2 / np.pi), abs=1e-5)


def test_the_weight_of_exchangeability_moves_a_study_continuously() -> None:
    means = [
        fit(spec("exnex", settings=(("w", w),)), ICANS).study["iptw"]["log_odds_ratio"].mean()
        for w in (1 - 1e-9, 0.75, 0.5, 0.25, 1e-9)
    ]
    ends = [fit(spec("exnex", settings=(("w", w),)), ICANS).study["iptw"]["log_odds_ratio"].mean() for w in (1, 0)]
    assert [means[0], means[-1]] == pytest.approx(ends, abs=1e-6)
    assert means == sorted(means)


def test_no_bias_is_contrast_without_rho() -> None:
    evidence = two_arms(ROWS)
    same(fit(spec("bias"), evidence), fit(spec(), evidence))


def test_a_small_bias_changes_little_and_a_large_one_leaves_the_prior() -> None:
    """Nearly: what a control arm prints says a little of the mean of both logits, and so of the effect."""

    def average(b: float) -> tuple[float, float]:
        studies = (replace(s, bias=b) for s in two_arms(ROWS).studies)
        found = fit(spec("bias"), data(*studies)).overall["log_odds_ratio"]
        return found.mean(), found.sd()

    none, little, much = average(0.0), average(0.01), average(10.0)
    assert little == pytest.approx(none, abs=1e-3)
    assert much == pytest.approx((0, 1), abs=0.03)


def test_a_benchmark_of_no_weight_is_the_vague_baseline() -> None:
    mark = Benchmark(Candidates.count(94, 101), 0.05, 0.0)
    alone = study("d", None, (13, 20), 0.02)
    rows = two_arms(ROWS, 0.02).studies
    same(
        fit(spec("all-cohort"), data(*rows, replace(alone, benchmark=mark))),
        fit(spec(), data(*rows, alone)),
        1e-8,
    )


def test_a_benchmark_of_full_weight_is_a_control_arm() -> None:
    """With one rho for both arms the two descriptions are the same model."""
    mark = Benchmark(Candidates.count(47, 101), 0.05, 1.0)
    rows = two_arms(ROWS, 0.05).studies
    filled = fit(spec("all-cohort"), data(*rows, replace(study("d", None, (13, 20), 0.05), benchmark=mark)))
    same(filled, fit(spec(), data(*rows, study("d", (47, 101), (13, 20), 0.05))), 1e-6)
    assert filled.data.comparative == ("s00", "s01", "s02")


def test_complete_pooling_is_the_limit_of_vanishing_heterogeneity() -> None:
    pooled, tight = fit(spec(pooling="complete"), ICANS), fit(spec(tau="halfnormal(0.0001)"), ICANS)
    for one, other in ((pooled.overall, tight.overall), *((pooled.study[s], tight.study[s]) for s in ICANS.names)):
        assert one["log_odds_ratio"].mean() == pytest.approx(other["log_odds_ratio"].mean(), abs=1e-5)
        assert one["log_odds_ratio"].sd() == pytest.approx(other["log_odds_ratio"].sd(), rel=1e-5)


def test_k_near_zero_is_leaving_the_weighted_study_out() -> None:
    """Very near: at rates as low as a vague baseline allows, a millionth of an event still counts if rho is above 0."""

    def average(*options: str) -> list[float]:
        found = fit_command(ANAKINRA, *options, endpoint="icans_any").json["estimates"]
        return [found[name][x] for name in ("log_odds_ratio", "tau") for x in ("mean", "sd", "lower", "upper")]

    assert average("--k", "1e-30") == pytest.approx(average("--leave-out", "iptw"), abs=1e-5)
    assert fit_command(ANAKINRA, "--k", "0", endpoint="icans_any").code == 2


def test_k_of_one_with_whole_products_is_the_unweighted_count(tmp_path: Path) -> None:
    columns = "study,arm,endpoint,events,n,percent,weighting"
    weighted = folder(tmp_path / "weighted", f"{columns}\nA,control,x,,50,24.0,iptw\nA,treated,x,,25,60.0,iptw\n")
    counted = folder(tmp_path / "counted", f"{columns}\nA,control,x,12,50,,\nA,treated,x,15,25,,\n")
    found = fit_command(weighted, "--k", "1").json["estimates"]
    expected = fit_command(counted).json["estimates"]
    for name in ("log_odds_ratio", "tau", "log_odds_ratio_new"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9)


@pytest.mark.parametrize(
    ("endpoint", "comparative", "filled"),
    [
        ("icans_any", {"phase1", "phase2", "iptw"}, set()),
        ("cr", {"phase2", "iptw"}, {"phase1"}),
        ("crs_any", {"phase2"}, {"phase1"}),
        ("infection_g3", {"iptw"}, {"phase2"}),
    ],
)
def test_all_cohort_fills_the_anakinra_cohorts(endpoint: str, comparative: set[str], filled: set[str]) -> None:
    evidence = read_evidence(ANAKINRA)
    found = select(evidence, default_spec(evidence, "all-cohort"), endpoint).data
    assert set(found.names) == comparative | filled
    assert set(found.comparative) == comparative
    assert {s.study for s in found.studies if s.benchmark} == filled
    assert all(s.benchmark.rho == 0.05 and s.benchmark.share == 0.5 for s in found.studies if s.benchmark)
