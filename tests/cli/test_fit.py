"""``reanalysis fit`` gives published numbers, and its options change what they say they change."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from cli.command import fit, run
from evidence.folders import ANAKINRA, TWO_STUDIES, folder

VALIDATION = ANAKINRA.parent / "validation"
SUMMARY = {"mean", "sd", "median", "lower", "upper"}


def test_the_json_object_has_every_key_that_is_promised(tmp_path: Path) -> None:
    found = fit(folder(tmp_path, TWO_STUDIES)).json
    assert {
        "endpoint", "model", "pooling", "engine", "studies", "interval", "spec", "estimates", "probabilities",
        "diagnostics", "passed",
    } <= set(found)  # fmt: skip
    assert (found["endpoint"], found["model"], found["pooling"]) == ("x", "contrast", "partial")
    assert (found["engine"], found["studies"], found["interval"]) == ("quadrature", ["A", "B"], 0.95)
    assert found["passed"] is True
    estimates = found["estimates"]
    overall = {"log_odds_ratio", "odds_ratio", "tau", "log_odds_ratio_new", "odds_ratio_new"}
    assert overall | {"study"} <= set(estimates)
    assert all(set(estimates[name]) >= SUMMARY for name in overall)
    assert set(estimates["study"]) == {"A", "B"}
    for study in estimates["study"].values():
        assert set(study) >= {
            "log_odds_ratio", "odds_ratio", "risk_ratio", "risk_difference", "control_rate", "treated_rate",
        }  # fmt: skip
        assert all(set(value) >= SUMMARY for value in study.values())
    assert {"log_odds_ratio_below_0", "log_odds_ratio_new_below_0"} <= set(found["probabilities"])


def test_without_pooling_there_is_no_average_and_no_heterogeneity(tmp_path: Path) -> None:
    found = fit(folder(tmp_path, TWO_STUDIES), "--pooling", "none").json
    estimates = found["estimates"]
    assert [estimates[name] for name in ("log_odds_ratio", "odds_ratio", "tau")] == [None] * 3
    assert found["probabilities"]["log_odds_ratio_below_0"] is None
    assert all(study["log_odds_ratio"] is not None for study in estimates["study"].values())


def test_with_complete_pooling_there_is_no_heterogeneity_and_one_effect(tmp_path: Path) -> None:
    estimates = fit(folder(tmp_path, TWO_STUDIES), "--pooling", "complete").json["estimates"]
    average = estimates["log_odds_ratio"]
    assert estimates["tau"] is None or estimates["tau"]["mean"] == 0
    for study in estimates["study"].values():
        assert numbers(study["log_odds_ratio"]) == pytest.approx(numbers(average), abs=1e-6)


def test_the_defaults_of_a_bare_folder_are_printed(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    found = fit(where).json
    assert found["spec"]["priors"] == {
        "mu": "normal(0,1)",
        "tau": "halfnormal(0.5)",
        "baseline": "normal(0,10)",
    }
    assert found["spec"]["defaults"]["rho"] == {"A": 0, "B": 0}
    text = run("fit", where, "--endpoint", "x", "--engine", "quadrature").out
    for shown in ("mu ~ normal(0,1)", "tau ~ halfnormal(0.5)", "rho: A 0, B 0", "P(log_odds_ratio < 0) = 0."):
        assert shown in text
    assert "benefit" not in text


# ------------------------------------------------------------------ published numbers


def numbers(summary: dict[str, float]) -> list[float]:
    return [summary[name] for name in ("mean", "sd", "lower", "median", "upper")]


def test_the_historical_controls_of_ankylosing_spondylitis_give_the_numbers_of_rbest() -> None:
    """RBesT's introduction article, MAP prior of eight control arms: two renders, and fine quadrature beside them."""
    estimates = fit(VALIDATION / "as", "--model", "rates", endpoint="response").json["estimates"]
    tau, new = numbers(estimates["tau"]), numbers(estimates["rate_new"])
    assert tau == pytest.approx([0.3795, 0.2107, 0.0439, 0.3529, 0.8748], abs=1e-3)
    assert new == pytest.approx([0.2583, 0.0874, 0.1108, 0.2486, 0.4715], abs=1e-3)
    tolerance = np.array([0.01, 0.01, 0.03, 0.03, 0.03])
    for render in ([0.387, 0.215, 0.040, 0.359, 0.897], [0.377, 0.217, 0.041, 0.346, 0.893]):
        assert np.all(np.abs(np.array(tau) - render) <= tolerance)
    for render in ([0.255, 0.0864, 0.106, 0.247, 0.461], [0.258, 0.0842, 0.112, 0.251, 0.459]):
        assert np.all(np.abs(np.array(new) - render) <= tolerance)


def test_a_tighter_prior_of_the_heterogeneity_gives_the_other_numbers_of_rbest() -> None:
    options = ("--model", "rates", "--prior", "tau=halfnormal(0.5)")
    tau = fit(VALIDATION / "as", *options, endpoint="response").json["estimates"]["tau"]
    assert numbers(tau) == pytest.approx([0.3319, 0.176, 0.0349, 0.3162, 0.7276], abs=1e-3)


def test_the_rat_tumours_give_the_numbers_of_bayesian_data_analysis() -> None:
    """BDA3, section 5.3: 71 control groups, prior proportional to (alpha + beta)^(-5/2)."""
    ended = run("fit", VALIDATION / "rats", "--endpoint", "tumour", "--model", "beta-rates", "--format", "json")
    assert (ended.code, ended.json["engine"]) == (0, "quadrature")
    estimates = ended.json["estimates"]
    assert estimates["alpha"]["mean"] == pytest.approx(2.403, abs=2e-3)
    assert estimates["alpha"]["sd"] == pytest.approx(0.911, abs=2e-3)
    assert estimates["beta"]["mean"] == pytest.approx(14.320, abs=1e-2)
    assert estimates["beta"]["sd"] == pytest.approx(5.417, abs=1e-2)
    assert estimates["mean_rate"]["mean"] == pytest.approx(0.14430, abs=5e-5)
    assert estimates["study"]["71"]["rate"]["mean"] == pytest.approx(0.21086, abs=5e-5)


# ------------------------------------------------------------------ options


def estimates_of(where: Path, *options: str) -> dict[str, Any]:
    estimates = fit(where, *options).json["estimates"]
    assert isinstance(estimates, dict)
    return estimates


def test_leaving_a_study_out_equals_a_folder_without_it(tmp_path: Path) -> None:
    three = TWO_STUDIES + "C,control,x,9,30\nC,treated,x,2,31\n"
    left_out = fit(folder(tmp_path / "three", three), "--leave-out", "C").json
    without = fit(folder(tmp_path / "two", TWO_STUDIES)).json
    assert left_out["studies"] == ["A", "B"]
    assert left_out["estimates"] == without["estimates"]
    assert fit(tmp_path / "three").json["estimates"] != without["estimates"]


def test_a_study_may_be_left_out_twice_or_with_another(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    once = fit(where, "--leave-out", "A").json
    assert fit(where, "--leave-out", "A", "--leave-out", "A").json["estimates"] == once["estimates"]
    assert once["spec"]["leave_out"] == ["A"]


def test_rho_widens_every_interval_and_0_is_the_default_without_a_design(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    plain = estimates_of(where)
    assert estimates_of(where, "--rho", "0") == plain
    spread = [estimates_of(where, "--rho", rho)["log_odds_ratio"]["sd"] for rho in ("0", "0.02", "0.1")]
    assert spread == sorted(spread)
    assert spread[0] < spread[2]


def test_rho_of_a_design_is_what_the_option_replaces(tmp_path: Path) -> None:
    historical = folder(
        tmp_path / "a", TWO_STUDIES, toml="".join(f'[studies.{s}]\ndesign = "historical"\n' for s in "AB")
    )
    plain = folder(tmp_path / "b", TWO_STUDIES)
    assert estimates_of(historical) == estimates_of(plain, "--rho", "0.02")
    assert estimates_of(historical, "--rho", "0") == estimates_of(plain)


def test_k_scales_weighted_arms_only(tmp_path: Path) -> None:
    """Half of k is half the patients: the same as half the n."""
    header = "study,arm,endpoint,n,percent,weighting\n"
    rows = "A,control,x,{},8.0,iptw\nA,treated,x,{},22.5,iptw\nB,control,x,20,35,none\nB,treated,x,40,40,none\n"
    whole = folder(tmp_path / "whole", header + rows.format(200, 100))
    half = folder(tmp_path / "half", header + rows.format(100, 50))
    scaled, printed = estimates_of(whole, "--k", "0.5"), estimates_of(half, "--k", "1")
    for name in ("log_odds_ratio", "tau"):
        assert numbers(scaled[name]) == pytest.approx(numbers(printed[name]), abs=1e-9)
    assert estimates_of(whole, "--k", "1") != scaled
    counted = folder(tmp_path / "counted", TWO_STUDIES)
    assert estimates_of(counted, "--k", "0.5") == estimates_of(counted)


def test_a_prior_alone_is_the_posterior_of_a_study_that_says_nothing(tmp_path: Path) -> None:
    """0 or 1 of 1 in both arms: nothing is learnt of mu, which keeps the prior given."""
    text = "study,arm,endpoint,events,n\nA,control,x,0..1,1\nA,treated,x,0..1,1\n"
    found = estimates_of(folder(tmp_path, text), "--prior", "mu=normal(0.3,0.7)", "--prior", "tau=halfnormal(0.2)")
    average = found["log_odds_ratio"]
    assert numbers(average) == pytest.approx(
        [0.3, 0.7, *(norm.ppf(p, 0.3, 0.7) for p in (0.025, 0.5, 0.975))], abs=1e-6
    )
    assert found["tau"]["mean"] == pytest.approx(0.2 * math.sqrt(2 / math.pi), abs=1e-6)


def test_priors_of_the_settings_are_what_the_option_replaces(tmp_path: Path) -> None:
    named = folder(tmp_path / "a", TWO_STUDIES, toml='[priors]\nmu = "normal(0, 0.355)"\n')
    plain = folder(tmp_path / "b", TWO_STUDIES)
    assert estimates_of(named) == estimates_of(plain, "--prior", "mu=normal(0,0.355)")
    assert estimates_of(named, "--prior", " mu = normal( 0 , 1 ) ") == estimates_of(plain)


def test_the_seed_moves_no_number_of_the_quadrature(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    assert estimates_of(where, "--seed", "1") == estimates_of(where, "--seed", "2")
    assert fit(where, "--seed", "2").json["spec"]["seed"] == 2


def test_rates_models_take_the_arm_asked_for() -> None:
    control, treated = (
        fit(ANAKINRA, "--model", "rates", "--arm", arm, endpoint="icans_any").json for arm in ("control", "treated")
    )
    assert control["spec"]["arm"] == "control"
    assert control["estimates"] != treated["estimates"]


# ------------------------------------------------------------------ the saved posterior


def test_a_saved_posterior_opens_with_arviz_and_xarray(tmp_path: Path) -> None:
    import arviz
    import xarray

    where, out = folder(tmp_path / "data", TWO_STUDIES), tmp_path / "posterior.nc"
    printed = fit(where, "--out", out).json
    for tree in (arviz.from_netcdf(out), xarray.open_datatree(out)):
        assert {"posterior", "prior", "posterior_predictive", "log_likelihood", "observed_data"} <= set(tree.children)
        average = tree["posterior"]["log_odds_ratio"]
        spread = printed["estimates"]["log_odds_ratio"]["sd"] / math.sqrt(average.size)
        assert float(average.mean()) == pytest.approx(printed["estimates"]["log_odds_ratio"]["mean"], abs=5 * spread)
        tree.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "posterior.nc"]


def test_a_saved_posterior_replaces_the_last_one(tmp_path: Path) -> None:
    where, out = folder(tmp_path / "data", TWO_STUDIES), tmp_path / "posterior.nc"
    out.write_text("an older one")
    assert fit(where, "--out", out).code == 0
    assert out.stat().st_size > 10_000


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_posterior_that_cannot_be_saved_is_one_error(tmp_path: Path) -> None:
    where = folder(tmp_path / "data", TWO_STUDIES)
    (tmp_path / "closed").mkdir(mode=0o500)
    ended = fit(where, "--out", tmp_path / "closed" / "a.nc")
    assert (ended.code, len(ended.errors)) == (1, 1)
