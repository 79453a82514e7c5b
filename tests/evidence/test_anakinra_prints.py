"""What the printed figures of data/anakinra allow, worked out again from the figures alone."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest

from evidence.folders import ANAKINRA, above_info, found
from reanalysis.evidence.audit.ledger import Ledger, audit, require_consistent
from reanalysis.evidence.candidates.observation import Observation, observations
from reanalysis.evidence.candidates.possible import possible_pairs
from reanalysis.evidence.coverage import comparative_studies, coverage_cell, modelled_endpoints
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.folder import read_evidence

MATCHED = [20, 40, 42, 47, 53, 55, 58, 60, 62, 65, 67, 73, 75, 77, 78, 80]
"""Sizes of the phase 1 matched cohort at which 60 % and 55 % are both counts."""


@cache
def evidence() -> Evidence:
    return read_evidence(ANAKINRA)


@cache
def ledger() -> Ledger:
    return audit(evidence())


def arm(endpoint: str, study: str, which: str) -> Observation:
    return observations(evidence(), endpoint)[study, which]


def counts(percent: str, n: int) -> list[int]:
    """Counts among n that print as a percentage with half rounded up, by exact fractions."""
    place = Fraction(1, 10 ** len(percent.partition(".")[2]))
    value = Fraction(percent)
    return [x for x in range(n + 1) if value - place / 2 <= Fraction(100 * x, n) < value + place / 2]


def rows(study: str, **cells: str) -> list[ArmRow]:
    return [
        row
        for row in evidence().arms
        if row.study == study and all(getattr(row, column) == value for column, value in cells.items())
    ]


def test_the_matched_cohort_of_phase_1_has_one_of_16_sizes_with_0_6_on_20() -> None:
    assert [n for n in range(1, 81) if counts("60", n) and counts("55", n)] == MATCHED
    for endpoint, percent in (("icans_any", "60"), ("steroids", "55")):
        control = arm(endpoint, "phase1", "control").candidates
        assert sorted({int(n) for n in control.n}) == MATCHED
        assert {(x, n) for x, n in zip(control.events, control.n, strict=True)} == {
            (x, n) for n in MATCHED for x in counts(percent, n)
        }
        weight = dict(zip(control.n, control.weight, strict=True))
        assert weight[20] == pytest.approx(0.6)
        assert [weight[n] for n in MATCHED[1:]] == pytest.approx([0.4 / 15] * 15)


def test_phase_2_response_was_judged_in_19_treated_patients_14_and_8_of_them() -> None:
    assert [n for n in range(1, 26) if counts("74", n) and counts("42", n)] == [19]
    for endpoint, events in (("orr", 14), ("cr", 8)):
        treated = arm(endpoint, "phase2", "treated").candidates
        assert (treated.events, treated.n, treated.weight) == ((events,), (19,), (1,))


def test_phase_2_controls_allow_twelve_denominators_of_response_and_72_is_none_of_them() -> None:
    triples = [(n, *counts("80", n), *counts("51", n)) for n in range(1, 73) if counts("80", n) and counts("51", n)]
    assert len(triples) == 12
    assert all(len(triple) == 3 for triple in triples)
    assert 72 not in [n for n, _, _ in triples]
    response, complete = (arm(e, "phase2", "control").candidates for e in ("orr", "cr"))
    assert list(zip(response.n, response.events, complete.events, strict=True)) == triples
    assert response.n == complete.n
    assert response.weight == pytest.approx([1 / 12] * 12)


def test_38_percent_of_the_patients_on_iv_is_3_of_8_and_makes_up_8_of_19_with_the_5_of_11_it_leaves() -> None:
    (iv,) = rows("phase2", endpoint="cr", subgroup="IV")
    assert [(n, *counts("38", n)) for n in range(1, 11) if counts("38", n)] == [(8, 3)]
    assert possible_pairs(evidence(), iv) == {8: (3, 3)}
    (finding,) = [f for f in found(ledger(), "subgroups") if (f.study, f.endpoint) == ("phase2", "cr")]
    assert finding.feasible == ("8 of 19",)
    (sc,) = rows("phase2", endpoint="cr", subgroup="SC")
    assert (sc.events, sc.n, sc.use) == ((5, 5), 11, "context")
    assert "worked out" in sc.reason.lower()


def test_crs_on_anakinra_is_17_of_25_as_count_percentage_and_both_routes_say() -> None:
    treated = arm("crs_any", "phase2", "treated").candidates
    assert (treated.events, treated.n) == ((17,), (25,))
    assert counts("68", 25) == [17]
    assert counts("53", 15) == [8]
    assert counts("90", 10) == [9]
    (finding,) = [f for f in found(ledger(), "subgroups") if (f.study, f.endpoint) == ("phase2", "crs_any")]
    assert (finding.severity, finding.feasible) == ("info", ("17 of 25",))


def test_the_contradictory_controls_of_phase_2_are_mixtures_of_their_readings() -> None:
    """63 % of CRS is printed three times and the count once: the reading with the percentage weighs one half."""
    for endpoint, wanted in (
        ("crs_any", {(45, 72): 0.5, (47, 72): 0.25, (47, 75): 0.25}),
        ("icans_any", {(25, 72): 0.5, (25, 74): 0.5}),
    ):
        control = arm(endpoint, "phase2", "control").candidates
        pairs = zip(control.events, control.n, strict=True)
        assert dict(zip(pairs, control.weight, strict=True)) == pytest.approx(wanted)
    assert counts("63", 72) == [45]
    assert counts("34", 72) == []
    assert [n for n in range(48, 92) if 47 in counts("63", n)] == [75]
    assert [n for n in range(25, 100) if 25 in counts("34", n)] == [73, 74]


def test_no_one_decimal_percentage_of_the_weighted_cohort_is_a_count() -> None:
    """So both of its arms were weighted, not only the controls."""
    fractional = {"treated": 0, "control": 0}
    for row in rows("iptw", weighting="iptw"):
        assert row.percent is not None
        assert row.n is not None
        if row.percent.decimals:
            fractional[row.arm] += 1
            assert counts(row.percent.text, row.n) == []
    assert fractional == {"treated": 5, "control": 5}
    findings = found(ledger(), "weighted-rate")
    assert {(f.arm, f.severity) for f in findings} == {("treated", "info"), ("control", "info")}
    assert all(f.message.startswith("none of 5 percentages is a count") for f in findings)


def test_weighted_arms_are_pseudo_counts_of_their_printed_percentages() -> None:
    treated = arm("infection_g3", "iptw", "treated")
    assert treated.weighted
    assert treated.candidates.events == pytest.approx((61 * 0.225,))
    assert treated.candidates.n == (61,)


def test_grade_3_infection_of_phase_2_is_a_single_arm_with_0_or_1_of_25() -> None:
    assert set(observations(evidence(), "infection_g3")) == {("iptw", "control"), ("iptw", "treated")}
    seen = observations(evidence(), "infection_g3", sensitivity=True)["phase2", "treated"].candidates
    assert set(zip(seen.events, seen.n, strict=True)) == {(0, 25), (1, 25)}
    assert not [row for row in rows("phase1") if row.endpoint.startswith("infection")]


def test_icans_is_the_only_endpoint_compared_in_all_three_cohorts() -> None:
    compared = {endpoint: set(comparative_studies(evidence(), endpoint)) for endpoint in modelled_endpoints(evidence())}
    assert [e for e, studies in compared.items() if len(studies) == 3] == ["icans_any"]
    assert compared["icans_any"] == {"phase1", "phase2", "iptw"}
    assert compared["cr"] == {"phase2", "iptw"}
    assert compared["crs_any"] == {"phase2"}
    assert compared["infection_g3"] == {"iptw"}
    assert coverage_cell(evidence(), "iptw", "crs_g3") == "adjusted ratio only"
    assert coverage_cell(evidence(), "phase1", "infection_g3") == "missing"


def test_a_treatment_study_is_context_and_informs_nothing() -> None:
    for study in ("treatment", "paediatric"):
        assert {row.use for row in rows(study)} <= {"context", "excluded"}
        assert study not in ledger().coverage.index


def test_the_audit_has_no_error_and_every_warning_is_one_that_is_known() -> None:
    assert ledger().errors == ()
    require_consistent(evidence(), evidence().endpoints, ledger())
    seen = {(f.kind, f.study, f.endpoint) for f in above_info(ledger())}
    assert {
        ("readings", "phase2", "crs_any"),
        ("readings", "phase2", "icans_any"),
        ("measure", "iptw", "infection_g3"),
        ("interval", "iptw", "crs_g3"),
    } <= seen


def test_the_hazard_ratio_among_odds_ratios_and_the_useless_interval_are_told() -> None:
    (label,) = found(ledger(), "measure")
    assert (label.study, label.endpoint, label.severity) == ("iptw", "infection_g3", "warning")
    assert "labelled HR among ratios labelled OR" in label.message
    spans = [f for f in found(ledger(), "interval") if f.endpoint == "crs_g3"]
    assert "OR 15.9 (1.20 to 212.15) spans a factor of 177" in spans[0].message


def test_8_patients_with_crs_are_of_the_10_on_iv_and_no_alternative_to_the_arm() -> None:
    told = [f for f in found(ledger(), "excluded") if (f.study, f.endpoint) == ("phase2", "crs_any")]
    assert [(f.severity, f.message[:23]) for f in told] == [("info", "IV: 8 of 10 is excluded")]
    assert not [row for row in rows("phase2", endpoint="crs_any", use="excluded") if not row.subgroup]


def test_crs_of_grade_2_on_iv_is_at_least_the_5_who_stepped_up_twice_and_at_most_the_9_with_crs() -> None:
    (iv,) = rows("phase2", endpoint="crs_g2plus")
    (crs,) = rows("phase2", endpoint="crs_any", subgroup="IV", use="context")
    (stepped,) = rows("phase2", endpoint="stepup_dose2")
    assert stepped.events is not None
    assert (iv.events, iv.n, iv.subgroup) == ((stepped.events[0], counts("90", 10)[0]), crs.n, "IV")


def test_no_death_of_phase_1_was_without_progression() -> None:
    deaths = {e: rows("phase1", endpoint=e)[0].events for e in ("death", "death_progression", "death_nonrelapse")}
    assert deaths == {"death": (5, 5), "death_progression": (5, 5), "death_nonrelapse": (0, 0)}


def test_40_percent_of_transcend_as_the_news_report_prints_it_is_told_beside_the_42_that_are_used() -> None:
    (told,) = [f for f in found(ledger(), "benchmark") if f.severity == "warning"]
    assert (told.endpoint, told.message) == (
        "crs_any", "TRANSCEND NHL 001 (liso-cel): 42 %, n = 269 by abramson2020, 40 % by liang2025"
    )  # fmt: skip
    used = evidence().benchmark("phase2", "crs_any")
    assert used is not None
    assert str(used.percent) == "42 %"


def test_benchmarks_that_nobody_checked_are_flagged_wherever_they_stand() -> None:
    """12 % severe infections among them, in the table and among the control risks."""
    unchecked = {(b.product, b.endpoint): b.percent for b in evidence().benchmarks if b.checked == "no"}
    assert str(unchecked["liso-cel", "infection_g3"]) == "12 %"
    assert len(unchecked) == len([f for f in found(ledger(), "benchmark") if f.severity == "info"])
    names = {"liso-cel": "liso-cel (TRANSCEND)", "axi-cel": "axi-cel (ZUMA-1)"}
    for (product, endpoint), percent in unchecked.items():
        (named,) = [b for b in evidence().endpoint(endpoint).baselines if b.label == names[product]]
        assert percent is not None
        assert (named.checked, named.percent) == (False, percent.value)
    assert all(b.checked is not None for e in evidence().settings.endpoints.values() for b in e.baselines)


def test_construct_alone_leaves_less_than_the_p_values_imply_and_the_ledger_says_so() -> None:
    (told,) = [f for f in found(ledger(), "effective-size") if "both cannot hold" in f.message]
    assert (told.study, told.severity) == ("iptw", "warning")
    assert "k at 0.76 at most, the printed p-values imply 0.79 to 0.85" in told.message


def test_each_cohort_says_what_it_aimed_at_and_what_its_authors_conclude() -> None:
    aims = {s: evidence().study(s).primary_endpoint for s in ("phase1", "phase2", "iptw")}
    assert {s: aim and (aim.endpoint, aim.result) for s, aim in aims.items()} == {
        "phase1": ("", "not stated"), "phase2": ("crs_any", "not met"), "iptw": ("icans_g3", "not stated"),
    }  # fmt: skip
    for study in aims:
        settings = evidence().study(study)
        assert settings.conclusion
        assert settings.design_note
        assert {"Primary endpoint", "Funding", "Conflicts of interest", "Survival"} <= set(settings.facts)


def test_the_tie_at_62_5_percent_is_told() -> None:
    (tie,) = [f for f in found(ledger(), "rounding") if f.endpoint == "crs_any"]
    assert (tie.severity, tie.study, tie.arm) == ("info", "phase2", "control")
    assert tie.message == "45 of 72 lies half-way between two percentages and was rounded up to 63 %"


def test_every_id_in_the_ledger_is_its_own() -> None:
    ids = [finding["id"] for finding in ledger().as_dict()["findings"]]
    assert len(ids) == len(set(ids))
