"""Net benefit, its trade-offs and the weights at which treatment is better, against closed forms and brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, ndtr

import reanalysis as ra
from evidence.folders import ANAKINRA, FIVE, folder
from reanalysis.decisions.acceptability import acceptability
from reanalysis.decisions.benefit_risk import net_benefit
from reanalysis.decisions.decision import Decision
from reanalysis.decisions.effects import EndpointEffect, endpoint_effect, sampled_effects, scenarios
from reanalysis.decisions.joint_model import summed
from reanalysis.decisions.joint_outcome import frechet_bounds
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.uncertain_risks import UNCERTAIN
from reanalysis.decisions.weighted_sum import (
    above_zero,
    pair_above_zero,
    share_of_weights_above_zero,
    weighted_sum,
)
from reanalysis.engines.marginal import GridMarginal
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.uncertain_control import control_rate
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.specification import specification

READ = ra.read_evidence(ANAKINRA)
FOUR = {"icans_any": 1.0, "crs_any": 0.5, "infection_g3": 2.0, "cr": -1.0}
OTHERS = ("crs_any", "infection_g3")
TRANSCEND = "liso-cel (TRANSCEND)"


def normal(mean: float, sd: float) -> GridMarginal:
    x = mean + sd * np.linspace(-9, 9, 401)
    return GridMarginal.from_density(x, np.exp(-0.5 * ((x - mean) / sd) ** 2))


@pytest.fixture(scope="module")
def decision() -> Decision:
    return ra.decide(READ, FOUR, any_of="icans_g3,infection_g3")


@pytest.fixture(scope="module")
def effects() -> dict[str, EndpointEffect]:
    return {name: endpoint_effect(READ, name, specification(READ)) for name in FOUR}


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6, 0.95])
def test_a_sum_of_normals_is_normal_with_the_variance_of_their_correlation(correlation: float) -> None:
    weights, means, sds = np.array([1.0, -0.5, 3.0]), np.array([0.1, -0.4, 0.05]), np.array([0.3, 0.8, 0.02])
    found = weighted_sum([(w, normal(m, s)) for w, m, s in zip(weights, means, sds, strict=True)], correlation)
    covariance = np.outer(sds, sds) * np.where(np.eye(3), 1.0, correlation)
    mean, sd = weights @ means, np.sqrt(weights @ covariance @ weights)
    assert found.mean() == pytest.approx(mean, abs=1e-6)
    assert found.sd() == pytest.approx(sd, rel=1e-4)
    assert above_zero(found) == pytest.approx(ndtr(mean / sd), abs=1e-6)
    assert found.quantile([0.025, 0.975]) == pytest.approx([mean - 1.959964 * sd, mean + 1.959964 * sd], abs=1e-5)


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.6])
@pytest.mark.parametrize("weights", [(1.0, 2.0), (-1.0, 2.0), (1.0, -0.1), (0.0, 3.0), (-2.0, 0.0)])
def test_two_normals_lie_above_zero_as_their_sum_says(weights: tuple[float, float], correlation: float) -> None:
    (a, b), (m, s), (n, t) = weights, (0.1, 0.3), (-0.2, 0.5)
    found = pair_above_zero(normal(m, s), normal(n, t), np.array([weights]), correlation)
    sd = np.sqrt((a * s) ** 2 + (b * t) ** 2 + 2 * correlation * a * b * s * t)
    assert found == pytest.approx(ndtr((a * m + b * n) / sd), abs=1e-6)


def test_without_correlation_net_benefit_is_the_convolution_of_independent_differences(
    decision: Decision, effects: dict[str, EndpointEffect]
) -> None:
    """Two endpoints, on a plain grid of both log odds ratios that shares no code with the sum."""
    two = ra.decide(READ, {"icans_any": 1.0, "infection_g3": 2.0}).net_benefits[0]
    avoided, mass = [], []
    for name, risk in (("icans_any", 0.34), ("infection_g3", 0.08)):  # of the studies' own controls
        delta = np.linspace(-6, 8, 2801)
        density = effects[name].head.log_odds_ratio.density(delta)
        mass.append(density / density.sum())
        avoided.append(risk - 1 / (1 + (1 - risk) / risk * np.exp(-delta)))
    total = avoided[0][:, None] + 2 * avoided[1][None]
    joint = mass[0][:, None] * mass[1][None]
    assert two.published.mean() == pytest.approx(float((joint * total).sum()), abs=1e-5)
    assert above_zero(two.published) == pytest.approx(float(joint[total > 0].sum()), abs=1e-3)


def test_a_correlation_of_effects_is_felt_as_a_copula_makes_it(effects: dict[str, EndpointEffect]) -> None:
    """Against plain Monte Carlo of the same copula."""
    weights = [TradeOff(name, weight, "") for name, weight in FOUR.items()]
    risks = scenarios(effects)[TRANSCEND]
    found = net_benefit(effects, weights, risks, TRANSCEND, 0.6)
    rng = np.random.default_rng(3)
    z = np.sqrt(0.6) * rng.standard_normal(200_000) + np.sqrt(0.4) * rng.standard_normal((4, 200_000))
    total = np.zeros(200_000)
    for row, one in zip(z, weights, strict=True):
        difference = risk_difference(effects[one.endpoint].head.log_odds_ratio, risks[one.endpoint].risk)
        total -= one.weight * difference.quantile(ndtr(row))
    assert found.published is found.posteriors[0.6]
    assert above_zero(found.published) == pytest.approx(np.mean(total > 0), abs=0.004)
    assert found.published.quantile([0.025, 0.5, 0.975]) == pytest.approx(
        np.quantile(total, [0.025, 0.5, 0.975]), abs=0.01
    )


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_uncertain_control_risks_are_averaged_over_as_by_brute_force(decision: Decision, correlation: float) -> None:
    """Control logits of their own beside log odds ratios that go together, drawn and summed."""
    found = decision.net_benefits[-1]
    assert found.baseline == UNCERTAIN
    rng = np.random.default_rng(5)
    common, total = rng.standard_normal(200_000), np.zeros(200_000)
    for one in decision.request.trade_offs:
        z = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.standard_normal(200_000)
        delta = decision.effects[one.endpoint].head.log_odds_ratio.quantile(ndtr(z))
        control = control_rate(READ, one.endpoint).logit.quantile(rng.uniform(size=200_000))
        total += one.weight * (expit(control) - expit(control + delta))
    posterior = found.posteriors[correlation]
    assert posterior.mean() == pytest.approx(total.mean(), abs=0.003)
    assert posterior.sd() == pytest.approx(total.std(), rel=0.01)
    assert above_zero(posterior) == pytest.approx(np.mean(total > 0), abs=0.004)
    ends = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert posterior.quantile(ends) == pytest.approx(np.quantile(total, ends), abs=0.012)


def test_the_last_finding_of_an_outcome_is_that_of_a_new_population(decision: Decision) -> None:
    for one in decision.certainty:
        last, new = one.findings[-1], decision.new_populations[one.endpoint]
        assert last.control.label == UNCERTAIN
        assert last.without == pytest.approx(1000 * new.control_risk.median)
        assert last.difference.lower == pytest.approx(1000 * new.risk_difference.lower)
        assert (last.side, last.on_side) == (one.findings[0].side, one.findings[0].on_side)
        assert (last.trivial, last.beyond) == (new.within_rope, new.beyond)
    rows = decision.to_frame().query("baseline == @UNCERTAIN")
    assert list(rows["endpoint"]) == [one.endpoint for one in decision.certainty]


@pytest.mark.parametrize("endpoint", ["icans_any", "cr", *(pytest.param(e, marks=pytest.mark.slow) for e in OTHERS)])
def test_all_weight_on_one_endpoint_gives_its_own_probability_of_benefit(decision: Decision, endpoint: str) -> None:
    (one,) = (c for c in decision.certainty if c.endpoint == endpoint)
    better = READ.endpoint(endpoint).better
    alone = ra.decide(READ, {endpoint: -3.0 if better == "higher" else 3.0})
    for at in alone.net_benefits:
        for posterior in at.posteriors.values():
            close = 1e-4 if at.baseline == UNCERTAIN else 1e-6
            assert above_zero(posterior) == pytest.approx(one.sides.benefit, abs=close), (endpoint, at.baseline)
    row = one.findings[0]
    told = alone.net_benefits[0].as_dict()
    sign = 1 if better == "higher" else -1
    assert told["median"] == pytest.approx(sign * 3 * row.difference.median / 1000, abs=1e-5)


def test_finer_cells_change_no_probability(effects: dict[str, EndpointEffect]) -> None:
    parts = [(-w, risk_difference(effects[e].head.log_odds_ratio, 0.3)) for e, w in FOUR.items()]
    for correlation in (0.0, 0.6):
        coarse, fine = weighted_sum(parts, correlation), weighted_sum(parts, correlation, cells=2**15)
        assert above_zero(coarse) == pytest.approx(above_zero(fine), abs=1e-6)
        assert coarse.quantile([0.025, 0.975]) == pytest.approx(fine.quantile([0.025, 0.975]), abs=1e-6)


def test_weights_count_by_their_ratio(decision: Decision) -> None:
    tenfold = ra.decide(READ, {name: 10 * weight for name, weight in FOUR.items()})
    for one, other in zip(decision.net_benefits, tenfold.net_benefits, strict=True):
        assert above_zero(other.published) == pytest.approx(above_zero(one.published), abs=1e-9)
        assert other.published.mean() == pytest.approx(10 * one.published.mean(), rel=1e-9)
    assert tenfold.acceptabilities == decision.acceptabilities


def test_the_same_request_gives_the_same_bits(decision: Decision) -> None:
    again = ra.decide(
        ra.read_evidence(ANAKINRA), "icans_any=1,crs_any=0.5,infection_g3=2,cr=-1", any_of=decision.request.any_of
    )
    assert again.as_dict() == decision.as_dict()


def test_contributions_add_up_to_the_mean(decision: Decision) -> None:
    for one in decision.net_benefits:
        assert sum(one.contributions.values()) == pytest.approx(one.published.mean(), abs=1e-6)


def test_an_endpoint_without_a_figure_of_a_label_takes_its_own_controls_and_says_so(decision: Decision) -> None:
    at = {one.baseline: one.control_risks for one in decision.net_benefits}
    assert at["axi-cel (ZUMA-1)"]["crs_any"].risk == 0.93
    borrowed = at["axi-cel (ZUMA-1)"]["infection_g3"]
    assert borrowed.label == "controls of these studies"
    assert borrowed == at["controls of these studies"]["infection_g3"]


# ---------------------------------------------------------------- weights of any size


def test_two_weights_give_the_share_of_a_segment() -> None:
    """w x + (1 - w) y > 0 with x > 0 > y for w above -y / (x - y)."""
    assert share_of_weights_above_zero(np.array([0.3, -0.1])) == pytest.approx(0.75)
    assert share_of_weights_above_zero(np.array([-0.1, 0.3])) == pytest.approx(0.75)
    assert share_of_weights_above_zero(np.array([[0.3, 0.1], [-1.0, -2.0], [0.0, 0.0]])) == pytest.approx([1, 0, 0])


@pytest.mark.parametrize("x", [(1.0, -0.4, 0.2), (1.0, 1.0, -1.0), (-0.3, -0.3, 0.9), (0.5, 0.0, -0.5)])
def test_three_weights_give_the_share_of_a_triangle(x: tuple[float, float, float]) -> None:
    sides = (np.arange(1200) + 0.5) / 1200
    a, b = np.meshgrid(sides, sides)
    inside = a + b < 1
    brute = np.mean((a * x[0] + b * x[1] + (1 - a - b) * x[2] > 0)[inside])
    assert share_of_weights_above_zero(np.array(x)) == pytest.approx(brute, abs=2e-3)


def test_acceptability_of_two_endpoints_is_the_integral_over_weights_and_posterior(
    effects: dict[str, EndpointEffect],
) -> None:
    """The share of weights is exact given both effects; its average over the posterior by a plain grid."""
    two = {name: effects[name] for name in ("icans_any", "cr")}
    risks = scenarios(two)[TRANSCEND]
    weights = [TradeOff("icans_any", 1.0, ""), TradeOff("cr", -1.0, "")]
    found = acceptability(two, weights, risks, TRANSCEND, 0.0, sampled_effects(two, 0.0, 5), 5)
    delta = np.linspace(-6, 6, 1201)
    good, mass = [], []
    for name, sign in (("icans_any", -1.0), ("cr", 1.0)):
        risk = risks[name].risk
        good.append(sign * (1 / (1 + (1 - risk) / risk * np.exp(-delta)) - risk))
        density = two[name].head.log_odds_ratio.density(delta)
        mass.append(density / density.sum())
    x, y = good[0][:, None], good[1][None]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where((x > 0) & (y > 0), 1.0, np.where((x <= 0) & (y <= 0), 0.0, np.maximum(x, y) / np.abs(x - y)))
    exact = float((mass[0][:, None] * mass[1][None] * share).sum())
    assert found.error < 1e-3
    assert found.probability_better == pytest.approx(exact, abs=5 * found.error + 1e-3)
    m, n = (float(p @ g) for p, g in zip(mass, good, strict=True))
    assert found.share_better == pytest.approx(1.0 if min(m, n) > 0 else max(m, n, 0) / (abs(m) + abs(n)), abs=1e-3)
    assert found.over_weights["quantile_0.5"] == pytest.approx(
        float(pair_above_zero(*_good_pair(two, risks), np.array([[-1.0, 1.0]]))[0]), abs=0.02
    )


def _good_pair(two: dict[str, EndpointEffect], risks: dict) -> tuple:
    return tuple(risk_difference(one.head.log_odds_ratio, risks[name].risk) for name, one in two.items())


# ---------------------------------------------------------------- trade-off lines


@pytest.fixture
def opposed(tmp_path: Path) -> Evidence:
    """A treatment that clearly prevents x and probably causes y."""
    rows = "A,control,x,60,100\nA,treated,x,30,100\nA,control,y,20,100\nA,treated,y,28,100\n"
    toml = '[endpoints.x]\nbetter = "lower"\n[endpoints.y]\nbetter = "lower"\n'
    return ra.read_evidence(folder(tmp_path, f"{FIVE}\n{rows}", toml=toml))


def test_at_the_number_accepted_benefit_is_as_probable_as_stated(opposed: Evidence) -> None:
    found = ra.decide(opposed, "x=1,y=1")
    (line,) = found.trade_off_lines
    assert (line.benefit, line.harm) == ("x", "y")
    accepted = [ranges for level, ranges in line.levels]
    for (level, _), ranges in zip(line.levels, accepted, strict=True):
        ((low, high),) = ranges
        assert high is None
        weighed = ra.decide(opposed, {"x": low, "y": 1.0})
        assert above_zero(weighed.net_benefits[0].published) == pytest.approx(level, abs=1e-4)
    assert accepted[0][0][0] < accepted[1][0][0] < accepted[2][0][0]
    assert line.line[0][1] == pytest.approx(found.certainty[1].sides.benefit, abs=1e-6)
    assert line.at_any == pytest.approx(found.certainty[0].sides.benefit, abs=1e-6)


def test_what_no_number_buys_is_said() -> None:
    line = ra.decide(READ, {"icans_any": 1.0, "infection_g3": 1.0}).trade_off_lines[0]
    told = line.as_dict()
    assert [point["probability"] for point in told] == [0.5, 0.8, 0.95]
    assert all(point["accepted"] is None and point["text"] == "at no number" for point in told)
    assert line.at_any < 0.5


def test_one_endpoint_has_no_trade_off() -> None:
    assert ra.decide(READ, {"icans_any": 1.0}).trade_off_lines == ()


# ---------------------------------------------------------------- a joint outcome


def test_bounds_of_a_joint_outcome_hold_those_of_independent_and_of_nested_events(decision: Decision) -> None:
    for one in decision.any_of:
        risks = [one.control[0], one.control[1] - one.control[0]]
        independent = 1 - (1 - risks[0]) * (1 - risks[1])
        assert one.control[0] <= independent <= one.control[1]
        low, high = one.treated
        assert low["mean"] < high["mean"] <= 1
        assert one.certainly_better <= one.possibly_better
        assert one.difference[0]["mean"] == pytest.approx(low["mean"] - one.control[1])
        assert one.difference[1]["mean"] == pytest.approx(high["mean"] - one.control[0])


def test_a_part_of_another_event_does_not_count_twice() -> None:
    whole = ra.decide(READ, {"icans_any": 1.0}, any_of=["icans_any", "icans_g3", "infection_g3"])
    assert whole.any_of[0].endpoints == ("icans_any", "infection_g3")
    assert whole.any_of[0].left_out == ("icans_g3",)
    assert any("icans_g3" in note for note in whole.notes)


def test_sure_events_bound_by_one() -> None:
    """Control risks that sum above 1 are bounded by 1, and an effect of none leaves the lower bound at the larger."""
    effects = {name: endpoint_effect(READ, name, specification(READ)) for name in ("crs_any", "icans_any")}
    risks = scenarios(effects)["axi-cel (ZUMA-1)"]
    none = {name: np.zeros((1, 4)) for name in effects}
    found = frechet_bounds(effects, tuple(effects), risks, "", none)
    assert found.control == (0.93, 1.0)
    assert found.treated[0]["median"] == pytest.approx(0.93)
    assert found.treated[1]["median"] == 1.0


def test_weights_on_an_event_and_its_part_are_noted() -> None:
    notes = ra.decide(READ, {"icans_any": 1.0, "icans_g3": 2.0}).notes
    assert notes == ("icans_g3 is part of icans_any: an event of it counts in both weights",)


# ---------------------------------------------------------------- the joint model


def test_net_benefit_of_joint_draws_is_that_of_each_draw() -> None:
    draws = {"x": np.array([[0.0, 1.0], [-1.0, 0.5]]), "y": np.array([[0.2, 0.0], [0.0, -2.0]])}
    weights = [TradeOff("x", 2.0, ""), TradeOff("y", -1.0, "")]
    total = summed(draws, weights, {"x": 0.2, "y": 0.6})

    def avoided(delta: float, risk: float) -> float:
        odds = risk / (1 - risk) * np.exp(delta)
        return risk - odds / (1 + odds)

    for place in np.ndindex(2, 2):
        expected = 2 * avoided(draws["x"][place], 0.2) - avoided(draws["y"][place], 0.6)
        assert total[place] == pytest.approx(expected)


def test_the_joint_model_refuses_what_it_does_not_hold_before_it_samples() -> None:
    with pytest.raises(ra.InvalidInput, match=r"joint: the joint model holds .* not icans_g3, which is weighed"):
        ra.decide(READ, {"icans_any": 1.0, "icans_g3": 2.0}, joint=True)
