"""One list of quantities: the tidy table, the JSON of ``fit`` and ``ra.effects`` say the same numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import reanalysis as ra
from engines.builders import data, one_arm, spec, study, two_arms
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import GridMarginal
from reanalysis.estimands.table import COLUMNS, effects_table, estimates, flat, tidy
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.model.spec import ModelName

SUMMARY = ["mean", "sd", "median", "lower", "upper"]
MODELS: tuple[ModelName, ...] = ("contrast", "exnex", "bias", "all-cohort", "rates", "beta-rates")


@pytest.fixture(scope="module")
def fitted(evidence: Evidence) -> CheckedFit:
    return ra.fit(evidence, "icans_any")


@pytest.mark.parametrize("model", MODELS)
def test_each_estimate_of_the_json_is_one_row_of_the_table(evidence: Evidence, model: ModelName) -> None:
    one = ra.fit(evidence, "icans_any", model=model)
    table = one.to_frame()
    own = table[table["control_risk"].isna()]
    names = own["quantity"] + own["estimand"].map(lambda e: "_new" if e == "new study" else "")
    rows = dict(zip(zip(own["study"], names, strict=True), own[SUMMARY].to_numpy(), strict=True))
    in_json = flat(estimates(one.posterior))
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert rows.keys() == in_json.keys()
    for key, values in in_json.items():
        assert rows[key] == pytest.approx([float("nan") if v is None else v for v in values.values()], nan_ok=True), key


def test_effects_are_rows_of_the_table(evidence: Evidence, fitted: CheckedFit) -> None:
    effects, table = ra.effects(fitted).reset_index(), fitted.to_frame()
    assert len(effects) > 20
    rows = {tuple(row) for row in table[["median", "lower", "upper"]].itertuples(index=False)}
    assert {tuple(row) for row in effects[["median", "lower", "upper"]].itertuples(index=False)} <= rows
    below = table[(table["estimand"] == "average") & (table["quantity"] == "odds_ratio")]["p_below_0"].item()
    average = effects[(effects["of"] == "average") & (effects["quantity"] == "odds ratio")]
    assert average["P(fewer events)"].item() == below


@pytest.mark.parametrize(("endpoint", "model", "estimand"), [
    ("icans_any", "contrast", {("average", "")}),
    ("infection_g3", "all-cohort", {("study", "iptw")}),
    ("icans_any", "rates", set()),
])  # fmt: skip
def test_the_headline_is_marked(evidence: Evidence, endpoint: str, model: ModelName, estimand: set[object]) -> None:
    table = ra.fit(evidence, endpoint, model=model).to_frame()
    headline = table[table["headline"]]
    assert set(zip(headline["estimand"], headline["study"], strict=True)) == estimand
    at_risks = {"treated_risk", "risk_difference", "risk_ratio"}
    assert not estimand or at_risks <= set(headline["quantity"])


def test_probabilities_at_the_margins_are_those_of_the_risk_difference(fitted: CheckedFit) -> None:
    table = fitted.to_frame()
    rows = table[(table["quantity"] == "risk_difference") & table["control_risk"].notna()]
    assert (rows[["p_fewer_5", "p_within_5", "p_more_5"]].sum(axis=1) - 1).abs().max() < 1e-9
    assert (rows["p_fewer_10"] < rows["p_fewer_5"]).all()
    assert table.drop(rows.index)["p_within_5"].isna().all()


def test_endpoints_modelled_together_have_rows_of_their_own(evidence: Evidence, fitted: CheckedFit) -> None:
    other = ra.fit(evidence, "crs_any").posterior
    table = tidy(evidence, replace(fitted.posterior, parts={"crs_any": other}), "joint")
    pd.testing.assert_frame_equal(
        table[table["endpoint"] == "crs_any"].reset_index(drop=True).dropna(axis=1, how="all"),
        tidy(evidence, other, "joint").dropna(axis=1, how="all"),
    )
    assert set(table["scenario"]) == {"joint"}


def test_effects_need_no_heterogeneity(evidence: Evidence, fitted: CheckedFit) -> None:
    """arm-beta-binomial has a new study and no tau."""
    posterior = fitted.posterior
    rho = GridMarginal.from_density(np.array([0.0, 0.1, 0.2, 0.3]), np.array([1.0, 2.0, 1.0, 0.5]))
    shared = {name: posterior.overall[name] for name in ("log_odds_ratio", "log_odds_ratio_new")} | {"rho": rho}
    effects = effects_table(evidence, replace(posterior, overall=shared))
    assert "heterogeneity" not in effects.index.get_level_values("of")
    assert (
        effects.loc[("average", "odds ratio", ""), "median"]
        == ra.effects(fitted).loc[("average", "odds ratio", ""), "median"]
    )


def test_what_a_pooling_does_not_define_is_none_in_the_json_and_no_row() -> None:
    apart = fit(spec(pooling="none"), two_arms([(3, 20, 7, 21), (4, 30, 9, 31)]))
    found = estimates(apart)
    assert [name for name, value in found.items() if value is None] == [
        "log_odds_ratio", "odds_ratio", "tau", "log_odds_ratio_new", "odds_ratio_new",
    ]  # fmt: skip
    assert all(study for study, _ in flat(found))


def test_only_the_map_prior_is_robustified() -> None:
    """By the setting that the model declares."""
    arms = one_arm([(3, 20), (4, 30)])
    assert estimates(fit(spec("rates"), arms))["map_prior"]["robust_weight"] == 0.2
    assert "map_prior" not in estimates(fit(spec("beta-rates"), arms))
    assert "map_prior" not in estimates(fit(spec(), data(study("A", (3, 20), (7, 21)))))
