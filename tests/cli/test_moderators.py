"""``--moderator``: published numbers, parts of treated arms, who is left out, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reanalysis as ra
from cli.command import fit, run
from evidence.folders import ANAKINRA, cells, folder

BCG = ANAKINRA.parent / "validation" / "bcg"
FLAT = ("--prior", "moderator=normal(0,100)")

ARMS = [
    "A control x 12 20", "A treated x 17 25", cells("A treated x 8 15", subgroup="low", use="context", reason="shown"),
    cells("A treated x 9 10", subgroup="high", use="context", reason="shown"),
    "B control x 10 30", "B treated x 6 28", "C control x 20 40", "C treated x 22 35",
]  # fmt: skip
DOSE = """
[moderators.dose]
label = "Dose"
levels = { low = 0, high = 1 }
[studies.B.covariates]
dose = 0
"""


@pytest.fixture(scope="module")
def latitude() -> dict[str, Any]:
    """BCG by latitude, as a command says it."""
    at = ("--at", "latitude=33.46154")
    return fit(BCG, "--moderator", "latitude", *FLAT, *at, endpoint="tuberculosis").json


def test_latitude_explains_bcg_as_published(latitude: dict[str, Any]) -> None:
    """Means and SDs as the article of multinma prints them."""
    estimates = latitude["estimates"]
    printed = {
        "beta": (estimates["moderators"]["latitude"], -0.03, 0.01, 0.005),
        "d": (estimates["log_odds_ratio"], -0.76, 0.12, 0.012),
        "tau": (estimates["tau"], 0.30, 0.19, 0.015),
        "10": (estimates["effects_at"]["latitude = 10 degrees"]["log_odds_ratio"], -0.02, 0.23, 0.015),
        "30": (estimates["effects_at"]["latitude = 30 degrees"]["log_odds_ratio"], -0.65, 0.13, 0.015),
        "50": (estimates["effects_at"]["latitude = 50 degrees"]["log_odds_ratio"], -1.29, 0.20, 0.015),
    }
    for name, (found, mean, sd, tolerance) in printed.items():
        assert (found["mean"], found["sd"]) == pytest.approx((mean, sd), abs=tolerance), name


def test_an_effect_is_told_at_the_values_that_are_asked_for(latitude: dict[str, Any]) -> None:
    found = latitude
    at = found["estimates"]["effects_at"]["latitude = 33.4615"]["log_odds_ratio"]
    assert at["median"] == pytest.approx(found["estimates"]["log_odds_ratio"]["median"], abs=1e-6)
    assert found["moderators"]["latitude"]["centre"] == 33.46154
    slope, both = found["estimates"]["moderators"]["latitude"], found["estimates"]["effects_at"]
    low, high = (both[f"latitude = {at} degrees"]["log_odds_ratio"]["mean"] for at in (10, 50))
    assert high - low == pytest.approx(40 * slope["mean"], abs=1e-4)


def test_parts_stand_in_place_of_their_arm_and_a_study_without_a_value_is_named(tmp_path: Path) -> None:
    found = fit(folder(tmp_path, ARMS, toml=DOSE), "--moderator", "dose").json
    assert found["model"] == "moderated"
    assert found["studies"] == ["A", "B"]
    assert found["studies_left_out"] == {"C": "has no dose"}
    assert found["covariates"] == {"A": {"low": {"dose": 0.0}, "high": {"dose": 1.0}}, "B": {"dose": 0.0}}
    assert found["moderators"]["dose"]["centre"] == 0.25  # the mean over studies, of A over its parts
    assert set(found["estimates"]["effects_at"]) == {"dose = low", "dose = high"}
    table = run("fit", tmp_path, "--endpoint", "x", "--moderator", "dose")
    assert "C is left out: it has no dose" in table.out
    assert "C is left out" in ra.fit(ra.read_evidence(tmp_path), "x", moderators="dose")._repr_html_()


def test_nobody_is_counted_twice(tmp_path: Path) -> None:
    """The whole arm beside its parts adds nothing: its row could say anything that the parts add up to."""
    data = ra.fit(ra.read_evidence(folder(tmp_path, ARMS, toml=DOSE)), "x", moderators="dose").posterior.data
    study = data.studies[0]
    assert [(part.candidates.events, part.candidates.n) for part in study.parts] == [((8,), (15,)), ((9,), (10,))]
    assert study.observed("treated") == study.parts[0].candidates
    assert study.observed("treated_2") == study.parts[1].candidates


def test_information_within_and_between_studies_is_told_apart(tmp_path: Path, latitude: dict[str, Any]) -> None:
    with_both = DOSE + "[studies.C.covariates]\ndose = 1\n"
    found = fit(folder(tmp_path, ARMS, toml=with_both), "--moderator", "dose").json
    within, between = (found["moderator_information"][f"{where}_studies"] for where in ("within", "between"))
    assert within["studies"] == ["A"]
    assert between["studies"] == ["A", "B", "C"]
    assert within["slope"]["median"] > 0.2  # 8/15 and 9/10 of one arm
    together = found["estimates"]["moderators"]["dose"]
    assert together["sd"] < min(within["slope"]["sd"], between["slope"]["sd"])
    assert latitude["moderator_information"]["within_studies"] == {"studies": [], "slope": None}


def test_parts_that_do_not_make_up_the_arm_are_not_used(tmp_path: Path) -> None:
    arms = [row if row != "A treated x 17 25" else "A treated x 17 26" for row in ARMS]
    found = fit(folder(tmp_path, arms, toml=DOSE + "[studies.C.covariates]\ndose = 1\n"), "--moderator", "dose").json
    assert found["studies"] == ["B", "C"]
    assert found["studies_left_out"] == {"A": "has no dose: its parts low, high do not make up its treated arm"}


def test_the_routes_of_phase_2_are_as_printed() -> None:
    evidence = ra.read_evidence(ANAKINRA)
    for endpoint, parts in (("crs_any", {"SC": (8, 15), "IV": (9, 10)}), ("cr", {"SC": (5, 11), "IV": (3, 8)})):
        fitted = ra.fit(evidence, endpoint, moderators="route")
        (study,) = fitted.posterior.data.studies
        assert {p.subgroup: (*p.candidates.events, *p.candidates.n) for p in study.parts} == parts
    assert fitted.as_dict()["studies_left_out"] == {"iptw": "has no route"}


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("--moderator", "dos"), "--moderator 'dos': unknown; did you mean 'dose'?; there are dose"),
    (("--model", "moderated"), "--moderator: moderated needs one or more; there are dose"),
    (("--moderator", "dose", "--model", "exnex"), "--moderator: are of model moderated, not of exnex"),
    (("--moderator", "dose", "--pooling", "none"), "--pooling none: moderated is partial pooling only"),
    (("--moderator", "dose", "--at", "dose=many"), "--at 'dose=many': write NAME=X, a number, with NAME one of dose"),
    (("--at", "dose=1"), "--at 'dose=1': write NAME=X, a number, beside a moderator"),
    (
        ("--moderator", "dose", "--prior", "moderator=halfnormal(1)"),
        "--prior moderator: moderator takes normal(mean,sd), logistic(mean,scale) or student_t(df,mean,scale), not "
        "halfnormal(1)",
    ),
    (
        ("--moderator", "dose", "--leave-out", "A"),
        "x: B alone says nothing of dose: a moderator needs two studies, or parts of a treated arm that differ in it; "
        "C has no dose",
    ),
]


@pytest.mark.parametrize(("options", "said"), REFUSED)
def test_what_means_nothing_is_refused_in_one_sentence(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ended = fit(folder(tmp_path, ARMS, toml=DOSE), *options)
    assert (ended.code, ended.errors) == (2, [said])


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[moderators.age]\nlabel = 'Age'\n", "has no value of any study: give [studies.ID.covariates]"),
        ("[moderators.dose]\nlevels = { lo = 0 }\n", "no row of a treated arm has this subgroup; did you mean 'low'?"),
        ("[studies.A.covariates]\nage = 'old'\n", "must be a number"),
    ],
)
def test_a_moderator_that_cannot_be_read_is_a_message_with_its_line(tmp_path: Path, toml: str, said: str) -> None:
    ended = fit(folder(tmp_path, ARMS, toml=toml))
    assert ended.code == 2
    assert said in ended.err
    assert "analysis.toml, line " in ended.err


def test_several_moderators_are_not_for_quadrature() -> None:
    ended = fit(ANAKINRA, "--moderator", "dose", "--moderator", "product", endpoint="icans_any")
    said = "--engine quadrature: takes one moderator; dose, product together are sampled by nuts"
    assert (ended.code, ended.errors) == (2, [said])


def test_a_saved_posterior_has_slopes_effects_and_the_logits_of_parts(tmp_path: Path) -> None:
    from arviz import from_netcdf

    out = tmp_path / "posterior.nc"
    found: dict[str, Any] = fit(folder(tmp_path, ARMS, toml=DOSE), "--moderator", "dose", "--out", out).json
    tree = from_netcdf(out)
    draws = tree["posterior"]["moderator[dose]"].values
    exact = found["estimates"]["moderators"]["dose"]
    assert draws.mean() == pytest.approx(exact["mean"], abs=0.1 * exact["sd"])
    assert draws.std() == pytest.approx(exact["sd"], rel=0.1)
    assert tree["log_likelihood"]["print"].sizes["arm"] == 3
    assert np.isfinite(tree["log_likelihood"]["print"].values).all()
