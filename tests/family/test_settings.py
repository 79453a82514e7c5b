"""``fit --model`` reaches each model, and wrong settings give one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import fit as fit_command
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.model.family import FAMILIES
from reanalysis.model.spec import ModelSpec


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--model", "exnex", "--set", "w=1.5"], "--set 'w=1.5': w must be a number from 0 to 1"),
        (["--model", "exnex", "--set", "w=nan"], "--set 'w=nan': w must be a number from 0 to 1"),
        (["--model", "exnex", "--set", "w"], "--set 'w': write NAME=X with NAME one of w, nex_mean, nex_sd"),
        (["--model", "exnex", "--set", "w=half"], "--set 'w=half': w must be a number from 0 to 1"),
        (
            ["--model", "exnex", "--set", "nex_df=1"],
            "--set 'nex_df=1': write NAME=X with NAME one of w, nex_mean, nex_sd; did you mean 'nex_sd'?",
        ),
        (
            ["--model", "bias", "--set", "b_match=1"],
            "--set 'b_match=1': write NAME=X with NAME one of b_randomised, b_weighted, b_matched, b_historical, "
            "b_external; did you mean 'b_matched'?",
        ),
        (["--model", "bias", "--set", "b_matched=-1"], "--set 'b_matched=-1': b_matched must be a number from 0 to 10"),
        (
            ["--model", "joint", "--engine", "nuts", "--set", "correlation=1"],
            "--set 'correlation=1': correlation must be a number from 0 to 0.95",
        ),
        (["--model", "bias", "--rho", "0.02"], "--rho: bias discounts by an additive bias, so rho must be 0"),
        (["--model", "exnex", "--pooling", "none"], "--pooling none: exnex is partial pooling only"),
        (["--model", "joint", "--engine", "quadrature"], "--engine quadrature: joint has nuts only"),
        (["--model", "arm-beta-binomial"], "--engine quadrature: arm-beta-binomial has nuts only"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_setting_is_refused(tmp_path: Path, options: list[str], error: str) -> None:
    ended = fit_command(folder(tmp_path, TWO_STUDIES), *options)
    assert (ended.code, ended.out, ended.errors) == (2, "", [error])


@pytest.mark.parametrize("model", [name for name, family in FAMILIES.items() if "quadrature" in family.engines])
def test_each_model_with_quadrature_is_reached_and_shows_its_settings(tmp_path: Path, model: str) -> None:
    toml = "[studies.A.covariates]\ndose = 1\n[studies.B.covariates]\ndose = 2\n"
    moderator = ("--moderator", "dose") if FAMILIES[model].moderators else ()
    found = fit_command(folder(tmp_path, TWO_STUDIES, toml=toml), "--model", model, *moderator).json
    assert (found["model"], found["engine"], found["passed"]) == (model, "quadrature", True)
    assert set(found["spec"]["settings"]) == {setting.name for setting in FAMILIES[model].settings}


def test_exnex_of_single_arms_reports_rates_and_its_own_defaults(tmp_path: Path) -> None:
    found = fit_command(folder(tmp_path, TWO_STUDIES), "--model", "exnex", "--arm", "treated").json
    assert {"logit_rate", "tau", "rate_new"} <= set(found["estimates"])
    assert found["spec"]["settings"] == {"w": 0.5, "nex_mean": 0.0, "nex_sd": 2.0}
    assert found["spec"]["priors"] == {"mu": "normal(0,2)", "tau": "halfnormal(1)", "baseline": "normal(0,10)"}
    assert set(found["diagnostics"]["exchangeable"]) == {"A", "B"}
    contrast = fit_command(folder(tmp_path, TWO_STUDIES), "--model", "exnex").json
    assert contrast["spec"]["settings"]["nex_sd"] == 1.5


def test_every_model_is_documented() -> None:
    for family in FAMILIES.values():
        assert family.title
        assert family.equations
        assert family.source
    listed = run("fit", "--help").out
    assert all(name in listed.replace("\n", "") for name in FAMILIES)


def test_a_specification_refuses_settings_its_model_lacks() -> None:
    with pytest.raises(ValueError, match="contrast has no setting w"):
        ModelSpec(settings=(("w", 0.5),))
    with pytest.raises(ValueError, match="a basket is exnex of single arms"):
        ModelSpec(basket=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--model", "exnex", "--set", "w=0.8"],
            ["w 0.8, nex_mean 0, nex_sd 1.5", "being exchangeable: A 0."],
        ),
        (
            ["--model", "rates", "--arm", "treated"],
            ["robust 0.2", "MAP prior: ", "(ELIR)", "Beta(1.00, 1.00)"],
        ),
        (["--model", "bias"], ["settings: b_randomised 0, b_weighted 0.35, b_matched 0.45"]),
    ],
    ids=["exnex", "rates", "bias"],
)
def test_what_is_particular_to_a_model_is_told_to_people_too(
    tmp_path: Path, options: list[str], told: list[str]
) -> None:
    ended = run("fit", folder(tmp_path, TWO_STUDIES), "--endpoint", "x", "--engine", "quadrature", *options)
    assert ended.code == 0
    assert all(text in ended.out for text in told), ended.out
