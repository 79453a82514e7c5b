"""What the compiled models draw at random follows the probabilities that they compute."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from reanalysis.engines.arrays import log_shares
from reanalysis.engines.nuts.models.all_cohort import benchmark_logp
from reanalysis.engines.nuts.models.exnex import mixed_report_logp
from reanalysis.engines.prediction import draw_benchmark, draw_mixed_report

N = np.array([[2.0, 1.0], [2.0, 0.0]])  # the first arm's denominator is 2 or 1, the second's is 2
LOG_WEIGHT = np.log([[0.6, 0.4], [1.0, 1e-300]])
LOGIT, APART, RHO = np.array([0.5, -0.3]), np.array([-1.2, 1.4]), np.array([0.0, 0.1])


def interpreted(logp: Callable[..., Any], *arguments: np.ndarray) -> Callable[[np.ndarray], float]:
    """A compiled model's log probability as a function of the value alone, without compiling it."""
    import pytensor
    import pytensor.tensor as pt

    value = pt.tensor("value", shape=(None,) * arguments[0].ndim, dtype="float64")
    mode = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    function = pytensor.function([value], logp(value, *(pt.constant(a) for a in arguments)), mode=mode)
    return lambda at: float(function(at))


def agree(probability: dict[Any, float], seen: list[Any]) -> None:
    assert sum(probability.values()) == pytest.approx(1.0, abs=1e-9)
    counts = np.array([seen.count(key) for key in probability])
    assert counts.sum() == len(seen)
    assert stats.chisquare(counts, len(seen) * np.array(list(probability.values()))).pvalue > 1e-4


@pytest.mark.parametrize("w", [0.0, 0.35, 1.0])
def test_prints_of_a_study_that_may_stand_alone(w: float) -> None:
    log_mix = log_shares(w)
    log_probability = interpreted(mixed_report_logp, N, LOG_WEIGHT, LOGIT, APART, RHO, log_mix)
    expected = {}
    for (slot, x), y in product([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)], range(3)):
        value = np.full((2, 2), -1.0)
        value[0, slot], value[1, 0] = x, y
        expected[slot, x, y] = np.exp(log_probability(value))
    draws = 20_000
    many = (np.tile(a, (draws, 1)) for a in (LOGIT, APART))
    drawn = draw_mixed_report(N, LOG_WEIGHT, *many, RHO, log_mix, np.random.default_rng(2))
    slots = np.argmax(drawn[:, 0] >= 0, axis=1)
    agree(expected, [(int(s), int(d[0, s]), int(d[1, 0])) for d, s in zip(drawn, slots, strict=True)])


@pytest.mark.parametrize("w", [0.0, 0.4, 1.0])
def test_prints_of_a_benchmark_that_may_be_wrong(w: float) -> None:
    """A benchmark that does not share the study's baseline has one of its own from the vague prior."""
    vague, baseline, n = np.array([-0.2, 1.5]), np.array(1.1), np.array([3.0])
    grid = np.linspace(-12, 12, 4001)
    mass = stats.norm.pdf(grid, *vague)
    expected = {}
    for x in range(4):
        evidence = float(mass @ stats.binom.pmf(x, 3, 1 / (1 + np.exp(-grid))) / mass.sum())
        arguments = (n, np.zeros(1), baseline, np.array(0.0), log_shares(w), np.log(evidence), vague)
        expected[x] = np.exp(interpreted(benchmark_logp, *map(np.asarray, arguments))(np.array([float(x)])))
    drawn = draw_benchmark(
        n, np.zeros(1), np.full(20_000, baseline), np.array(0.0), log_shares(w), np.array(0.0), vague,
        np.random.default_rng(3),
    )  # fmt: skip
    agree(expected, [int(x) for x in drawn[:, 0]])
