"""The headline of a fit under other priors of its baselines."""

from __future__ import annotations

import numpy as np
import pytest

import reanalysis.gates.baseline_choice as module
from engines.builders import data, one_arm, ratio, spec, study, two_arms
from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.baseline_choice import baseline_choice
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

RARE = two_arms([(1, 50, 1, 50)] * 10)
COMMON = two_arms([(300, 1000, 200, 1000), (120, 400, 90, 410)])
PRIMARY = "primary, normal(0,10), mean logit"
OTHERS = {
    "normal(0,3), mean logit": {"baseline": "normal(0,3)"},
    "normal(0,1.5), mean logit": {"baseline": "normal(0,1.5)"},
    "logistic(0,1), mean logit": {"baseline": "logistic(0,1)"},
    "normal(0,10), control logit": {"anchor": "control"},
    "normal(0,1.5), control logit": {"baseline": "normal(0,1.5)", "anchor": "control"},
    "none: conditional likelihood": {"anchor": "conditional"},
}


def found(model: ModelSpec, on: ModelData) -> CheckResult:
    result = baseline_choice(model, on)
    assert result is not None
    return result


def test_each_row_is_a_fit_of_its_own() -> None:
    table = found(spec(), COMMON).table.set_index("choice")
    assert list(table.index) == [PRIMARY, *OTHERS]
    for label, choices in {PRIMARY: {}, **OTHERS}.items():
        effect = fit(spec(**choices), COMMON).overall["log_odds_ratio"]  # type: ignore[arg-type]
        assert table.loc[label, "p_below_0"] == pytest.approx(float(effect.cdf(0.0)), abs=1e-12)
        ratios = table.loc[label, ["odds_ratio", "lower", "upper"]].to_numpy(dtype=float)
        assert ratios == pytest.approx(np.exp(effect.quantile([0.5, 0.025, 0.975])), abs=1e-9)


def test_a_prior_that_decides_is_said_and_is_no_gate() -> None:
    decided, not_decided = found(spec(), RARE), found(spec(), COMMON)
    moved = decided.table["p_below_0"].sub(0.5).abs().max()
    assert decided.passed is False
    assert decided.text.endswith(f": the prior of the baselines moves the result by {100 * moved:.0f} points")
    assert decided.text.startswith("P(odds ratio < 1) 0.500 is 0.500 to 0.99")
    assert not_decided.passed is None
    assert not_decided.text.endswith(" under 6 other baselines")


def test_the_primary_is_not_listed_twice() -> None:
    """Whichever of the alternatives it is."""
    for choices in OTHERS.values():
        labels = found(spec(**choices), COMMON).table["choice"]  # type: ignore[arg-type]
        assert len(set(labels)) == len(labels) == 1 + len(OTHERS)
        assert [label for label in labels if label.startswith("primary")] == [labels[0]]


def test_of_one_comparison_it_is_that_study_s_own_effect() -> None:
    alone = data(study("A", (3, 40), (9, 38)))
    row = found(spec(), alone).table.iloc[0]
    assert row["p_below_0"] == float(fit(spec(), alone).study["A"]["log_odds_ratio"].cdf(0.0))


def test_only_plain_counts_have_a_conditional_likelihood() -> None:
    for other in (two_arms([(3, 40, 9, 38)], rho=0.01), data(study("A", (3.5, 40), (9, 38)))):
        assert "none: conditional likelihood" not in set(found(spec(), other).table["choice"])
    assert "none: conditional likelihood" not in set(found(spec("exnex"), COMMON).table["choice"])


@pytest.mark.parametrize(
    ("model", "on"),
    [
        (spec("rates"), one_arm([(3, 20), (4, 30)])),
        (spec("beta-rates"), one_arm([(3, 20), (4, 30)])),
        (spec("arm-beta-binomial"), COMMON),
        (spec("joint"), COMMON),
        (spec(pooling="none"), COMMON),
    ],
    ids=["rates", "beta-rates", "arm-beta-binomial", "sampled only", "no average"],
)
def test_what_has_no_baselines_no_quadrature_or_no_headline_has_none(model: ModelSpec, on: ModelData) -> None:
    assert baseline_choice(model, on) is None


def test_printed_ratios_have_no_baseline_to_choose() -> None:
    result = found(spec(), data(ratio("a", 0.3, 0.4), ratio("b", -0.2, 0.3)))
    assert result.table["p_below_0"].nunique() == 1
    assert result.passed is None


def test_a_choice_that_cannot_be_computed_is_missing_and_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model: ModelSpec, on: ModelData) -> Posterior:
        if model.anchor == "control":
            raise QuadratureError("too hard")
        return fit(model, on)

    monkeypatch.setattr(module, "fit", broken)
    result = found(spec(), RARE)
    assert result.table["p_below_0"].isna().to_list() == ["control" in choice for choice in result.table["choice"]]
    assert result.passed is None
    assert "nan" not in result.text
