"""Several endpoints at once: correlations from partial correlations, and a denominator summed outside the product."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma, expit

from evidence.folders import ANAKINRA, folder
from reanalysis.engines.nuts.models.joint import (
    cholesky,
    fixed_cholesky,
    joint_arrays,
    joint_report_logp,
    pairs,
    partial_prior,
)
from reanalysis.engines.prediction import draw_joint_report
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import JointData
from reanalysis.model.selection import default_spec, select

SHARED = (
    "study,arm,endpoint,events,n,percent\n"
    "A,control,orr,,,80\nA,control,cr,,,50\nA,control,icans,7,30,\n"
    "A,treated,orr,,,74\nA,treated,cr,,,42\nA,treated,icans,9,30,\n"
    "B,control,orr,20,40,\nB,control,cr,10,40,\nB,treated,orr,22,41,\nB,treated,cr,12,41,\n"
)
"""A responded in 80 % and 50 %, and in 74 % and 42 %, of unprinted numbers of patients."""

TOML = "".join(f"[endpoints.{e}]\n" for e in ("orr", "icans", "cr")) + (
    "[studies.A.denominator.control]\nn_max = 30\nweight = { 20 = 0.5 }\n[studies.A.denominator.treated]\nn_max = 19\n"
)
"""Response and complete response are entered together, for nothing says that one is part of the other."""


def joint(tmp_path: Path) -> JointData:
    evidence = read_evidence(folder(tmp_path, SHARED, toml=TOML))
    data = select(evidence, default_spec(evidence, "joint"), "orr").data
    assert isinstance(data, JointData)
    return data


@cache
def compiled():
    """The compiled model's own expression as a function, interpreted: compiling it takes longer than all its calls."""
    import pytensor
    import pytensor.tensor as pt

    candidates = [pt.tensor(name, shape=(None,) * 5, dtype="float64") for name in ("value", "n", "log_weight")]
    rest = [pt.tensor(name, shape=(None,) * 3, dtype="float64") for name in ("logit", "rho", "size", "shares")]
    result = joint_report_logp(*candidates, *rest)
    mode = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    return pytensor.function([*candidates, *rest], result, mode=mode)


def log_probability(arrays: dict[str, np.ndarray], logit: np.ndarray) -> np.ndarray:
    """Of all prints of each study's arm; logit of shape (slots, 2, E)."""
    names = ("slot_events", "slot_n", "slot_log_weight")
    rest = (arrays[name] for name in ("rho", "size_log_weight", "shares"))
    return compiled()(*(arrays[name] for name in names), logit, *rest)


def test_a_shared_denominator_is_summed_outside_the_product(tmp_path: Path) -> None:
    """Against enumeration of every denominator and every pair of counts."""
    data = joint(tmp_path)
    assert data.endpoints == ("orr", "icans", "cr")
    control, treated = data.shared
    assert (control.study, control.arm, control.endpoints) == ("A", "control", ("orr", "cr"))
    assert {n: w for n, w in zip(control.n, control.weight, strict=True) if n == 20} == {20.0: 0.5}
    assert treated.n == (19.0,)  # 14 and 8 of 19: nothing else prints as 74 % and 42 %
    logit = np.random.default_rng(3).normal(size=(3, 2, 3))
    found = log_probability(joint_arrays(default_spec_of_joint(), data, 3), logit)
    p = expit(logit[0, 0])
    total = 0.0
    for n, weight in zip(control.n, control.weight, strict=True):
        each = [
            sum(stats.binom.pmf(x, n, p[e]) for x in range(int(n) + 1) if np.floor(100 * x / n + 0.5) == percent)
            for e, percent in ((0, 80), (2, 50))
        ]
        total += weight * each[0] * each[1]
    expected = np.log(total) + stats.binom.logpmf(7, 30, p[1])
    assert found[0, 0] == pytest.approx(expected, abs=1e-9)
    # another arm shares nothing: the plain product
    b = expit(logit[1, 1])
    assert found[1, 1] == pytest.approx(
        stats.binom.logpmf(22, 41, b[0]) + stats.binom.logpmf(12, 41, b[2]), abs=1e-9
    )  # fmt: skip
    # a padded study adds exactly nothing
    assert found[2] == pytest.approx([0, 0], abs=0)


def test_the_product_of_sums_would_be_another_number(tmp_path: Path) -> None:
    data = joint(tmp_path)
    spec = default_spec_of_joint()
    logit = np.full((3, 2, 3), 0.3)
    together = log_probability(joint_arrays(spec, data, 3), logit)
    apart = log_probability(joint_arrays(spec, JointData("orr", data.studies, data.parts, ()), 3), logit)
    assert abs(together[0, 0] - apart[0, 0]) > 0.01
    assert together[0, 1] == pytest.approx(apart[0, 1], abs=1e-9)  # one denominator is no sum


@pytest.mark.slow
def test_random_prints_follow_their_probabilities() -> None:
    """Every print of two endpoints that share an n of 1 or 2, and a third on its own."""
    n = np.array([[[1.0, 0], [2, 0]], [[1, 0], [2, 0]], [[2, 0], [0, 0]]])
    log_weight = np.array([[[0.0, -1e6], [0, -1e6]], [[0, -1e6], [0, -1e6]], [[0, -1e6], [-1e6, -1e6]]])
    size_log_weight, shares = np.log([0.3, 0.7]), np.array([1.0, 1, 0])
    logit, rho = np.array([0.4, -0.7, 0.1]), np.array([0.0, 0.2, 0.0])

    def probability(values: np.ndarray) -> float:
        one_arm = (a[None, None] for a in (values, n, log_weight, logit, rho, size_log_weight, shares))
        return float(np.exp(compiled()(*one_arm)[0, 0]))

    expected = {}
    for k, size in enumerate((1, 2)):
        for x, y, z in product(range(size + 1), range(size + 1), range(3)):
            values = np.full((3, 2, 2), -1.0)
            values[0, k, 0], values[1, k, 0], values[2, 0, 0] = x, y, z
            expected[k, x, y, z] = probability(values)
    assert sum(expected.values()) == pytest.approx(1.0, abs=1e-12)
    count = 40_000
    drawn = draw_joint_report(
        n, log_weight, np.tile(logit, (count, 1)), rho, size_log_weight, shares, np.random.default_rng(5)
    )
    assert drawn.shape == (count, 3, 2, 2)
    k = np.argmax(drawn[:, 0, :, 0] >= 0, axis=1)
    assert (drawn[np.arange(count), 1, k, 0] >= 0).all()  # both endpoints have the same denominator
    seen: dict[tuple[int, ...], int] = {}
    for row, at in zip(drawn, k, strict=True):
        key = (int(at), int(row[0, at, 0]), int(row[1, at, 0]), int(row[2, 0, 0]))
        seen[key] = seen.get(key, 0) + 1
    observed = np.array([seen.get(key, 0) for key in expected])
    assert stats.chisquare(observed, count * np.array(list(expected.values()))).pvalue > 1e-4


def default_spec_of_joint():
    return default_spec(read_evidence(ANAKINRA), "joint")


@pytest.mark.parametrize("endpoints", [2, 3, 5])
def test_partial_correlations_give_the_lkj_distribution(endpoints: int) -> None:
    """Under LKJ(2) every correlation of E has the distribution Beta(1 + E / 2, 1 + E / 2) on (-1, 1)."""
    b = partial_prior(endpoints)
    u = np.random.default_rng(7).beta(b, b, size=(20_000, len(b)))
    factor = cholesky(u, endpoints)
    omega = factor @ np.swapaxes(factor, -1, -2)
    assert np.einsum("nii->ni", omega) == pytest.approx(np.ones((20_000, endpoints)), abs=1e-12)
    shape = 2 + (endpoints - 2) / 2
    for i, j in pairs(endpoints):
        assert stats.kstest(omega[:, i, j], stats.beta(shape, shape, -1, 2).cdf).pvalue > 1e-4
    sign, log_determinant = np.linalg.slogdet(omega)
    assert (sign > 0).all()
    # LKJ(2) is proportional to the determinant: its mean log determinant in closed form, by column
    expected = sum(2 * (digamma(c) - digamma(2 * c)) + 2 * np.log(2) for c in b)
    assert log_determinant.mean() == pytest.approx(expected, abs=5 * log_determinant.std() / np.sqrt(20_000))


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_fixed_correlations_are_those_asked_for(correlation: float) -> None:
    factor = fixed_cholesky(correlation, 4)
    omega = factor @ factor.T
    assert omega == pytest.approx(np.where(np.eye(4) > 0, 1.0, correlation), abs=1e-12)


def test_the_anakinra_endpoints_are_those_of_the_question() -> None:
    evidence = read_evidence(ANAKINRA)
    spec = default_spec(evidence, "joint")
    four = ("icans_any", "crs_any", "infection_g3", "cr")
    for endpoint in four:
        found = select(evidence, spec, endpoint).data
        assert isinstance(found, JointData)
        assert (found.endpoint, found.endpoints) == (endpoint, four)


@pytest.mark.parametrize(("endpoint", "without"), [("icans_g3", "icans_any"), ("orr", "cr")])
def test_nested_endpoints_are_not_both_entered(endpoint: str, without: str) -> None:
    evidence = read_evidence(ANAKINRA)
    found = select(evidence, default_spec(evidence, "joint"), endpoint).data
    assert isinstance(found, JointData)
    assert endpoint in found.endpoints
    assert without not in found.endpoints
