"""Weighted arms, adjusted ratios, orders and roundings: worked out by hand for the evidence and for built folders."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2_contingency, fisher_exact, norm

from evidence.folders import ANAKINRA, CR_OF_ORR, Row, above_info, audited, cells, folder, found
from reanalysis.evidence.audit.adjustment import covariate_strength, marginal_rate, predictor_auc
from reanalysis.evidence.audit.arithmetic import p_values
from reanalysis.evidence.audit.effective_size import (
    TESTS,
    Range,
    baseline_imbalances,
    common_range,
    factor_from_p,
    imbalance,
    implied_factors,
)
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.ledger import Ledger, audit
from reanalysis.evidence.candidates.observation import observations
from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence


@cache
def anakinra() -> tuple[Evidence, Ledger]:
    evidence = read_evidence(ANAKINRA)
    return evidence, audit(evidence)


def of(kind: str, endpoint: str = "", study: str = "") -> list[Finding]:
    return [
        f
        for f in found(anakinra()[1], kind)
        if (not endpoint or f.endpoint == endpoint) and (not study or f.study == study)
    ]


# ------------------------------------------------------------------ effective size


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("k", [0.4, 0.75, 1.0])
def test_the_factor_of_a_p_value_is_the_one_that_made_it(test: str, k: float) -> None:
    square = TESTS[test](0.234, k * 110, 0.396, k * 61)
    p = f"{2 * norm.sf(math.sqrt(square)):.6f}"
    implied = factor_from_p((Percentage("23.4"), 110), (Percentage("39.6"), 61), p, test)
    assert implied is not None
    assert implied.low < k < implied.high
    assert implied.value == pytest.approx(k, rel=1e-3)


def test_a_bound_or_a_rate_of_0_implies_no_factor() -> None:
    arm = (Percentage("23.4"), 110)
    assert factor_from_p(arm, (Percentage("39.6"), 61), "<0.001", "pooled chi-square") is None
    assert factor_from_p(arm, (Percentage("0"), 61), "0.02", "pooled chi-square") is None


def test_the_common_range_is_where_most_ranges_meet() -> None:
    ranges = [("a", Range(0.7, 0.8, 0.9)), ("b", Range(0.75, 0.8, 0.85)), ("c", Range(1.0, 1.1, 1.2))]
    assert common_range(ranges) == ((0.75, 0.85), ("c",))


def test_p_values_of_the_weighted_cohort_imply_a_factor_near_0_8_and_grade_3_infection_another() -> None:
    """Under the pooled chi-square, worked out from the printed rates with nothing else."""
    evidence, _ = anakinra()
    pooled = {one.endpoint: one.by_test["pooled chi-square"] for one in implied_factors(evidence, "iptw")}
    for endpoint, (p0, p1, p) in {
        "icans_any": (0.234, 0.396, 0.046),
        "icans_g3": (0.098, 0.130, 0.57),
        "infection_any": (0.181, 0.324, 0.06),
        "infection_g3": (0.080, 0.225, 0.006),
    }.items():
        share = (110 * p0 + 61 * p1) / 171
        square = (p1 - p0) ** 2 / (share * (1 - share) * (1 / 110 + 1 / 61))
        assert pooled[endpoint].value == pytest.approx(norm.isf(p / 2) ** 2 / square, rel=1e-3)
    near = [e for e, r in pooled.items() if r.low <= 0.81 and r.high >= 0.79]
    assert {"icans_any", "icans_g3", "infection_any", "orr", "cr"} >= set(near) >= {"icans_any", "infection_any"}
    assert len(near) >= 4
    assert pooled["infection_g3"].value == pytest.approx(1.05, abs=0.01)
    (odd,) = of("effective-size", "infection_g3")
    assert (odd.severity, odd.used_as) == ("warning", "the p-value is not used")
    (summary,) = [f for f in of("effective-size") if f.message.startswith("pooled chi-square")]
    assert "k between 0.79 and 0.81 for 5 of 6 endpoints" in summary.message


def test_balancing_the_construct_alone_costs_a_quarter_of_the_weighted_cohort() -> None:
    """33 of 61 against 10 of 110: weights to the whole population, and Kish's factor of them."""
    strongest = baseline_imbalances(anakinra()[0], "iptw")[0]
    assert (strongest.endpoint, strongest.treated, strongest.control) == (
        "baseline_construct_41bb",
        (33, 61),
        (10, 110),
    )
    weights = np.r_[np.full(33, 43 / 33), np.full(28, 128 / 28)]
    assert strongest.k[1] == pytest.approx(weights.sum() ** 2 / (weights**2).sum() / 61)
    assert min(strongest.k) == pytest.approx(0.75, abs=0.005)
    (told,) = of("imbalance")
    assert "33 of 61 treated against 10 of 110 controls" in told.message
    (positivity,) = of("positivity")
    assert positivity.severity == "warning"
    assert "10 of 110 patients" in positivity.message
    assert "25 % of the arm" in positivity.message


def test_balance_costs_nothing_and_an_empty_stratum_has_no_factor() -> None:
    balanced = imbalance("x", (50, 100), (25, 50))
    assert balanced is not None
    assert balanced.k == pytest.approx((1, 1))
    assert imbalance("x", (0, 100), (25, 50)) is None


@pytest.mark.parametrize(("p", "severity"), [("0.58", None), ("0.0001", "warning")])
def test_a_p_value_of_more_patients_than_there_are_is_a_warning(tmp_path: Path, p: str, severity: str | None) -> None:
    rows = [cells(f"A {arm} x - {n} {rate}", weighting="iptw") for arm, n, rate in
            (("control", 110, "23.4"), ("treated", 61, "28.1"))]  # fmt: skip
    ledger = audited(tmp_path, rows, f"A,x,,,,,,{p},IPTW,context,p only", toml="[studies.A]\nk = 0.8\n")
    found_ = [f.severity for f in above_info(ledger) if f.kind == "effective-size"]
    assert found_ == ([severity] if severity else [])


# ------------------------------------------------------------------ adjusted ratios


def test_covariates_that_explain_the_gap_of_grade_3_infection_would_have_an_auc_of_0_94() -> None:
    strength = covariate_strength(0.080, 0.225, 10.17)
    assert strength is not None
    assert strength.auc == pytest.approx(0.94, abs=0.005)
    (gap,) = of("adjustment", "infection_g3")
    assert gap.severity == "warning"
    assert "odds ratio of 3.34, the adjusted ratio is 10.17: different estimands" in gap.message
    assert f"AUC {strength.auc:.2f}" in gap.message
    assert {f.severity for f in of("adjustment") if f.endpoint != "infection_g3"} == {"info"}


def test_the_strength_found_gives_back_the_rates_in_a_simulation() -> None:
    strength = covariate_strength(0.2, 0.4, 5.0)
    assert strength is not None
    rng = np.random.default_rng(0)
    predictor = strength.sd * rng.normal(size=400_000)
    intercept = next(a for a in np.linspace(-6, 0, 6001) if marginal_rate(float(a), strength.sd) >= 0.2)
    control = expit(intercept + predictor)
    assert control.mean() == pytest.approx(0.2, abs=0.003)
    assert expit(intercept + math.log(5) + predictor).mean() == pytest.approx(0.4, abs=0.003)
    events = rng.random(predictor.size) < control
    pairs = rng.choice(predictor[events], 200_000) > rng.choice(predictor[~events], 200_000)
    assert predictor_auc(float(intercept), strength.sd) == pytest.approx(pairs.mean(), abs=0.005)


@pytest.mark.parametrize("ratio", [1.2, 0.5])
def test_no_covariates_bring_a_ratio_nearer_to_1_or_to_its_other_side(ratio: float) -> None:
    assert covariate_strength(0.2, 0.4, ratio) is None


def test_events_per_parameter_count_the_covariates_and_the_treatment(tmp_path: Path) -> None:
    rows: list[Row] = ["A control x 10 50", "A treated x 14 50"]
    line = "A,x,OR,1.60,0.60,4.27,,,regression on age, LDH, lines, KPS,context,told"
    quoted = line.replace("regression on age, LDH, lines, KPS", '"regression on age, LDH, lines, KPS"')
    (told,) = found(audited(tmp_path, rows, quoted), "events-per-parameter")
    assert told.severity == "warning"
    assert "about 24 events for at least 5 parameters (4.8 each)" in told.message
    (pseudo,) = of("events-per-parameter", "infection_g3")
    assert "23 pseudo-events for at least 8 parameters (2.8 each, 2.1 at the effective size" in pseudo.message


@pytest.mark.parametrize(
    ("endpoint", "error"), [("icans_any", "0.435"), ("infection_g3", "0.710"), ("crs_g3", "1.320")]
)
def test_every_interval_has_its_standard_error(endpoint: str, error: str) -> None:
    assert any(f"standard error {error}" in f.message for f in of("interval", endpoint, "iptw"))


def test_an_adjusted_ratio_on_the_other_side_of_1_is_a_warning_that_asks_for_the_order(tmp_path: Path) -> None:
    rows: list[Row] = ["A control x 10 50", "A treated x 30 50"]
    ledger = audited(tmp_path, rows, "A,x,OR,0.20,0.08,0.50,,,regression on age,context,told")
    (gap,) = found(ledger, "adjustment")
    assert gap.severity == "warning"
    assert "are control and treated swapped?" in gap.message


# ------------------------------------------------------------------ unadjusted ratios and p-values


@pytest.mark.parametrize("table", [(3, 20, 7, 21), (10, 110, 33, 61), (40, 90, 41, 95), (0, 30, 4, 31)])
def test_p_values_of_two_proportions_are_those_of_scipy(table: tuple[int, int, int, int]) -> None:
    x0, n0, x1, n1 = table
    cells = [[x0, n0 - x0], [x1, n1 - x1]]
    mine = list(p_values(*table))
    wanted = [chi2_contingency(cells, correction=False).pvalue, fisher_exact(cells).pvalue]
    wanted.append(chi2_contingency(cells, correction=False, lambda_="log-likelihood").pvalue)
    for p in wanted:
        assert min(abs(p - own) for own in mine) < 1e-9


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("OR,2.79,1.17,6.66,,0.019,none", ""),
        ("OR,2.79,1.17,6.66,,0.021,unadjusted", ""),
        ("OR,1.79,0.75,4.28,,,none", "ratio"),
        ("OR,0.36,0.15,0.86,,,crude", "ratio"),
        ("RR,2.00,1.09,3.68,,,", ""),
        ("RR,2.50,1.36,4.60,,,", "ratio"),
        ("OR,2.79,2.38,3.27,,,none", "interval"),
        (",,,,,0.40,none", "p-value"),
        (",,,,,0.03,none", ""),
        ("HR,3.00,1.50,6.00,,,none", ""),
    ],
)
def test_an_unadjusted_ratio_follows_from_its_counts_or_is_a_warning(tmp_path: Path, line: str, kind: str) -> None:
    """22 of 50 against 11 of 50: odds ratio 2.79 (1.17 to 6.66), risk ratio 2.00 (1.09 to 3.68), p 0.019 to 0.034."""
    ledger = audited(tmp_path, ["A control x 11 50", "A treated x 22 50"], f"A,x,{line},context,told")
    assert [f.kind for f in above_info(ledger)] == ([kind] if kind else [])
    swapped = [f for f in found(ledger, "ratio") if "with control and treated swapped" in f.message]
    assert bool(swapped) == ("0.36" in line)


# ------------------------------------------------------------------ order, rounding, narrowing


def test_baseline_percentages_prove_the_order_of_the_weighted_cohort() -> None:
    (proof,) = of("order", study="iptw")
    assert proof.severity == "info"
    assert "control and treated are in this order: 7 of 11 pairs" in proof.message
    counts = Percentage("6.6").counts(np.array([61, 110]), "half-up")
    assert [bool(low <= high) for low, high in zip(*counts, strict=True)] == [True, False]


def test_swapped_percentages_are_a_warning(tmp_path: Path) -> None:
    rows: list[Row] = [
        "A control b1 - 110 6.6",
        "A treated b1 - 61 6.4",
        "A control b2 - 110 9.8",
        "A treated b2 - 61 9.1",
    ]
    (told,) = found(audited(tmp_path, rows), "order")
    assert told.severity == "warning"
    assert "2 of 2 pairs" in told.message


def test_no_single_rounding_reconciles_the_controls_of_phase_2() -> None:
    """45 of 72 is 63 only half up, 25 of 72 is 34 only cut off."""
    (told,) = of("convention", study="phase2")
    assert (told.severity, told.used_as) == ("info", "the declared readings")
    assert "half-up: control/crs_any 63 % of 72" in told.message
    assert "truncation: control/icans_any 34 % of 72" in told.message


@pytest.mark.parametrize(
    ("rows", "severity", "said"),
    [
        (["A control x 17 25 68", "A treated x 1 3 33"], None, ""),
        (["A control x 2 3 67", "A treated x 1 3 33"], "info", "half-up or half-even"),
        (["A control x 2 3 66", "A treated x 25 72 34"], "info", "are rounded by truncation"),
        (["A control x 1 8 13", "A treated x 1 3 33"], "info", "are rounded by half-up"),
        (["A control x 2 3 67", "A treated x 25 72 34"], "warning", "no single way of rounding reconciles"),
    ],
)
def test_the_convention_of_a_study_is_the_one_that_fits_all(
    tmp_path: Path, rows: list[Row], severity: str | None, said: str
) -> None:
    told = found(audited(tmp_path, rows), "convention")
    assert [f.severity for f in told] == ([severity] if severity else [])
    assert all(said in f.message for f in told)


@pytest.mark.parametrize(
    ("rows", "endpoint", "left"),
    [
        (["A control crs_g3 0..5 20", "A control crs_any 3 20"], "crs_g3", [0, 1, 2, 3]),
        (["A control crs_g3 4 20", "A control crs_any 2..6 20"], "crs_any", [4, 5, 6]),
        (["A control x 0..9 25", cells("A control x 2 15", subgroup="a"), cells("A control x 1..2 10", subgroup="b")],
         "x", [3, 4]),
        (["A control cr 0..9 20", cells("A control orr 3 20", timepoint="day 90")], "cr", list(range(4))),
        ([cells("A control cr 0..2 20", timepoint="day 30"), cells("A control orr 1 20", timepoint="day 90")],
         "cr", [0, 1, 2]),
        (["A control cr 0..2 20", "A control orr 1 19"], "cr", [0, 1, 2]),
    ],
    ids=["part", "whole", "subgroups", "one time", "other times", "other patients"],
)  # fmt: skip
def test_neighbours_narrow_what_a_print_allows(tmp_path: Path, rows: list[Row], endpoint: str, left: list[int]) -> None:
    nested = {"crs": '[endpoints.crs_g3]\npart_of = "crs_any"\n', "cr": CR_OF_ORR}
    evidence = read_evidence(folder(tmp_path, rows, toml=nested.get(endpoint.partition("_")[0], "")))
    seen = observations(evidence, endpoint)["A", "control"].candidates
    assert list(seen.events) == left
    narrowed = [f for f in found(audit(evidence), "narrowing") if f.endpoint == endpoint]
    assert bool(narrowed) == (len(left) < _allowed(rows, endpoint))


def _allowed(rows: list[Row], endpoint: str) -> int:
    for one in rows:
        cells = (
            one
            if isinstance(one, dict)
            else dict(zip(("study", "arm", "endpoint", "events"), one.split(), strict=False))
        )
        if cells["endpoint"] == endpoint and not cells.get("subgroup"):
            low, _, high = str(cells["events"]).partition("..")
            return int(high or low) - int(low) + 1
    raise AssertionError(endpoint)


def test_a_shared_denominator_is_ruled_out_where_the_part_would_exceed_its_whole(tmp_path: Path) -> None:
    """6 to 8 complete responses need 6 overall ones, which 50 % has from n = 12 on."""
    toml = f"{CR_OF_ORR}[studies.A.denominator.control]\nn_max = 100\n"
    evidence = read_evidence(folder(tmp_path, ["A control cr 6..8 -", "A control orr - - 50"], toml=toml))
    orr = observations(evidence, "orr")["A", "control"].candidates
    assert min(orr.events) == 6
    assert min(orr.n) == 12
    cr = observations(evidence, "cr")["A", "control"].candidates
    assert set(cr.n) == set(orr.n)


def test_a_contradiction_narrows_nothing_and_stays_an_error(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ["A control cr 5..9 20", "A control orr 3 20"], toml=CR_OF_ORR))
    assert list(observations(evidence, "cr")["A", "control"].candidates.events) == [5, 6, 7, 8, 9]
    assert [f.severity for f in found(audit(evidence), "nesting")] == ["error"]


def test_nothing_of_the_primary_evidence_is_narrowed() -> None:
    assert of("narrowing") == []
