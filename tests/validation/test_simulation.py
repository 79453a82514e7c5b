"""What is simulated is what the likelihood assumes, and it reaches the model through the code that reads prints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import betabinom

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.printing import CONVENTIONS
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec
from reanalysis.validation.calibration.designs import DESIGNS, Count, Interval, Latent, Percent, Told, Weighted
from reanalysis.validation.calibration.simulate import Truth, _drawn, printed_percent, simulate

SIMULATED = [name for name, design in DESIGNS.items() if not design.again]
"""Designs of studies that nobody reported."""


def drawn(evidence: Evidence, spec: ModelSpec, design: str, count: int, seed: int) -> list[tuple[Truth, Evidence]]:
    """Parameters and prints before any replicate is drawn again."""
    rng = np.random.default_rng(seed)
    return [_drawn(rng, evidence, DESIGNS[design], spec) for _ in range(count)]


@pytest.mark.parametrize(
    ("x", "n", "decimals", "text"),
    [(1, 8, 0, "13"), (1, 8, 1, "12.5"), (7, 7, 1, "100.0"), (0, 9, 0, "0"), (1, 200, 0, "1"), (3, 44, 2, "6.82")],
)
def test_percentages_are_printed_half_up(x: int, n: int, decimals: int, text: str) -> None:
    assert printed_percent(x, n, decimals).text == text


@pytest.mark.parametrize("n", [1, 7, 20, 63, 101])
@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_every_count_is_among_those_that_its_print_allows(n: int, decimals: int) -> None:
    assert all(printed_percent(x, n, decimals).prints(x, n, CONVENTIONS[0]) for x in range(n + 1))


def test_designs_have_one_to_forty_studies_and_every_kind_of_print() -> None:
    assert sorted(len(DESIGNS[name].studies) for name in SIMULATED) == [1, 2, 3, 3, 4, 10, 10, 10, 40]
    kinds = {type(arm) for design in DESIGNS.values() for s in design.studies for arm in (s.control, s.treated)}
    assert kinds == {Count, Percent, Interval, Latent, Told, Weighted}


@pytest.mark.parametrize("design", ["ten rare", "forty rare", "rare, known"])
def test_rare_designs_have_rates_of_one_in_500_to_one_in_50_and_unequal_arms(design: str) -> None:
    made = DESIGNS[design]
    assert made.baseline is not None
    low, high = expit(made.baseline.mean + 1.96 * made.baseline.sd * np.array([-1.0, 1.0]))
    assert (low, high) == (pytest.approx(0.002, rel=0.1), pytest.approx(0.02, rel=0.15))
    ratios = [arm.treated.n / arm.control.n for arm in made.studies]  # type: ignore[union-attr]
    assert min(ratios) == 0.5
    assert max(ratios) >= 3


def test_priors_of_denominators_sum_to_one_and_weighted_arms_are_worth_whole_patients() -> None:
    for design in DESIGNS.values():
        for arm in (a for s in design.studies for a in (s.control, s.treated)):
            if isinstance(arm, Latent) and arm.prior:
                assert sum(arm.prior.values()) == pytest.approx(1.0)
                assert max(arm.prior) <= arm.n_max
            if isinstance(arm, Weighted):
                assert arm.effective == arm.k * arm.n


@pytest.mark.parametrize("n", [5, 20, 21, 25, 50])
def test_an_interval_is_a_cell_of_a_partition(n: int) -> None:
    covered = [x for low, high in Interval(n).cells for x in range(low, high + 1)]
    assert covered == list(range(n + 1))


@pytest.mark.parametrize("design", SIMULATED)
def test_studies_reach_the_model_as_printed(evidence: Evidence, spec: ModelSpec, design: str) -> None:
    for replicate in range(5):
        truth, data = simulate(evidence, spec, design, replicate, 1)
        silent = {study.study for study in data.silent}
        assert {*data.names, *silent} == set(truth.logits)
        assert data.comparative == data.names
        made_by = dict(zip(truth.logits, DESIGNS[design].studies, strict=True))
        for study in data.studies:
            made = made_by[study.study]
            assert study.rho == getattr(evidence.settings.rho, made.design)
            for arm in ("control", "treated"):
                _fits(getattr(study, arm), getattr(made, arm))
        assert np.isfinite(truth.log_likelihood(data))


def _fits(candidates: Candidates, arm: object) -> None:
    sizes, events = set(candidates.n), candidates.events
    match arm:
        case Count(n):
            assert len(candidates) == 1
            assert sizes == {n}
        case Percent(n) | Interval(n):
            assert sizes == {n}
        case Latent(n_max, prior):
            assert sizes <= (set(prior) or set(range(1, n_max + 1)))
        case Weighted():
            assert len(candidates) == 1
            assert sizes == {arm.effective}
            assert events[0] == pytest.approx(round(events[0]), abs=1e-9)


def test_a_latent_denominator_keeps_the_weights_of_its_prior(evidence: Evidence, spec: ModelSpec) -> None:
    prior = DESIGNS["one study"].studies[0].control.prior  # type: ignore[union-attr]
    for replicate in range(20):
        _, data = simulate(evidence, spec, "one study", replicate, 1)
        control = data.studies[0].control
        assert control is not None
        by_size = dict(zip(control.n, control.weight, strict=True))
        ratio = [by_size[n] / prior[int(n)] for n in by_size]
        assert np.allclose(ratio, ratio[0])


def test_a_replicate_is_the_same_in_every_order_and_differs_from_the_next(evidence: Evidence, spec: ModelSpec) -> None:
    first = [simulate(evidence, spec, "two studies", i, 4) for i in (0, 1, 2)]
    again = [simulate(evidence, spec, "two studies", i, 4) for i in (2, 1, 0)][::-1]
    assert first == again
    assert first[0] != first[1]
    assert simulate(evidence, spec, "two studies", 0, 5) != first[0]


@pytest.mark.parametrize(("anchor", "below"), [("midpoint", 0.5), ("control", 0.0)])
def test_parameters_come_from_the_priors(evidence: Evidence, spec: ModelSpec, anchor: str, below: float) -> None:
    spec = replace(spec, anchor=anchor)  # type: ignore[arg-type]
    truths = [truth for truth, _ in drawn(evidence, spec, "one study", 3000, 2)]
    mu, tau = np.array([t.mu for t in truths]), np.array([t.tau for t in truths])
    control, treated = np.array([t.logits["s00"] for t in truths]).T
    baseline = control + below * (treated - control)
    assert np.mean(mu) == pytest.approx(spec.priors.mu.mean, abs=0.08)
    assert np.std(mu) == pytest.approx(spec.priors.mu.sd, rel=0.06)
    assert np.mean(tau) == pytest.approx(spec.priors.tau.mean, rel=0.06)
    assert np.std(baseline) == pytest.approx(spec.priors.baseline.sd, rel=0.06)
    z = (treated - control - mu) / tau
    assert np.mean(z**2) == pytest.approx(1.0, abs=0.12)
    assert np.corrcoef(baseline, treated - control)[0, 1] == pytest.approx(0.0, abs=0.08)


def test_a_design_may_have_baselines_of_its_own(evidence: Evidence, spec: ModelSpec) -> None:
    """Fitted with them where the design says so, with the specification's prior where not."""
    logits = [pair for truth, _ in drawn(evidence, spec, "ten rare", 200, 3) for pair in truth.logits.values()]
    assert np.mean(logits) == pytest.approx(-5.0, abs=0.06)
    assert np.std(np.mean(logits, axis=1)) == pytest.approx(0.6, rel=0.06)
    rare = Distribution("normal", (-5.0, 0.6))
    assert DESIGNS["rare, known"].fitted(spec).priors.baseline == rare
    assert DESIGNS["ten rare"].fitted(spec) == spec
    assert DESIGNS["one study"].fitted(spec) == spec


@pytest.mark.parametrize("design", ["one study", "three studies", "rare, known"])
def test_studies_that_say_nothing_are_drawn_again_where_the_fitted_prior_is_theirs(
    evidence: Evidence, spec: ModelSpec, design: str
) -> None:
    for i in range(10):
        assert len(simulate(evidence, spec, design, i, 6)[1].studies) == len(DESIGNS[design].studies)


def test_studies_that_say_nothing_stay_out_of_the_fit_where_the_prior_is_not_theirs(
    evidence: Evidence, spec: ModelSpec
) -> None:
    found = [simulate(evidence, spec, "forty rare", i, 6)[1] for i in range(10)]
    assert all(0 < len(data.silent) < 40 and len(data.silent) + len(data.studies) == 40 for data in found)


def test_counts_are_beta_binomial_given_the_rate(evidence: Evidence, spec: ModelSpec) -> None:
    """The probability integral transform of the counts, at random between their steps, is uniform."""
    rng = np.random.default_rng(9)
    places = []
    spec = replace(spec, priors=replace(spec.priors, baseline=Distribution("normal", (0.0, 1.5))))
    for truth, made in drawn(evidence, spec, "three studies", 600, 3):
        (row,) = (row for row in made.arms if (row.study, row.arm) == ("s01", "treated"))
        assert row.events is not None
        assert row.n is not None
        p, m = expit(truth.logits["s01"][1]), 1 / evidence.settings.rho.historical - 1
        counts = betabinom(row.n, p * m, (1 - p) * m)
        places.append(counts.cdf(row.events[0]) - rng.uniform() * counts.pmf(row.events[0]))
    quantiles = np.quantile(places, [0.1, 0.25, 0.5, 0.75, 0.9])
    assert np.allclose(quantiles, [0.1, 0.25, 0.5, 0.75, 0.9], atol=0.07)


def test_the_risk_difference_is_of_the_true_rates(evidence: Evidence, spec: ModelSpec) -> None:
    truth, _ = simulate(evidence, spec, "one study", 0, 1)
    moved = replace(truth, logits={"s00": (0.0, np.log(3.0))})
    assert moved.risk_difference("s00") == pytest.approx(0.25)
