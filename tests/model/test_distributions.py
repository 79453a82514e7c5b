"""Priors as they are written: the same distributions as scipy's, and errors that say what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from reanalysis.model.distributions import Distribution


@dataclass(frozen=True)
class Half:
    """The absolute value of a distribution that is symmetric around 0."""

    whole: Any

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        return np.where(x >= 0, self.whole.logpdf(x) + np.log(2), -np.inf)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return 1 - 2 * self.whole.sf(x)

    def ppf(self, probability: float) -> float:
        return float(self.whole.isf(0.5 - 0.5 * probability))

    def isf(self, probability: float) -> float:
        return float(self.whole.isf(0.5 * probability))

    def mean(self) -> float:
        return integrate.quad(lambda x: 2 * x * self.whole.pdf(x), 0, np.inf)[0]

    def std(self) -> float:
        return float(np.sqrt(self.whole.var() - self.mean() ** 2))

    def support(self) -> tuple[float, float]:
        return 0.0, np.inf


CASES: list[tuple[str, Any]] = [
    ("normal(0.3, 1.7)", stats.norm(0.3, 1.7)),
    ("halfnormal(0.5)", stats.halfnorm(0, 0.5)),
    ("exponential(4)", stats.expon(0, 0.25)),
    ("lognormal(-0.935, 0.76)", stats.lognorm(0.76, 0, np.exp(-0.935))),
    ("logistic(0.2, 1.3)", stats.logistic(0.2, 1.3)),
    ("uniform(-1, 3)", stats.uniform(-1, 4)),
    ("student_t(4, 0.3, 0.57)", stats.t(4, 0.3, 0.57)),
    ("inverse_gamma(2.91, 0.66)", stats.invgamma(2.91, 0, 0.66)),
    ("halfcauchy(0.5)", stats.halfcauchy(0, 0.5)),
    ("half_student_t(3, 0.7)", Half(stats.t(3, 0, 0.7))),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_it_is_the_distribution_of_that_name(text: str, expected: Any) -> None:
    found = Distribution.parse(text)
    x = np.linspace(-3.5, 6, 39)
    assert found.logpdf(x) == pytest.approx(expected.logpdf(x), abs=1e-12)
    assert [found.mean, found.sd] == pytest.approx([expected.mean(), expected.std()])
    for probability in (1e-12, 0.025, 0.5, 0.975):
        assert found.quantile(probability) == pytest.approx(expected.ppf(probability))
    for probability in (1e-40, 1e-10, 0.5):
        assert found.tail(probability) == pytest.approx(expected.isf(probability))
    assert found.positive == (expected.support()[0] >= 0)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_draws_follow_it(text: str, expected: Any) -> None:
    drawn = Distribution.parse(text).draw(np.random.default_rng(1), (50, 200))
    assert drawn.shape == (50, 200)
    assert stats.kstest(drawn.ravel(), expected.cdf).pvalue > 1e-3
    again = Distribution.parse(text).draw(np.random.default_rng(1), (50, 200))
    assert np.array_equal(drawn, again)


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_densities_integrate_to_one(text: str) -> None:
    found = Distribution.parse(text)
    low, high = found.quantile(1e-12), found.tail(1e-12)
    low, middle, high = np.arcsinh([low, found.quantile(0.5), high])
    total, _ = integrate.quad(
        lambda u: float(np.exp(found.logpdf(np.sinh(u))) * np.cosh(u)), low, high, points=[middle], limit=400
    )
    assert total == pytest.approx(1, abs=1e-7)


numbers = st.integers(-40, 40).map(lambda k: k / 8)
scales = st.integers(1, 40).map(lambda k: k / 8)
written = st.one_of(
    st.tuples(st.just("normal"), st.tuples(numbers, scales)),
    st.tuples(st.just("student_t"), st.tuples(scales, numbers, scales)),
    st.tuples(st.just("inverse_gamma"), st.tuples(scales, scales)),
    st.tuples(st.just("halfnormal"), st.tuples(scales)),
    st.tuples(st.just("exponential"), st.tuples(scales)),
    st.tuples(st.just("lognormal"), st.tuples(numbers, scales)),
    st.tuples(st.just("uniform"), st.tuples(numbers, scales).map(lambda p: (p[0], p[0] + p[1]))),
)


@settings(max_examples=60)
@given(written)
def test_what_is_written_is_read_back(parts: tuple[str, tuple[float, ...]]) -> None:
    family, parameters = parts
    one = Distribution(family, parameters)
    assert Distribution.parse(str(one)) == one
    spaced = f"  {family.upper()} ( {' , '.join(map(str, parameters))} ) "
    assert Distribution.parse(spaced) == one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a distribution; write one of normal"),
        ("cauchy(0,1)", "is not a distribution"),
        ("normal", "is not a distribution"),
        ("normal(0,1", "is not a distribution"),
        ("normal(0,1))", "is not a distribution"),
        ("normal(0)", "needs finite numbers for normal(mean,sd)"),
        ("normal(0,1,2)", "needs finite numbers"),
        ("normal()", "needs finite numbers"),
        ("normal(zero,1)", "needs finite numbers"),
        ("normal(nan,1)", "needs finite numbers"),
        ("halfnormal(inf)", "needs finite numbers for halfnormal(scale)"),
        ("normal(0,0)", "sd must be above 0"),
        ("normal(0,-1)", "sd must be above 0"),
        ("halfnormal(0)", "scale must be above 0"),
        ("exponential(-2)", "rate must be above 0"),
        ("lognormal(0,0)", "sdlog must be above 0"),
        ("uniform(1,1)", "lower must be below upper"),
        ("student_t(0,0,1)", "df must be above 0"),
        ("student_t(0,1)", "needs finite numbers for student_t(df,mean,scale)"),
        ("half_student_t(3,-1)", "scale must be above 0"),
        ("inverse_gamma(0,1)", "shape must be above 0"),
        ("halfcauchy(0)", "scale must be above 0"),
        ("uniform(2,1)", "lower must be below upper"),
    ],
)
def test_what_means_nothing_is_said_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^'") as error:
        Distribution.parse(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
