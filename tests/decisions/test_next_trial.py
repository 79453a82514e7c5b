"""A trial of two arms does what binomial sums, published designs and the engine's own posteriors say."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import beta, binom, norm

from engines.builders import spec, study
from reanalysis.decisions.interval_width import widths
from reanalysis.decisions.logit_pairs import LogitPairs, Outcomes
from reanalysis.decisions.next_trial import evaluate, evpi, power, predicted, probability_above, successes
from reanalysis.decisions.trial_design import Design, Rule, Truth, treated_patients
from reanalysis.decisions.trial_priors import BaselineAndEffect, ControlAndEffect, Effect, TrialPrior, TwoRates
from reanalysis.engines.fit import fit
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.model.data import ModelData
from reanalysis.model.distributions import Distribution

PUBLISHED = BetaMixture(
    (0.4612914, 0.1917812, 0.1893896, 0.1575378),
    (33.9513487, 19.4400089, 12.2692310, 2.2521243),
    (103.0146367, 41.5205219, 55.9202833, 5.4812202),
)
"""Response of ankylosing spondylitis to placebo, the MAP prior that RBesT's introduction prints."""

UNIFORM = BetaMixture((1.0,), (1.0,), (1.0,))
CONTROL_RATE = 0.25545885


def effect(*texts: str) -> Effect:
    return Effect((1 / len(texts),) * len(texts), tuple(map(Distribution.parse, texts)))


def contrast(mu: str = "normal(0,1)", baseline: str = "normal(0,10)", below: float = 0.5) -> BaselineAndEffect:
    return BaselineAndEffect(Distribution.parse(baseline), effect(mu), below)


def design(
    n_control: int, n_treated: int, analysis: TrialPrior | None = None, rule: Rule | None = None, **more: object
) -> Design:
    known = ControlAndEffect(0.3, effect("normal(-0.4,0.5)"))
    base = Design(n_control, n_treated, analysis or contrast(), rule or Rule("lower", better="lower"), known, 0.3)
    return replace(base, **more)  # type: ignore[arg-type]


def at(control: float, treated: float, text: str = "truth") -> Truth:
    return Truth(text, control, treated)


@pytest.mark.parametrize(
    ("control", "detected", "critical", "error"),
    [
        (PUBLISHED, 0.302, [10, 11, 12, 13, 16, 18, 21], 0.0223),
        (PUBLISHED.robust(0.2), 0.368, [10, 11, 13, 17, 21, 24, 25], 0.0201),
        (UNIFORM, 0.529, [10, 14, 18, 20, 23, 24, 25], 0.0108),
    ],
    ids=["mixture", "robust", "uniform"],
)
def test_the_published_design_with_a_map_prior(
    control: BetaMixture, detected: float, critical: list[int], error: float
) -> None:
    """RBesT's introduction: 24 treated and 6 control patients, P(difference > 0) > 0.95."""
    trial = design(6, 24, TwoRates(control, BetaMixture((1.0,), (0.5,), (1.0,))), Rule("higher"), baseline=CONTROL_RATE)
    found = evaluate(trial)
    assert found.boundary == critical
    assert found.type_1_error == pytest.approx(error, abs=5e-5)
    difference = brentq(lambda d: power(trial, at(CONTROL_RATE, CONTROL_RATE + d)) - 0.8, 0.0, 0.7)
    assert difference == pytest.approx(detected, abs=0.001)


@pytest.mark.parametrize(
    ("treated", "chance", "error"), [(750, 0.840, 0.030), (810, 0.856, 0.027), (900, 0.884, 0.028)]
)
def test_the_published_design_of_non_inferiority_with_a_power_prior(treated: int, chance: float, error: float) -> None:
    """Chen et al. 2011, Biometrics 67:1163, table 2, by simulation: two historical trials of stents weigh 0.3 each.

    Success is P(difference of failure rates < 0.041) > 0.95; both initial priors are Beta(0.0001, 0.0001).
    """
    events, patients, vague = 0.3 * (44 + 33), 0.3 * (535 + 304), 1e-4
    control = BetaMixture((1.0,), (vague + events,), (vague + patients - events,))
    rule = Rule("lower", "rd", 0.041, 0.95, better="lower")
    analysis = TwoRates(control, BetaMixture((1.0,), (vague,), (vague,)))
    found = evaluate(
        design(treated // 3, treated, analysis, rule, baseline=0.092, truths=(at(0.092, 0.092),), width=False)
    )
    assert found.power["truth"] == pytest.approx(chance, abs=0.005)
    assert found.type_1_error == pytest.approx(error, abs=0.003)


@pytest.mark.parametrize("shape", [0.5, 0.05, 1e-3, 1e-6])
def test_a_prior_with_its_mass_at_no_events_and_at_events_only(shape: float) -> None:
    prior = TwoRates(BetaMixture((1.0,), (shape,), (shape,)), UNIFORM)
    found = Outcomes(LogitPairs.of(prior, 20, 12), 20, 12).probability_above("rd", 0.1)
    for y0, y1 in ((0, 1), (3, 3), (20, 12)):
        ends = shape + y0, shape + 20 - y0

        def below(rate: float, y1: int = y1, ends: tuple[float, float] = ends) -> float:
            return float(beta.pdf(rate, 1 + y1, 13 - y1) * beta.cdf(rate - 0.1, *ends))

        assert found[y0, y1] == pytest.approx(quad(below, 0.1, 1, limit=400)[0], abs=1e-7), (y0, y1)


@pytest.mark.parametrize(("scale", "margin"), [("rd", 0.0), ("rd", 0.07), ("rd", -0.12), ("or", 0.8)])
def test_arms_agree_with_integrals_over_one_rate(scale: str, margin: float) -> None:
    """P(treated beyond control) is the integral of the control's density times the treated rate's upper tail."""
    prior = TwoRates(PUBLISHED.robust(0.2), BetaMixture((0.7, 0.3), (0.5, 3.0), (1.0, 9.0)))
    found = Outcomes(LogitPairs.of(prior, 9, 14), 9, 14).probability_above(scale, margin)  # type: ignore[arg-type]
    assert isinstance(prior.control, BetaMixture)
    for y0, y1 in itertools.product((0, 1, 5, 9), (0, 2, 9, 14)):
        rate, mass = prior.control.updated(y0, 9).nodes()
        bound = rate + margin if scale == "rd" else expit(logit(rate) + np.log(margin))
        exact = mass @ (1 - prior.treated.updated(y1, 14).cdf(np.clip(bound, 0.0, 1.0)))
        assert found[y0, y1] == pytest.approx(float(exact), abs=2e-5), (y0, y1)


@pytest.mark.parametrize(("control", "treated"), [((1.0, 1.0), (3000.0, 7000.0)), ((3000.0, 7000.0), (1.0, 1.0))])
def test_a_rate_that_is_nearly_known_against_one_that_is_not(
    control: tuple[float, float], treated: tuple[float, float]
) -> None:
    prior = TwoRates(*(BetaMixture((1.0,), (a,), (b,)) for a, b in (control, treated)))
    found = Outcomes(LogitPairs.of(prior, 20, 20), 20, 20).probability_above("rd", 0.0)
    assert isinstance(prior.control, BetaMixture)
    for y0, y1 in itertools.product((0, 6, 20), repeat=2):
        exact = prior.control.updated(y0, 20).probability_below(prior.treated.updated(y1, 20))
        assert found[y0, y1] == pytest.approx(exact, abs=1e-5), (y0, y1)


@pytest.mark.parametrize(
    ("mu", "baseline", "anchor"),
    [
        ("normal(0,1)", "normal(0,10)", "midpoint"),
        ("normal(-0.5,0.2)", "normal(0,1.5)", "control"),
        ("normal(0,3)", "normal(0,10)", "midpoint"),
        ("student_t(4,0,0.57)", "normal(0,10)", "midpoint"),
        ("student_t(4,0,0.57)", "student_t(3,0,2.5)", "control"),
        ("logistic(0,1)", "logistic(0,1)", "control"),
    ],
)
def test_contrast_agrees_with_the_engine_on_single_outcomes(mu: str, baseline: str, anchor: str) -> None:
    n0, n1 = 60, 35
    prior = contrast(mu, baseline, 0.5 if anchor == "midpoint" else 0.0)
    outcomes = Outcomes(LogitPairs.of(prior, n0, n1), n0, n1)
    ratio, difference = outcomes.probability_above("or", 0.8), outcomes.probability_above("rd", 0.05)
    model = spec(mu=mu, baseline=baseline, pooling="complete", anchor=anchor)
    for y0, y1 in ((0, 3), (1, 0), (20, 9), (31, 30), (60, 20), (7, 35)):
        own = fit(model, ModelData("x", (study("A", (y0, n0), (y1, n1)),))).study["A"]
        assert ratio[y0, y1] == pytest.approx(1 - float(own["log_odds_ratio"].cdf(np.log(0.8))), abs=1e-5)
        if 0 < y0 < n0 and 0 < y1 < n1:
            assert difference[y0, y1] == pytest.approx(1 - float(own["risk_difference"].cdf(0.05)), abs=1e-4)


def test_a_margin_that_few_risks_allow_is_integrated_up_to_its_end() -> None:
    """No treated risk lies 0.05 above a control risk beyond 0.95: against brute force on a fine grid."""
    prior, n0, n1 = contrast("normal(-0.5,3)", "normal(0,2)"), 30, 12
    found = Outcomes(LogitPairs.of(prior, n0, n1), n0, n1).probability_above("rd", 0.05)
    a, b = np.linspace(-20, 20, 1001)[:, None], np.linspace(-30, 30, 3001)
    joint = norm.pdf((a + b) / 2, 0, 2) * norm.pdf(b - a, -0.5, 3)
    allowed = expit(a) < 0.95
    inside = np.clip((b - logit(np.where(allowed, expit(a) + 0.05, 0.5))) / (b[1] - b[0]) + 0.5, 0, 1) * allowed
    for y0, y1 in ((27, 12), (29, 12), (0, 0), (0, 3), (12, 5)):
        mass = joint * binom.pmf(y0, n0, expit(a)) * binom.pmf(y1, n1, expit(b))
        assert found[y0, y1] == pytest.approx((mass * inside).sum() / mass.sum(), abs=2e-4), (y0, y1)


def test_type_1_error_and_power_of_a_rule_are_binomial_sums() -> None:
    """Uniform rates: decisions by beta distributions, probabilities by binomial terms, both from elsewhere."""
    n0, n1, threshold = 12, 17, 0.9
    trial = design(
        n0, n1, TwoRates(UNIFORM, UNIFORM), Rule("lower", threshold=threshold), truths=(at(0.4, 0.15, "RD=-0.25"),),
        baseline=0.4,
    )  # fmt: skip
    error = chance = 0.0
    for y0, y1 in itertools.product(range(n0 + 1), range(n1 + 1)):
        if UNIFORM.updated(y1, n1).probability_below(UNIFORM.updated(y0, n0)) > threshold:
            error += binom.pmf(y0, n0, 0.4) * binom.pmf(y1, n1, 0.4)
            chance += binom.pmf(y0, n0, 0.4) * binom.pmf(y1, n1, 0.15)
    found = evaluate(trial)
    assert found.type_1_error == pytest.approx(error, abs=1e-9)
    assert found.power["RD=-0.25"] == pytest.approx(chance, abs=1e-9)


def test_assurance_is_the_mean_of_power_over_the_design_prior() -> None:
    trial = design(40, 60)
    assert isinstance(trial.design_prior, ControlAndEffect)
    shift = np.linspace(-5, 5, 801)
    weight = norm.pdf(shift, -0.4, 0.5)
    chances = [power(trial, at(0.3, float(expit(logit(0.3) + one)))) for one in shift]
    assert evaluate(trial).assurance == pytest.approx(float(weight @ chances / weight.sum()), abs=1e-7)


def test_assurance_over_a_control_rate_too() -> None:
    control = BetaMixture((0.6, 0.4), (8.0, 20.0), (20.0, 30.0))
    trial = design(25, 25, design_prior=ControlAndEffect(control, effect("normal(-0.4,0.5)")))
    rates, mass = control.nodes()
    near = mass > 1e-7
    of_effect = [float(expit(x)) for x in norm.ppf((np.arange(60) + 0.5) / 60, -0.4, 0.5)]
    success = np.logical_or.reduce(list(successes(trial).values()))
    given = np.array(
        [
            np.mean([binom.pmf(np.arange(26), 25, expit(logit(rate) + logit(e))) for e in of_effect], axis=0)
            for rate in rates[near][::12]
        ]
    )
    controls = binom.pmf(np.arange(26), 25, rates[near][::12, None])
    weight = mass[near][::12]
    expected = np.einsum("k,ki,ij,kj->", weight / weight.sum(), controls, success.astype(float), given)
    assert evaluate(trial).assurance == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("scale", ["rd", "or"])
def test_swapping_the_arms_and_the_side_mirrors_everything(scale: str) -> None:
    margin = {"rd": -0.03, "or": 0.9}[scale]
    other = -margin if scale == "rd" else 1 / margin
    p0, p1 = 0.35, 0.2
    control = BetaMixture((1.0,), (4.0,), (7.0,))
    treated = BetaMixture((1.0,), (2.0,), (7.0,))
    one = design(
        20, 31, TwoRates(control, treated), Rule("lower", scale, margin, better="lower"),  # type: ignore[arg-type]
        truths=(at(p0, p1),), design_prior=TwoRates(control, treated), baseline=p0,
    )  # fmt: skip
    two = design(
        31, 20, TwoRates(treated, control), Rule("higher", scale, other, better="higher"),  # type: ignore[arg-type]
        truths=(at(p1, p0),), design_prior=TwoRates(treated, control),
        baseline=p0 + margin if scale == "rd" else float(expit(logit(p0) + np.log(margin))),
    )  # fmt: skip
    first, second = evaluate(one), evaluate(two)
    assert successes(one)["lower"].tolist() == successes(two)["higher"].T.tolist()
    for name in ("assurance", "type_1_error", "power", "evsi"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=1e-6), name
    assert first.expected_width == pytest.approx(second.expected_width, rel=5e-4)
    assert evpi(one) == pytest.approx(evpi(two), abs=1e-7)


def test_mirrored_contrast_counts_events_of_the_other_kind() -> None:
    """Non-events instead of events: lower becomes higher, and nothing else changes."""
    one = design(15, 22, contrast("normal(-0.3,0.7)"), Rule("lower", "or", 0.9))
    two = design(15, 22, contrast("normal(0.3,0.7)"), Rule("higher", "or", 1 / 0.9))
    below, above = 1 - probability_above(one, 0.9), probability_above(two, 1 / 0.9)
    assert below == pytest.approx(above[::-1, ::-1], abs=1e-7)


def test_a_trial_of_nobody_gives_the_prior() -> None:
    for prior in (contrast("normal(-0.4,0.5)"), TwoRates(PUBLISHED, UNIFORM)):
        trial = design(0, 0, prior, Rule("lower", better="lower"))
        found = evaluate(trial)
        chance = LogitPairs.of(prior, 0, 0).prior_above("rd", 0.0)
        assert probability_above(trial, 0.0) == pytest.approx(chance, abs=1e-12)
        assert (found.assurance, found.type_1_error, found.evsi) == (0.0, 0.0, 0.0)
        assert found.predictive["mean"] == pytest.approx(1 - chance)
    exact = norm.cdf(0, -0.4, 0.5)
    assert 1 - LogitPairs.of(contrast("normal(-0.4,0.5)"), 0, 0).prior_above("or", 1.0) == pytest.approx(
        exact, abs=1e-8
    )
    assert LogitPairs.of(TwoRates(PUBLISHED, UNIFORM), 0, 0).prior_above("rd", 0.0) == pytest.approx(
        1 - PUBLISHED.mean(), abs=1e-8
    )


def test_the_posterior_probability_keeps_its_prior_mean() -> None:
    """Where the design prior is the prior of the analysis, P(benefit) is a martingale."""
    prior = TwoRates(PUBLISHED, BetaMixture((1.0,), (3.0,), (8.0,)))
    trial = design(30, 45, prior, Rule("lower", margin=-0.05, better="lower"), design_prior=prior)
    before = 1 - LogitPairs.of(prior, 0, 0).prior_above("rd", -0.05)
    found = evaluate(trial).predictive
    assert found["mean"] == pytest.approx(before, abs=1e-7)
    assert sum(found["histogram"]) == pytest.approx(1.0)
    assert found["quantiles"]["0.05"] < found["quantiles"]["0.5"] < found["quantiles"]["0.95"]


def test_conclusions_of_a_grey_zone_share_out_every_outcome() -> None:
    truths = (at(0.3, 0.12, "a"), at(0.3, 0.3, "b"))
    graded = evaluate(design(50, 50, rule=Rule("lower", no_go=0.4, better="lower"), truths=truths))
    either = evaluate(design(50, 50, rule=Rule("both", margin=0.02, better="lower"), truths=truths))
    for found in (graded, either):
        for chances in found.conclusions.values():
            assert sum(chances.values()) == pytest.approx(1.0)
            assert all(chance > 0 for chance in chances.values())
    assert set(graded.conclusions["a"]) == {"success", "no_go", "grey_zone"}
    assert graded.conclusions["a"]["success"] == graded.power["a"]
    assert graded.no_go_boundary is not None
    assert all(no > yes for no, yes in zip(graded.no_go_boundary, graded.boundary, strict=True))
    assert either.power["a"] == pytest.approx(either.conclusions["a"]["lower"] + either.conclusions["a"]["higher"])
    one_sided = evaluate(design(50, 50, rule=Rule("lower", margin=-0.02), truths=truths))
    assert either.conclusions["a"]["lower"] == one_sided.power["a"]


def test_the_boundary_is_where_the_decision_changes() -> None:
    lower, higher = (design(18, 25, rule=Rule(side)) for side in ("lower", "higher"))  # type: ignore[arg-type]
    below, above = successes(lower)["lower"], successes(higher)["higher"]
    for y0, (most, fewest) in enumerate(zip(evaluate(lower).boundary, evaluate(higher).boundary, strict=True)):
        assert below[y0].tolist() == [y1 <= most for y1 in range(26)]
        assert above[y0].tolist() == [y1 >= fewest for y1 in range(26)]
    both = evaluate(design(18, 25, rule=Rule("both"))).boundary
    assert both == [list(pair) for pair in zip(evaluate(lower).boundary, evaluate(higher).boundary, strict=True)]


def test_more_is_never_easier_to_show() -> None:
    """A stricter threshold or margin shrinks the set of outcomes with which the trial succeeds."""
    loose = successes(design(30, 30, rule=Rule("lower", threshold=0.9)))["lower"]
    strict = successes(design(30, 30, rule=Rule("lower", threshold=0.975)))["lower"]
    farther = successes(design(30, 30, rule=Rule("lower", margin=-0.1, threshold=0.9)))["lower"]
    assert loose.sum() > strict.sum() > 0
    assert loose.sum() > farther.sum() > 0
    assert not (strict & ~loose).any()
    assert not (farther & ~loose).any()


@pytest.mark.parametrize("scale", ["rd", "or"])
def test_widths_are_those_of_the_engines_intervals(scale: str) -> None:
    n0, n1 = 50, 50
    found = widths(contrast(), n0, n1, scale)  # type: ignore[arg-type]
    name = {"rd": "risk_difference", "or": "log_odds_ratio"}[scale]
    for y0, y1 in ((10, 15), (1, 3), (0, 4), (25, 25), (2, 17), (13, 40)):
        own = fit(spec(pooling="complete"), ModelData("x", (study("A", (y0, n0), (y1, n1)),))).study["A"][name]
        lower, upper = own.quantile([0.025, 0.975])
        assert found[y0, y1] == pytest.approx(float(upper - lower), rel=2e-3), (y0, y1)


def test_the_expected_width_averages_over_the_predictive_distribution() -> None:
    trial = design(20, 20)
    each = widths(trial.analysis, 20, 20, "rd")
    chances, _ = predicted(trial)
    assert evaluate(trial).expected_width == pytest.approx(float((chances * each).sum()))
    assert evaluate(replace(trial, width=False)).expected_width is None
    assert evaluate(design(80, 80)).expected_width < evaluate(trial).expected_width  # type: ignore[operator]


@pytest.mark.parametrize(("n", "ratio", "treated"), [(6, 4, 24), (5, 0.5, 3), (3, 0.5, 2), (10, 1, 10)])
def test_treated_patients_are_rounded_half_up(n: int, ratio: float, treated: int) -> None:
    assert treated_patients(n, ratio) == treated
