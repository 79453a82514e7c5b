"""Certainty follows from a declared rule: each step says what it did and why, and no level is written by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

import reanalysis as ra
from evidence.folders import ANAKINRA, FIVE, folder
from reanalysis.decisions.certainty import (
    Certainty,
    certainty,
    declared,
    heterogeneity,
    moment_tau,
    q_statistic,
    studies_bias,
)
from reanalysis.decisions.effects import endpoint_effect
from reanalysis.decisions.grade import LEVELS, RULE, Grade, StudyBias, graded
from reanalysis.evidence.reading.risk_of_bias import DOMAINS, JUDGEMENTS
from reanalysis.evidence.reading.settings import Judgement
from reanalysis.model.specification import specification

READ = ra.read_evidence(ANAKINRA)
NARROW, ONE_LIMIT, BOTH_LIMITS = (-0.04, 0.04), (-0.2, 0.01), (-0.2, 0.2)


def study(
    judgement: str = "", randomised: bool = False, patients: float = 100, domain: str = "confounding"
) -> StudyBias:
    return StudyBias("S", randomised, patients, {domain: judgement} if judgement else {})  # type: ignore[dict-item]


def grade(
    *studies: StudyBias,
    i_squared: float | None = None,
    both_sides: bool = False,
    interval: tuple[float, float] = NARROW,
    indirectness: str = "",
    reporting: str = "",
) -> Grade:
    said = [Judgement(judgement=j, reason="because") if j else None for j in (indirectness, reporting)]  # type: ignore[arg-type]
    return graded(studies, i_squared, both_sides, interval, 5.0, "a control risk of 30 %", *said)


def of(endpoint: str, evidence: ra.Evidence = READ) -> Certainty:  # type: ignore[name-defined]
    return certainty(endpoint_effect(evidence, endpoint, specification(evidence)))


@pytest.mark.parametrize(
    ("studies", "level"),
    [
        ([study(randomised=True)], "high"),
        ([study("low")], "high"),
        ([study("moderate")], "moderate"),
        ([study("serious")], "low"),
        ([study("no information")], "low"),
        ([study("critical")], "very low"),
        ([study()], "low"),
        ([study("low"), study()], "low"),  # one is not assessed: it starts low
        ([study("serious"), study()], "very low"),
        ([study("critical", randomised=True)], "very low"),
        ([study("critical", patients=49), study("low", patients=51)], "high"),
        ([study("critical", patients=50), study("low", patients=50)], "very low"),
        ([study("critical", patients=30), study("serious", patients=30), study("low", patients=40)], "low"),
    ],
)
def test_risk_of_bias_starts_and_lowers_as_the_rule_says(studies: list[StudyBias], level: str) -> None:
    assert grade(*studies).level == level


def test_a_study_is_as_its_worst_domain() -> None:
    judged = dict.fromkeys(DOMAINS, "low") | {"missing data": "no information", "measurement": "serious"}
    assert StudyBias("S", False, 1, judged).worst == ("measurement", "serious")  # type: ignore[arg-type]
    assert StudyBias("S", False, 1, {"missing data": "no information"}).worst == ("missing data", "no information")


@pytest.mark.parametrize(
    ("interval", "down"),
    [
        (NARROW, 0), (ONE_LIMIT, 1), (BOTH_LIMITS, 2), ((0.06, 0.2), 0), ((-0.2, -0.06), 0), ((-0.05, 0.05), 0),
        ((-0.051, 0.05), 1), ((-0.051, 0.051), 2), ((0.0, 0.051), 1), ((0.05, 0.06), 0),
    ],
)  # fmt: skip
def test_imprecision_counts_the_limits_of_the_trivial_range_that_the_interval_crosses(
    interval: tuple[float, float], down: int
) -> None:
    found = grade(study(randomised=True), interval=interval)
    assert {step.domain: step.down for step in found.steps}["imprecision"] == down
    assert found.level == LEVELS[3 - down]


@pytest.mark.parametrize(
    ("i_squared", "both_sides", "down"),
    [
        (None, False, 0),
        (0.49, True, 0),
        (0.5, True, 1),
        (0.5, False, 1),
        (0.75, False, 1),
        (0.75, True, 2),
        (0.9, True, 2),
    ],
)
def test_inconsistency_counts_variation_beyond_chance(i_squared: float | None, both_sides: bool, down: int) -> None:
    found = grade(study(randomised=True), study(randomised=True), i_squared=i_squared, both_sides=both_sides)
    assert found.level == LEVELS[3 - down]


@pytest.mark.parametrize(("judgement", "down"), [("not serious", 0), ("serious", 1), ("very serious", 2), ("", 0)])
@pytest.mark.parametrize("domain", ["indirectness", "reporting"])
def test_what_is_declared_lowers_by_what_it_says_and_what_is_not_is_named(
    domain: str, judgement: str, down: int
) -> None:
    found = grade(study(randomised=True), **{domain: judgement})  # type: ignore[arg-type]
    assert found.level == LEVELS[3 - down]
    assert (domain in found.missing) == (not judgement)
    assert (domain in found.assessed) == bool(judgement)
    if judgement:
        assert {step.domain: step.reason for step in found.steps}[domain] == "because"


def test_every_level_is_the_sum_of_its_steps_and_none_is_below_very_low() -> None:
    words = ("not serious", "serious", "very serious")
    for judgement, interval, one, other in product(JUDGEMENTS, (NARROW, ONE_LIMIT, BOTH_LIMITS), words, words):
        found = grade(study(judgement), interval=interval, indirectness=one, reporting=other)
        at = LEVELS.index(found.steps[0].level)
        for step in found.steps[1:]:
            at = max(at - step.down, 0)
            assert step.level == LEVELS[at]
            assert step.reason
        assert found.level == LEVELS[at]


def test_without_declarations_the_level_names_the_domains_it_rests_on(tmp_path: Path) -> None:
    rows = "A,control,x,60,100\nA,treated,x,30,100\nB,control,x,50,100\nB,treated,x,27,100\n"
    found = of("x", ra.read_evidence(folder(tmp_path, f"{FIVE}\n{rows}")))
    assert found.grade.level == "low"
    assert found.grade.assessed == ("inconsistency", "imprecision")
    assert found.grade.missing == ("risk of bias", "indirectness", "reporting")
    assert "risk of bias, indirectness, reporting not declared" in found.grade.text
    assert found.grade.steps[0].reason == "not declared as randomised and not assessed: A, B"


def test_one_judgement_changes_the_level_of_its_endpoint_alone(tmp_path: Path) -> None:
    rows = "A,control,x,300,1000\nA,treated,x,150,1000\nA,control,y,300,1000\nA,treated,y,150,1000\n"
    where = folder(tmp_path, f"{FIVE}\n{rows}")
    head = "study,endpoint,domain,judgement,reason\n"
    (where / "risk_of_bias.csv").write_text(f"{head}A,,confounding,moderate,r\nA,,selection,low,r\n", encoding="utf-8")
    before = ra.read_evidence(where)
    assert [of(e, before).grade.level for e in ("x", "y")] == ["moderate", "moderate"]
    (where / "risk_of_bias.csv").write_text(
        f"{head}A,,confounding,moderate,r\nA,y,confounding,critical,r\nA,,selection,low,r\n", encoding="utf-8"
    )
    after = ra.read_evidence(where)
    assert [of(e, after).grade.level for e in ("x", "y")] == ["moderate", "very low"]


def test_an_endpoints_own_declaration_replaces_the_folders(tmp_path: Path) -> None:
    rows = "A,control,x,300,1000\nA,treated,x,150,1000\nA,control,y,300,1000\nA,treated,y,150,1000\n"
    toml = (
        '[certainty.reporting]\njudgement = "serious"\nreason = "all"\n'
        '[endpoints.x.certainty.reporting]\njudgement = "not serious"\nreason = "own"\n'
    )
    evidence = ra.read_evidence(folder(tmp_path, f"{FIVE}\n{rows}", toml=toml))
    assert [getattr(declared(evidence, e, "reporting"), "reason", None) for e in ("x", "y")] == ["own", "all"]
    assert declared(evidence, "x", "indirectness") is None


# ---------------------------------------------------------------- figures


def test_findings_per_thousand_are_the_risks_of_the_odds_ratio() -> None:
    found = of("icans_any")
    for row, risk in zip(found.findings, (0.34, 0.30, 0.64), strict=True):  # their own controls first
        odds = risk / (1 - risk) * found.odds_ratio.median
        assert row.without == pytest.approx(1000 * risk)
        assert row.treated.median == pytest.approx(1000 * odds / (1 + odds), abs=0.01)
        assert row.difference.median == pytest.approx(row.treated.median - row.without, abs=0.01)
        (beyond,) = (m for m in row.beyond if m.margin == found.trivial)
        assert row.trivial + beyond.fewer + beyond.more == pytest.approx(1.0)
        assert row.on_side == max(found.sides.below, 1 - found.sides.below) >= 0.5
        assert row.side == ("fewer" if row.difference.median < 0 else "more")


def test_patients_are_those_reported_and_a_range_where_a_size_is_not() -> None:
    found = of("icans_any").patients
    assert found.studies == 3
    assert found.treated == (20 + 25 + 61,) * 2
    assert found.control[0] == 20 + 72 + 110
    assert found.control[1] == 80 + 74 + 110
    assert of("infection_g3").patients.text == "171"


def test_q_of_thirteen_vaccine_trials_is_the_published_one() -> None:
    """BCG trials, log odds ratios with inverse-variance weights: Q(12) = 163.16, I2 = 92.6 %."""
    tables = np.array(
        [
            (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
            (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
            (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
        ],
        dtype=float,
    )  # fmt: skip
    a, b, c, d = tables.T
    q, i_squared = q_statistic(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d)
    assert q == pytest.approx(163.16, abs=0.01)
    assert i_squared == pytest.approx(0.926, abs=0.001)


def test_one_study_cannot_disagree_with_itself() -> None:
    effect = endpoint_effect(READ, "crs_any", specification(READ))
    assert heterogeneity(effect) is None
    assert {step.domain: step.judgement for step in certainty(effect).grade.steps}["inconsistency"] == "not assessable"


def test_equal_studies_vary_by_chance_alone() -> None:
    assert q_statistic(np.array([0.3, 0.3]), np.array([0.1, 0.2])) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_with_equal_variances_the_moment_estimate_is_what_the_effects_vary_beyond_them() -> None:
    effects, variances = np.array([-0.9, 0.1, 0.7, 1.3]), np.full(4, 0.2)
    q, _ = q_statistic(effects, variances)
    assert moment_tau(q, variances) ** 2 == pytest.approx(effects.var(ddof=1) - 0.2)
    assert moment_tau(0.5, variances) == 0.0


# ---------------------------------------------------------------- the re-analysis


def test_every_cohort_is_judged_in_every_domain_with_a_reason_and_a_place() -> None:
    for name in ("phase1", "phase2", "iptw"):
        rows = [row for row in READ.risk_of_bias if row.study == name]
        assert {row.domain for row in rows if not row.endpoint} == set(DOMAINS)
        assert all(row.reason and row.source and row.locator for row in rows)
        confounding = {row.judgement for row in rows if row.domain == "confounding"}
        assert confounding <= {"serious", "critical"}, "none of these cohorts is randomised"


def test_the_level_of_the_re_analysis_rests_on_its_judgements_of_bias() -> None:
    effect = endpoint_effect(READ, "icans_any", specification(READ))
    judged = studies_bias(effect)
    innocent = [
        StudyBias(one.name, one.randomised, one.patients, dict.fromkeys(one.judgements, "low")) for one in judged
    ]  # type: ignore[arg-type]
    interval = (-0.134, 0.209)
    assert graded(judged, None, False, interval, 30.0, "x", None, None).level == "low"
    assert graded(innocent, None, False, interval, 30.0, "x", None, None).level == "high"


def test_the_rule_that_is_shown_names_every_domain() -> None:
    assert all(
        word in RULE.lower() for word in ("start", "risk of bias", "inconsistency", "imprecision", "indirectness")
    )
