"""What is simulated is what the likelihood assumes, and it reaches the model through the code that reads prints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import betabinom

from reanalysis.checks.calibration.designs import DESIGNS, Count, Interval, Latent, Percent, Weighted
from reanalysis.checks.calibration.simulate import printed_percent, simulate
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.printing import CONVENTIONS
from reanalysis.model.data import StudyData
from reanalysis.model.spec import ModelSpec


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


def test_designs_have_one_two_three_and_ten_studies_and_every_kind_of_print() -> None:
    assert sorted(len(studies) for studies in DESIGNS.values()) == [1, 2, 3, 10]
    kinds = {type(arm) for studies in DESIGNS.values() for s in studies for arm in (s.control, s.treated)}
    assert kinds == {Count, Percent, Interval, Latent, Weighted}


def test_priors_of_denominators_sum_to_one_and_weighted_arms_are_worth_whole_patients() -> None:
    for studies in DESIGNS.values():
        for arm in (a for s in studies for a in (s.control, s.treated)):
            if isinstance(arm, Latent) and arm.prior:
                assert sum(arm.prior.values()) == pytest.approx(1.0)
                assert max(arm.prior) <= arm.n_max
            if isinstance(arm, Weighted):
                assert arm.effective == arm.k * arm.n


@pytest.mark.parametrize("n", [5, 20, 21, 25, 50])
def test_an_interval_is_a_cell_of_a_partition(n: int) -> None:
    covered = [x for low, high in Interval(n).cells for x in range(low, high + 1)]
    assert covered == list(range(n + 1))


@pytest.mark.parametrize("design", DESIGNS)
def test_studies_reach_the_model_as_printed(evidence: Evidence, spec: ModelSpec, design: str) -> None:
    for replicate in range(5):
        truth, data = simulate(evidence, spec, design, replicate, 1)
        assert data.names == tuple(truth.logits)
        assert data.comparative == data.names
        for study, made in zip(data.studies, DESIGNS[design], strict=True):
            assert study.rho == getattr(evidence.settings.rho, made.design)
            for arm in ("control", "treated"):
                _fits(getattr(study, arm), getattr(made, arm))
        assert np.isfinite(truth.log_likelihood(data))


def _fits(candidates: object, arm: object) -> None:
    sizes, events = set(candidates.n), candidates.events  # type: ignore[attr-defined]
    match arm:
        case Count(n):
            assert len(candidates) == 1  # type: ignore[arg-type]
            assert sizes == {n}
        case Percent(n) | Interval(n):
            assert sizes == {n}
        case Latent(n_max, prior):
            assert sizes <= (set(prior) or set(range(1, n_max + 1)))
        case Weighted():
            assert len(candidates) == 1  # type: ignore[arg-type]
            assert sizes == {arm.effective}
            assert events[0] == pytest.approx(round(events[0]), abs=1e-9)


def test_a_latent_denominator_keeps_the_weights_of_its_prior(evidence: Evidence, spec: ModelSpec) -> None:
    prior = DESIGNS["one study"][0].control.prior  # type: ignore[union-attr]
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


def test_parameters_come_from_the_priors(evidence: Evidence, spec: ModelSpec) -> None:
    truths = [simulate(evidence, spec, "one study", i, 2)[0] for i in range(3000)]
    mu, tau = np.array([t.mu for t in truths]), np.array([t.tau for t in truths])
    control, treated = np.array([t.logits["s00"] for t in truths]).T
    assert np.mean(mu) == pytest.approx(spec.priors.mu.mean, abs=0.08)
    assert np.std(mu) == pytest.approx(spec.priors.mu.sd, rel=0.06)
    assert np.mean(tau) == pytest.approx(spec.priors.tau.mean, rel=0.06)
    assert np.std(control) == pytest.approx(spec.priors.baseline.sd, rel=0.06)
    z = (treated - control - mu) / tau
    assert np.mean(z**2) == pytest.approx(1.0, abs=0.12)
    assert np.corrcoef(control, treated - control)[0, 1] == pytest.approx(0.0, abs=0.08)


def test_counts_are_beta_binomial_given_the_rate(evidence: Evidence, spec: ModelSpec) -> None:
    """The probability integral transform of the counts, at random between their steps, is uniform."""
    rng = np.random.default_rng(9)
    places = []
    for replicate in range(600):
        truth, data = simulate(evidence, spec, "three studies", replicate, 3)
        study: StudyData = data.studies[1]
        assert study.treated is not None
        x, n = study.treated.events[0], study.treated.n[0]
        p, m = expit(truth.logits[study.study][1]), 1 / study.rho - 1
        counts = betabinom(int(n), p * m, (1 - p) * m)
        places.append(counts.cdf(x) - rng.uniform() * counts.pmf(x))
    quantiles = np.quantile(places, [0.1, 0.25, 0.5, 0.75, 0.9])
    assert np.allclose(quantiles, [0.1, 0.25, 0.5, 0.75, 0.9], atol=0.07)


def test_the_risk_difference_is_of_the_true_rates(evidence: Evidence, spec: ModelSpec) -> None:
    truth, _ = simulate(evidence, spec, "one study", 0, 1)
    moved = replace(truth, logits={"s00": (0.0, np.log(3.0))})
    assert moved.risk_difference("s00") == pytest.approx(0.25)
