"""Predictive checks and leave-one-study-out densities against draws, closed forms and each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit, logsumexp, softmax
from scipy.stats import betabinom, norm

from engines.builders import ICANS, data, ratio, study, two_arms
from engines.builders import spec as make_spec
from reanalysis.alternatives.power_scaling import power_scaling
from reanalysis.alternatives.prediction import _mid_p_of, left_out_prediction, predictive_checks
from reanalysis.engines.fit import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.likelihood import log_likelihood

SPEC = make_spec()
COUNTS = data(
    study("a", (9, 30), (5, 28), 0.02), study("b", (20, 61), (25, 60), 0.01), study("c", (4, 20), (0, 19), 0.0)
)


def by_arm(found: object) -> dict[tuple[str, str], dict[str, float]]:
    return {(row["study"], row["arm"]): row for row in found.table.to_dict("records")}  # type: ignore[attr-defined]


def mid_p(x: float, n: float, logits: np.ndarray, rho: float) -> float:
    p, m = expit(logits), 1 / max(rho, 1e-9) - 1
    counts = betabinom(int(n), np.maximum(p * m, 1e-12), np.maximum(expit(-logits) * m, 1e-12))
    return float(np.mean(counts.cdf(x) - 0.5 * counts.pmf(x)))


@pytest.mark.parametrize("rho", [0.0, 0.05])
def test_mid_p_values_average_one_half_over_the_counts_they_are_of(rho: float) -> None:
    from reanalysis.model.likelihood import log_pmf

    logits = np.array([-2.0, 0.3, 4.0])
    x = np.arange(13)
    values = np.stack([_mid_p_of(int(i), 12, logits, rho) for i in x])
    weight = np.exp(log_pmf(x[:, None], 12, logits, rho))
    assert np.allclose((weight * values).sum(axis=0), 0.5)


def test_in_sample_values_are_those_of_posterior_draws() -> None:
    draws = fit(SPEC, COUNTS).tree()["posterior"]
    found = by_arm(predictive_checks(SPEC, COUNTS))
    for place, one in enumerate(COUNTS.studies[:2]):
        for arm in ("control", "treated"):
            rate = draws[f"{arm}_rate"].values[..., place].ravel()
            counts = getattr(one, arm)
            expected = mid_p(counts.events[0], counts.n[0], np.log(rate / (1 - rate)), one.rho)
            assert found[one.study, arm]["in_sample"] == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize(("arm", "seen", "hidden"), [("treated", (9, 30), (5, 28)), ("control", (5, 28), (9, 30))])
def test_the_other_arm_predicts_through_the_priors_alone(
    arm: str, seen: tuple[int, int], hidden: tuple[int, int]
) -> None:
    """Against draws of the priors weighted by what the other arm printed, its logit drawn from nearby."""
    rng = np.random.default_rng(2)
    size, centre = 200_000, logit(seen[0] / seen[1])
    effect = rng.normal(0, 1, size) + np.abs(rng.normal(0, 0.5, size)) * rng.standard_normal(size)
    effect = effect if arm == "treated" else -effect  # the hidden arm's logit less that of the one seen
    other = rng.normal(centre, 1.5, size)
    weight = log_likelihood(Candidates.count(*seen), other, 0.02)
    weight = weight + norm.logpdf(other + effect / 2, 0, 10) - norm.logpdf(other, centre, 1.5)
    chosen = rng.choice(other + effect, size, p=softmax(weight))
    found = by_arm(predictive_checks(SPEC, COUNTS))["a", arm]["other_arm"]
    assert found == pytest.approx(mid_p(*hidden, chosen, 0.02), abs=0.006)


def test_the_treated_arm_left_out_is_predicted_from_its_own_controls_and_all_other_studies() -> None:
    rest = ModelData("events", (replace(COUNTS.studies[0], treated=None), *COUNTS.studies[1:]))
    rate = fit(SPEC, rest).tree()["posterior"]["treated_rate"].values[..., 0].ravel()
    found = by_arm(predictive_checks(SPEC, COUNTS))["a", "treated"]["left_out"]
    assert found == pytest.approx(mid_p(5, 28, np.log(rate / (1 - rate)), 0.02), abs=0.015)


def test_without_other_studies_the_other_arm_is_all_that_is_left() -> None:
    together = by_arm(predictive_checks(SPEC, COUNTS))
    for one in COUNTS.studies:
        for where, row in by_arm(predictive_checks(SPEC, data(one))).items():
            assert row["left_out"] == row["other_arm"] == together[where]["other_arm"]
            assert row["left_out"] != together[where]["left_out"]


def test_a_study_unlike_the_others_surprises_them_more_than_itself() -> None:
    odd = two_arms([(10, 40, 11, 40), (12, 41, 10, 39), (9, 38, 9, 40), (10, 40, 36, 40)])
    found = by_arm(predictive_checks(SPEC, odd))["s03", "treated"]
    assert found["left_out"] > 0.97
    assert found["left_out"] > found["in_sample"] > 0.5


def test_an_arm_with_several_candidates_lies_between_them() -> None:
    found = by_arm(predictive_checks(SPEC, ICANS))["phase2", "control"]
    each = []
    for n in (72, 74):
        studies = tuple(study("phase2", (25, n), (9, 25), 0.02) if s.study == "phase2" else s for s in ICANS.studies)
        each.append(by_arm(predictive_checks(SPEC, ModelData("x", studies)))["phase2", "control"]["in_sample"])
    assert min(each) - 0.02 < found["in_sample"] < max(each) + 0.02


def test_an_adjusted_ratio_has_no_arms_to_predict() -> None:
    mixed = data(study("a", (9, 30), (5, 28)), ratio("b", 0.3, 0.4))
    assert set(predictive_checks(SPEC, mixed).table["study"]) == {"a"}


def test_a_left_out_study_has_the_density_of_its_prints_under_the_others() -> None:
    """Against the mean likelihood over draws of a new effect and a baseline from its prior."""
    found = left_out_prediction(SPEC, COUNTS).table.set_index("study")["partial"]
    rest = ModelData("events", COUNTS.studies[1:])
    new = fit(SPEC, rest).tree()["posterior"]["log_odds_ratio_new"].values.ravel()
    rng = np.random.default_rng(1)
    effect = np.repeat(new, 100)
    control = rng.normal(0, 10, effect.size) - effect / 2
    left = COUNTS.studies[0]
    log_values = log_likelihood(left.control, control, left.rho)  # type: ignore[arg-type]
    log_values = log_values + log_likelihood(left.treated, control + effect, left.rho)  # type: ignore[arg-type]
    assert found["a"] == pytest.approx(logsumexp(log_values) - np.log(effect.size), abs=0.05)


def test_normal_estimates_have_their_closed_form() -> None:
    ratios = data(ratio("a", 0.3, 0.4), ratio("b", -0.2, 0.3))
    spec = make_spec(pooling="complete")
    found = left_out_prediction(spec, ratios).table.set_index("study")
    precision = 1 + 1 / 0.3**2
    mean, variance = (-0.2 / 0.3**2) / precision, 1 / precision
    assert found.loc["a", "complete"] == pytest.approx(norm.logpdf(0.3, mean, np.sqrt(variance + 0.4**2)), abs=1e-7)
    assert found.loc["a", "none"] == pytest.approx(norm.logpdf(0.3, 0, np.sqrt(1 + 0.4**2)), abs=1e-7)


def test_alike_studies_are_better_predicted_by_each_other_than_by_the_prior() -> None:
    alike = two_arms([(20, 100, 60, 100)] * 4)
    total = left_out_prediction(SPEC, alike).table.set_index("study").loc["all"]
    assert total["complete"] > total["partial"] > total["none"]


def test_the_limits_of_few_studies_are_stated() -> None:
    assert "no standard error worth stating" in left_out_prediction(SPEC, COUNTS).text
    assert "the prior alone" in left_out_prediction(SPEC, two_arms([(3, 20, 5, 21)])).text
    assert left_out_prediction(SPEC, COUNTS).passed is None


def test_a_narrower_prior_is_felt_more() -> None:
    def felt(sd: float) -> float:
        table = power_scaling(fit(make_spec(mu=f"normal(0,{sd})"), COUNTS)).table
        return float(table.loc[table["quantity"] == "log_odds_ratio"].iloc[0]["prior of mu"])

    assert felt(0.2) > 3 * felt(3.0)


def test_much_evidence_drowns_every_prior() -> None:
    much = two_arms([(3000, 10_000, 4000, 10_000)])
    table = power_scaling(fit(make_spec(pooling="none"), much)).table
    row = table[table["study"] == "s00"].iloc[0]
    assert row["prior of baselines"] < 0.02 < row["likelihood"]


def test_scaled_are_the_priors_that_a_pooling_has() -> None:
    found = power_scaling(fit(make_spec(pooling="complete"), COUNTS))
    assert "prior of tau" not in found.table
    assert {"prior of mu", "prior of baselines", "likelihood"} <= set(found.table)
    assert found.passed is None
    assert "diagnosis" not in found.table
