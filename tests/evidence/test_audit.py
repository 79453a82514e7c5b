"""A planted fault is found, with the right severity and place; a clean folder yields nothing above info."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest

from evidence.folders import CR_OF_ORR, Row, above_info, audited, cells, folder, found, only
from reanalysis.evidence.audit.ledger import require_consistent
from reanalysis.evidence.candidates.narrowing import wholes_of
from reanalysis.evidence.problems import InconsistentReport
from reanalysis.evidence.reading.folder import read_evidence

# ------------------------------------------------------------------ counts and percentages


@pytest.mark.parametrize("percent", ["67", "69", "68.1", "6.8"])
def test_a_percentage_off_by_one_is_an_error_that_names_the_row_and_what_would_fit(
    tmp_path: Path, percent: str
) -> None:
    finding = only(above_info(audited(tmp_path, [f"A control x 17 25 {percent}", "A treated x 5 25 20"])))
    assert (finding.kind, finding.severity, finding.lines) == ("count-percent", "error", (2,))
    assert (finding.study, finding.arm, finding.endpoint) == ("A", "control", "x")
    assert finding.used_as == "refused until readings are declared"


def test_what_would_fit_is_listed_other_counts_first_then_other_sizes(tmp_path: Path) -> None:
    finding = only(above_info(audited(tmp_path, ["A control x 47 72 63"])))
    assert finding.feasible == ("45 of 72", "47 of 75")
    assert "65.28 %, printed 63 %" in finding.message


@pytest.mark.parametrize(
    ("use", "severity"),
    [("primary", "error"), ("sensitivity", "error"), ("context", "warning"), ("excluded", "info")],
)
def test_the_severity_of_a_contradiction_is_what_a_model_would_make_of_it(
    tmp_path: Path, use: str, severity: str
) -> None:
    row = cells("A control x 17 25 67", use=use, reason="told")
    assert only(found(audited(tmp_path, [row]), "count-percent")).severity == severity


def test_a_percentage_that_no_count_prints_as_is_an_error(tmp_path: Path) -> None:
    finding = only(above_info(audited(tmp_path, ["A control x - 20 53"])))
    assert (finding.kind, finding.severity, finding.feasible) == ("count-percent", "error", ())


def test_a_range_that_its_percentage_excludes_is_an_error(tmp_path: Path) -> None:
    finding = only(above_info(audited(tmp_path / "a", ["A control x 0..3 20 35"])))
    assert (finding.kind, finding.severity, finding.feasible) == ("count-percent", "error", ("7 of 20",))
    assert above_info(audited(tmp_path / "b", ["A control x 5..9 20 35"])) == []


@pytest.mark.parametrize(
    ("row", "only_by"),
    [
        ("A control x 25 72 34", "truncation"),
        ("A control x - 72 34", "truncation"),
        ("A control x 25..30 72 34", "truncation"),
        ("A control x 1 8 12", "half-even or truncation"),
        ("A control x - 8 12", "half-even"),
    ],
)
def test_needing_another_rounding_than_half_up_is_a_warning(tmp_path: Path, row: str, only_by: str) -> None:
    finding = only(above_info(audited(tmp_path, [row])))
    assert (finding.kind, finding.severity) == ("rounding", "warning")
    assert only_by in finding.message


def test_a_deduced_count_is_an_info(tmp_path: Path) -> None:
    finding = only(list(audited(tmp_path, ["A control x - 20 35"]).findings))
    assert (finding.kind, finding.severity, finding.feasible) == ("denominator", "info", ("7 of 20",))
    assert finding.used_as == "the deduced count"


def test_a_long_list_of_what_is_allowed_says_how_much_is_left_out(tmp_path: Path) -> None:
    finding = only(list(audited(tmp_path, ["A control x - 999999 35"]).findings))
    assert len(finding.feasible) == 101
    assert finding.feasible[-1] == "and 9900 more"


# ------------------------------------------------------------------ denominators


def test_percentages_without_a_shared_denominator_are_an_error_naming_all_their_rows(tmp_path: Path) -> None:
    rows: list[Row] = ["A control x - - 50", "A control y - - 33", "A treated x 3 20"]
    toml = "[studies.A.denominator.control]\nn_max = 5\n"
    finding = only(above_info(audited(tmp_path, rows, toml=toml)))
    assert (finding.kind, finding.severity, finding.lines) == ("denominator", "error", (2, 3))
    assert finding.message == "no denominator up to 5 allows x 50 %; y 33 % together"


def test_a_shared_denominator_that_needs_truncation_is_a_warning(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 3\n"
    finding = only(above_info(audited(tmp_path, ["A control x - - 66"], toml=toml)))
    assert (finding.kind, finding.severity, finding.feasible) == ("denominator", "warning", ("n = 3 (weight 1): x 2",))


def test_the_feasible_denominators_are_listed_with_their_counts(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 10\n"
    finding = only(list(audited(tmp_path, ["A control x - - 60", "A control y 1..2 -"], toml=toml).findings))
    assert finding.feasible == ("n = 5 (weight 0.5): x 3; y 1 to 2", "n = 10 (weight 0.5): x 6; y 1 to 2")


# ------------------------------------------------------------------ subgroups


def test_subgroups_that_do_not_sum_are_an_error(tmp_path: Path) -> None:
    rows = [
        cells("A control x 17 25"),
        cells("A control x 8 15", subgroup="SC"),
        cells("A control x 8 10", subgroup="IV"),
    ]
    finding = only(above_info(audited(tmp_path, rows)))
    assert (finding.kind, finding.severity, finding.lines) == ("subgroups", "error", (2, 3, 4))
    assert "add up to 16 of 25, but the whole arm is printed as 17 of 25" in finding.message


def test_subgroups_that_sum_confirm_the_arm(tmp_path: Path) -> None:
    rows = [
        cells("A control x 17 25"),
        cells("A control x - 15 53", subgroup="SC"),
        cells("A control x 9 10", subgroup="IV"),
    ]
    ledger = audited(tmp_path, rows)
    assert above_info(ledger) == []
    assert only(found(ledger, "subgroups")).feasible == ("17 of 25",)


def test_subgroups_that_are_no_partition_are_not_summed(tmp_path: Path) -> None:
    rows = [
        cells("A control x 17 25"),
        cells("A control x 1 9", subgroup="old"),
        cells("A control x 2 9", subgroup="male"),
    ]
    assert list(audited(tmp_path, rows).findings) == []


@pytest.mark.parametrize("part", ["18 20", "2 20"])
def test_one_subgroup_must_leave_a_possible_rest(tmp_path: Path, part: str) -> None:
    """18 events are more than the arm has; 2 of 20 leave 15 events to 5 patients."""
    rows = [cells("A control x 17 25"), cells(f"A control x {part}", subgroup="SC")]
    finding = only(above_info(audited(tmp_path, rows)))
    assert (finding.kind, finding.severity) == ("subgroups", "error")
    assert "does not fit into the whole arm" in finding.message


def test_subgroups_of_other_times_or_excluded_ones_are_not_compared(tmp_path: Path) -> None:
    rows = [
        cells("A control x 17 25", timepoint="day 30"),
        cells("A control x 20 20", subgroup="SC", timepoint="day 90"),
        cells("A control x 21 21", subgroup="IV", use="excluded", reason="misprint", timepoint="day 30"),
    ]
    assert above_info(audited(tmp_path, rows)) == []


# ------------------------------------------------------------------ nesting


@pytest.mark.parametrize(("part", "whole"), [("cr", "orr"), ("crs_g3", "crs_any"), ("icans_g3", "icans_any")])
@pytest.mark.parametrize(
    ("smaller", "larger"),
    [("9 20", "8 20"), ("- 20 45", "- 20 40"), ("8..9 20", "0..7 20"), ("- - 60", "- - 40")],
)
def test_a_part_above_its_whole_is_an_error(tmp_path: Path, part: str, whole: str, smaller: str, larger: str) -> None:
    rows: list[Row] = [f"A control {part} {smaller}", f"A control {whole} {larger}"]
    toml = f'[endpoints.{part}]\npart_of = "{whole}"\n[studies.A.denominator.control]\nn_max = 100\n'
    finding = only(above_info(audited(tmp_path, rows, toml=toml)))
    assert (finding.kind, finding.severity, finding.lines) == ("nesting", "error", (2, 3))
    assert (finding.study, finding.arm, finding.endpoint) == ("A", "control", part)


@pytest.mark.parametrize(("smaller", "larger"), [("8 20", "8 20"), ("- 20 40", "- 20 45"), ("5..9 20", "6..7 20")])
def test_a_part_within_its_whole_is_no_finding(tmp_path: Path, smaller: str, larger: str) -> None:
    rows: list[Row] = [f"A control cr {smaller}", f"A control orr {larger}"]
    assert above_info(audited(tmp_path, rows, toml=CR_OF_ORR)) == []


@pytest.mark.parametrize(("part", "whole"), [("cr", "orr"), ("crs_g3", "crs_any"), ("bacterial", "infection")])
def test_parts_are_those_of_the_settings_and_never_guessed_from_names(tmp_path: Path, part: str, whole: str) -> None:
    rows: list[Row] = [f"A control {part} 9 20", f"A control {whole} 8 20"]
    assert above_info(audited(tmp_path / "undeclared", rows)) == []
    assert wholes_of(read_evidence(tmp_path / "undeclared"), part) == ()
    declared = audited(tmp_path / "declared", rows, toml=f'[endpoints.{part}]\npart_of = "{whole}"\n')
    assert only(above_info(declared)).kind == "nesting"
    evidence = read_evidence(tmp_path / "declared")
    assert (wholes_of(evidence, part), wholes_of(evidence, whole)) == ((whole,), ())


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (cells("A control cr 9 20", timepoint="day 90"), cells("A control orr 8 20", timepoint="day 30")),
        (cells("A control cr 9 19"), cells("A control orr 8 20")),
        (cells("A control cr 9 20", use="context", reason="told"), cells("A control orr 8 20")),
    ],
)
def test_a_part_above_its_whole_is_a_warning_where_time_or_patients_may_explain_it(
    tmp_path: Path, part: Row, whole: Row
) -> None:
    assert only(found(audited(tmp_path, [part, whole], toml=CR_OF_ORR), "nesting")).severity == "warning"


@pytest.mark.parametrize(("part", "whole", "fits"), [("40.1", "40", True), ("40.6", "40", False), ("39", "40", True)])
def test_weighted_rates_are_nested_up_to_their_rounding(tmp_path: Path, part: str, whole: str, fits: bool) -> None:
    rows = [cells(f"A control {e} - 61 {p}", weighting="iptw") for e, p in (("cr", part), ("orr", whole))]
    findings = found(audited(tmp_path, rows, toml=f"{CR_OF_ORR}[studies.A]\nk = 0.75\n"), "nesting")
    assert [f.severity for f in findings] == ([] if fits else ["error"])


# ------------------------------------------------------------------ weighted rates


def test_weighted_percentages_that_are_all_counts_are_a_warning(tmp_path: Path) -> None:
    rows = [cells(f"A control {e} - 40 {p}", weighting="iptw") for e, p in (("x", "12.5"), ("y", "7.5"))]
    finding = only(above_info(audited(tmp_path, rows, toml="[studies.A]\nk = 0.75\n")))
    assert (finding.kind, finding.severity) == ("weighted-rate", "warning")


def test_percentages_too_coarse_to_tell_say_nothing_of_the_weighting(tmp_path: Path) -> None:
    rows = [cells("A control x - 400 35", weighting="iptw")]
    assert found(audited(tmp_path, rows, toml="[studies.A]\nk = 0.75\n"), "weighted-rate") == []


def test_a_count_by_truncation_only_is_no_count(tmp_path: Path) -> None:
    """20 of 110 is 18.18 %: cut off it would be 18.1, but nobody cuts off decimals and rounds the others."""
    finding = only(list(audited(tmp_path, [cells("A control x - 110 18.1", weighting="iptw")]).findings))
    assert finding.message.startswith("none of 1 percentages is a count")
    assert finding.used_as == "refused until k is set"


# ------------------------------------------------------------------ declared


def test_excluded_rows_and_ignored_columns_are_told_as_infos(tmp_path: Path) -> None:
    rows = [
        cells("A control x 3 20", grade="ASTCT"),
        cells("A control x 9 20", use="excluded", reason="another cohort"),
        cells("A control x 4 9", subgroup="IV", use="excluded", reason="misprint"),
    ]
    ledger = audited(tmp_path, rows)
    assert [(f.severity, f.message) for f in found(ledger, "excluded")] == [
        ("info", "9 of 20 is excluded: another cohort"),
        ("info", "IV: 4 of 9 is excluded: misprint"),
    ]
    assert only(found(ledger, "column")).message == "column 'grade' of arms.csv means nothing here"
    assert above_info(ledger) == []


def test_declared_readings_are_a_warning_with_what_their_reasons_have_in_common(tmp_path: Path) -> None:
    rows = [
        cells("A control x 45 72 63", reading="45 of 72", reason="Three figures. The count is wrong."),
        cells("A control x 47 72", reading="count", reason="Three figures. The percentage is wrong."),
    ]
    finding = only(above_info(audited(tmp_path, rows)))
    assert (finding.kind, finding.severity) == ("readings", "warning")
    assert finding.message.endswith("is read in 2 ways: Three figures.")
    assert finding.feasible == ("45 of 72 (63 %)", "count: 47 of 72")


# ------------------------------------------------------------------ what follows


def test_inconsistent_print_is_refused_for_its_endpoint_only_until_readings_are_declared(
    tmp_path: Path,
) -> None:
    rows: list[Row] = ["A control x 47 72 63", "A treated x 17 25", "A control y 3 72", "A treated y 2 25"]
    evidence = read_evidence(folder(tmp_path / "before", rows))
    with pytest.raises(InconsistentReport, match=r"^arms.csv, line 2: A/control/x: 47 of 72 is 65.28 %") as refused:
        require_consistent(evidence, ("x",))
    assert len(refused.value.problems) == 1
    require_consistent(evidence, ("y",))
    declared = [
        cells("A control x 45 72 63", reading="percentage"),
        cells("A control x 47 72", reading="count"),
        *rows[1:],
    ]
    require_consistent(read_evidence(folder(tmp_path / "after", declared)), ("x", "y"))


def test_a_part_above_its_whole_keeps_both_from_being_modelled(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ["A control cr 9 20", "A control orr 8 20"], toml=CR_OF_ORR))
    for endpoint in ("cr", "orr"):
        with pytest.raises(InconsistentReport, match="line 2, 3"):
            require_consistent(evidence, (endpoint,))


def test_a_clean_folder_of_200_arms_yields_nothing_above_info(tmp_path: Path) -> None:
    """Counts of every size with correctly rounded percentages, parts within wholes, subgroups that sum."""
    rng = np.random.default_rng(1)
    rows: list[Row] = []

    def row(study: int, arm: str, endpoint: str, x: int, n: int, subgroup: str = "") -> Row:
        decimals = int(rng.integers(0, 3))
        percent = (Decimal(100 * x) / Decimal(n)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return {
            "study": f"S{study}", "arm": arm, "endpoint": endpoint, "events": x, "n": n,
            "percent": f"{percent:f}", "subgroup": subgroup,
        }  # fmt: skip

    for study in range(25):
        for arm in ("control", "treated"):
            n = int(rng.integers(5, 2000))
            larger = int(rng.integers(0, n + 1))
            smaller = int(rng.integers(0, larger + 1))
            rows += [row(study, arm, "orr", larger, n), row(study, arm, "cr", smaller, n)]
            size = int(rng.integers(1, n))
            inside = int(rng.hypergeometric(larger, n - larger, size))
            rows.append(row(study, arm, "orr", inside, size, "IV"))
            rows.append(row(study, arm, "orr", larger - inside, n - size, "SC"))
    ledger = audited(tmp_path, rows, toml=CR_OF_ORR)
    assert len(rows) == 200
    assert above_info(ledger) == []


def test_findings_come_most_severe_first_and_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows: list[Row] = [
        "A control x 17 25 67",
        "A treated x - 20 35",
        "B control x 25 72 34",
        "B treated x 3 20 15",
    ]
    ledgers = [audited(tmp_path / name, order) for name, order in (("a", rows), ("b", rows[::-1]))]
    assert [f.severity for f in ledgers[0].findings] == ["error", "warning", "info", "info"]
    seen = [sorted((f.id, f.message, f.feasible) for f in ledger.findings) for ledger in ledgers]
    assert seen[0] == seen[1]
