"""Information is worth what it changes: nothing where no outcome changes a decision, never more than certainty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from decisions.test_next_trial import PUBLISHED, contrast, effect
from reanalysis.decisions.logit_pairs import LogitPairs
from reanalysis.decisions.next_trial import evaluate, evpi
from reanalysis.decisions.trial_design import Design, Rule
from reanalysis.decisions.trial_priors import ControlAndEffect, TrialPrior
from reanalysis.decisions.value_of_information import (
    expected_value,
    normal_information,
    perfect_information,
    sample_information,
)


def trial(n: int, known: TrialPrior, better: str = "lower", worthwhile: float = 0.0) -> Design:
    rule = Rule(better, better=better)  # type: ignore[arg-type]
    return Design(n, n, contrast(), rule, known, 0.3, worthwhile=worthwhile, width=False)


def test_the_published_normal_example() -> None:
    """Net benefit p1 - p2 with p1 ~ N(1, 1), p2 ~ N(0, 4): EVPI, EVPPI of p1, and EVSI of n observations of p1."""
    assert normal_information(1.0, np.sqrt(5.0)) == pytest.approx(0.4798107063, abs=1e-10)
    assert normal_information(1.0, 1.0) == pytest.approx(0.0833154706, abs=1e-10)
    for n, value in ((10, 0.0723251), (100, 0.0821176), (1000, 0.0831946)):
        assert normal_information(1.0, 1 / np.sqrt(1 + 1 / n)) == pytest.approx(value, abs=1e-7)
    assert normal_information(-1.0, 1.0) == normal_information(1.0, 1.0)


def test_sample_information_of_a_normal_value_agrees_with_the_formula() -> None:
    """The preposterior mean in narrow classes is as good as a trial with so many outcomes."""
    edges = np.linspace(-9, 11, 20_001)
    mass = np.diff(norm.cdf(edges, 1.0, np.sqrt(10 / 11)))
    value = mass * 0.5 * (edges[1:] + edges[:-1])
    assert sample_information(value) == pytest.approx(normal_information(1.0, np.sqrt(10 / 11)), abs=1e-6)


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("worthwhile", [0.0, 0.03])
def test_perfect_information_is_the_expected_gain_over_todays_choice(better: str, worthwhile: float) -> None:
    known = ControlAndEffect(0.3, effect("normal(-0.2,0.6)"))
    shift = np.linspace(-6, 6, 200_001)
    weight = norm.pdf(shift, -0.2, 0.6)
    sign = -1 if better == "lower" else 1
    value = sign * (expit(logit(0.3) + shift) - 0.3) - worthwhile
    exact = weight @ np.maximum(value, 0) / weight.sum() - max(0.0, weight @ value / weight.sum())
    assert evpi(trial(50, known, better, worthwhile)) == pytest.approx(exact, abs=1e-7)


@pytest.mark.parametrize(
    "known",
    [
        ControlAndEffect(0.3, effect("normal(-0.1,0.5)")),
        ControlAndEffect(PUBLISHED, effect("normal(0.2,0.8)")),
    ],
    ids=["one control rate", "a MAP prior"],
)
@pytest.mark.parametrize("worthwhile", [0.0, 0.02])
def test_sample_information_grows_and_stays_below_perfect(known: TrialPrior, worthwhile: float) -> None:
    found = [evaluate(trial(n, known, worthwhile=worthwhile)).evsi for n in (5, 20, 80, 250)]
    limit = evpi(trial(80, known, worthwhile=worthwhile))
    assert all(value is not None for value in found)
    assert limit is not None
    assert found == sorted(found)  # type: ignore[type-var]
    assert 0 < found[0] < found[-1] < limit  # type: ignore[operator]
    assert found[-1] > 0.7 * limit  # type: ignore[operator]


def test_a_trial_whose_outcomes_change_no_decision_is_worth_nothing() -> None:
    sure = ControlAndEffect(0.3, effect("normal(-2,0.1)"))
    assert evaluate(trial(10, sure)).evsi == 0.0
    assert evaluate(trial(10, sure, "higher")).evsi == 0.0
    unsure = ControlAndEffect(0.3, effect("normal(-0.6,0.5)"))
    assert evaluate(trial(1, unsure)).evsi == 0.0
    assert evaluate(trial(100, unsure)).evsi > 0.0  # type: ignore[operator]


def test_without_a_good_side_there_is_no_value() -> None:
    open_ended = replace(trial(10, ControlAndEffect(0.3, effect("normal(0,1)"))), rule=Rule("both"))
    assert evaluate(open_ended).evsi is None
    assert evpi(open_ended) is None


def test_what_one_side_gains_the_other_gains_as_well() -> None:
    """E max(0, v) - max(0, E v) is the same for v and for -v."""
    pairs = LogitPairs.of(ControlAndEffect(PUBLISHED, effect("normal(0.2,0.8)")), 30, 30)
    assert perfect_information(pairs, 1, 0.0) == pytest.approx(perfect_information(pairs, -1, 0.0), abs=1e-12)
    assert expected_value(pairs, 1, 0.0) == -expected_value(pairs, -1, 0.0)
