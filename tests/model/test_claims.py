"""Claims as sets of pairs of counts: which pairs a claim allows, of which arms, and which studies it stands for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.contrasts import CLAIMS, Claim
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.claims import Claims, allowed, allowed_pairs
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Flags

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"
ARMS = "study,arm,endpoint,events,n,percent,weighting,use,reason"
FIGURES = "A,control,x,9,30,,,,\nA,treated,x,6,30,,,,"
"""A study that compares both arms of x in figures."""


def pairs(claim: Claim, n: int, m: int, alpha: float = 0.05, points: float = 10.0) -> Flags:
    x, y = np.arange(n + 1.0)[:, None], np.arange(m + 1.0)[None, :]
    return allowed_pairs(claim, x, np.full_like(x, n), y, np.full_like(y, m), alpha, points)


def folder(where: Path, arms: str, claims: str, toml: str = "") -> Evidence:
    (where / "arms.csv").write_text(f"{ARMS}\n{FIGURES}\n{arms}")
    (where / "contrasts.csv").write_text(f"study,endpoint,p,claim,use,reason\n{claims}")
    (where / "analysis.toml").write_text(toml)
    return read_evidence(where)


def found_in(evidence: Evidence, **changed: object) -> Claims:
    spec = replace(default_spec(evidence), words=True, **changed)  # type: ignore[arg-type]
    return claims_in(evidence, spec, "x")


def claims_in(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Claims:
    selection = select(evidence, replace(spec, words=True), endpoint)
    told = tuple(study for study in selection.data.studies if study.told is not None)
    return Claims(told, selection.unheard)


@pytest.mark.parametrize(("n", "m"), [(20, 25), (7, 40), (1, 1)])
def test_a_difference_is_told_where_the_chi_square_test_of_scipy_finds_one(n: int, m: int) -> None:
    found = {claim: pairs(claim, n, m) for claim in CLAIMS}
    for x in range(n + 1):
        for y in range(m + 1):
            table = np.array([[x, n - x], [y, m - y]])
            tested = bool((table.sum(axis=0) > 0).all()) and chi2_contingency(table, correction=False).pvalue <= 0.05
            assert found["no difference"][x, y] == (not tested)
            assert found["lower"][x, y] == (tested and y * n < x * m)
            assert found["higher"][x, y] == (tested and y * n > x * m)


def test_similar_rates_lie_within_the_points_and_the_edge_is_within() -> None:
    assert pairs("similar", 20, 10)[10].tolist() == [y in (4, 5, 6) for y in range(11)]
    assert pairs("similar", 20, 10, points=9.9)[10].tolist() == [y == 5 for y in range(11)]


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.001, 0.5))
def test_every_pair_is_lower_or_higher_or_no_difference_and_swapping_arms_swaps_sides(
    n: int, m: int, alpha: float
) -> None:
    each = [pairs(claim, n, m, alpha) for claim in ("lower", "higher", "no difference")]
    assert (np.sum(each, axis=0) == 1).all()
    assert (pairs("lower", n, m, alpha) == pairs("higher", m, n, alpha).T).all()
    assert (pairs("similar", n, m) == pairs("similar", m, n).T).all()


def test_an_arm_that_reports_nothing_has_every_count_of_its_size_elsewhere(tmp_path: Path) -> None:
    arms = (
        "B,control,z,3,40,,,,\nB,control,w,3,40,,,,\nB,control,v,3,41,,,,\nB,treated,z,2,20,,,,\nB,treated,x,4,20,,,,"
    )
    (one,) = found_in(folder(tmp_path, arms, "B,x,,no difference,context,words")).counted
    assert one.control.events == tuple(map(float, range(41)))
    assert set(one.control.n) == {40.0}
    assert one.treated.events == (4.0,)
    assert one.told is not None
    assert one.told.claims == ("no difference",)


def test_a_weighted_study_has_its_effective_size(tmp_path: Path) -> None:
    arms = "B,control,z,,110,23.4,iptw,,\nB,treated,z,,61,39.6,iptw,,"
    toml = '[studies.B]\ndesign = "weighted"\nk = 0.75\n'
    evidence = folder(tmp_path, arms, "B,x,,no difference,context,words", toml)
    (one,) = found_in(evidence).counted
    assert (len(one.control), len(one.treated), one.rho) == (84, 47, 0.01)
    (whole,) = found_in(evidence, k=1.0).counted
    assert (len(whole.control), len(whole.treated)) == (111, 62)


def test_a_size_that_is_not_printed_keeps_the_weights_of_its_prior() -> None:
    evidence = read_evidence(ANAKINRA)
    spec = default_spec(evidence)
    phase1 = next(one for one in claims_in(evidence, spec, "crs_any").counted if one.study == "phase1")
    weight = dict(zip(phase1.control.n, phase1.control.weight, strict=True))
    assert weight[20.0] == 0.6
    assert sum(weight.values()) == pytest.approx(1)
    assert len(phase1.control) == sum(n + 1 for n in weight)
    assert phase1.treated.events == (19.0,)
    fixed = replace(spec, denominators=(("phase1/control", 40),))
    known = next(one for one in claims_in(evidence, fixed, "crs_any").counted if one.study == "phase1")
    assert set(known.control.n) == {40.0}


def test_a_study_with_figures_of_both_arms_is_never_counted_twice(tmp_path: Path) -> None:
    arms = "B,control,x,4,20,,,,\nB,treated,x,3,20,,,,\nC,control,x,0,20,,,,\nC,treated,x,0,20,,,,"
    words = "A,x,,similar,context,words\nB,x,,no difference,context,words\nC,x,,similar,context,words"
    assert found_in(folder(tmp_path, arms, words)) == Claims((), ())


@pytest.mark.parametrize(
    "row", ["B,x,0.3,no difference,context,figures", "B,x,,similar,excluded,elsewhere", "B,y,,similar,context,words"]
)
def test_no_other_claim_counts(tmp_path: Path, row: str) -> None:
    assert found_in(folder(tmp_path, "B,control,z,3,40,,,,\nB,treated,z,2,20,,,,", row)) == Claims((), ())


def test_a_study_left_out_says_nothing_in_words(tmp_path: Path) -> None:
    evidence = folder(tmp_path, "B,control,z,3,40,,,,\nB,treated,z,2,20,,,,", "B,x,,similar,context,words")
    assert len(found_in(evidence).counted) == 1
    assert found_in(evidence, leave_out=("B",)) == Claims((), ())


def test_two_claims_of_a_study_both_hold(tmp_path: Path) -> None:
    words = "B,x,,similar,context,words\nB,x,,no difference,context,words"
    (one,) = found_in(folder(tmp_path, "B,control,z,3,40,,,,\nB,treated,z,2,20,,,,", words)).counted
    assert (allowed(one) == (pairs("similar", 40, 20) & pairs("no difference", 40, 20))).all()


@pytest.mark.parametrize(
    ("arms", "words", "why"),
    [
        ("B,treated,x,4,20,,,sensitivity,one arm", "similar", "the size of its control arm is not printed"),
        ("B,control,z,1,2,,,,\nB,treated,z,1,2,,,,", "lower", None),
        ("B,control,z,1,1,,,,\nB,treated,z,1,1,,,,", "lower", "no counts of its arms would be called lower"),
        ("B,control,z,1,1,,,,\nB,treated,z,1,1,,,,", "no difference", "all counts of its arms would be called no diff"),
        ("B,control,z,1,900,,,,\nB,treated,z,1,900,,,,", "similar", "its arms allow 811,801 pairs of counts, at most"),
    ],
)
def test_a_claim_that_cannot_be_weighed_says_why(tmp_path: Path, arms: str, words: str, why: str | None) -> None:
    found = found_in(folder(tmp_path, arms, f"B,x,,{words},context,words"))
    if why is None:
        assert len(found.counted) == 1
        return
    ((study, reason),) = found.left_out
    assert study == "B"
    assert why in reason


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ('baseline = "student_t(3,0,1)"', "must be normal(mean,sd) or logistic(mean,scale), of a scale above 0 and at"),
        ('baseline = "normal(0,0)"', "must be normal(mean,sd) or logistic(mean,scale), of a scale above 0 and at most"),
        ("alpha = 1.5", "must be less than 1"),
        ("points = 0", "must be greater than 0"),
        ("benchmark_weight = 2", "must be less than or equal to 1"),
        ("point = 10", "unknown key; did you mean 'points'?"),
    ],
)
def test_settings_of_words_are_checked_with_their_line(tmp_path: Path, line: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        folder(tmp_path, "", "A,x,,similar,context,words", f"[words]\n{line}\n")
    (problem,) = raised.value.problems
    assert "analysis.toml, line 2" in str(problem)
    assert rule in str(problem)
