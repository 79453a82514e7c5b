"""What a source says in words stands beside its figures: read, shown as printed, and held against numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.folders import ANAKINRA, TWO_STUDIES, folder, found, only
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.coverage import cell_report, reports_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.contrasts import CLAIMS, ContrastRow
from reanalysis.evidence.reading.folder import read_evidence

COLUMNS = "study,endpoint,subgroup,measure,estimate,lower,upper,p,claim,treated,control,unit,use,reason"


def of(where: Path, *lines: str) -> Evidence:
    return read_evidence(folder(where, TWO_STUDIES, contrasts=f"{COLUMNS}\n" + "\n".join(lines) + "\n"))


def row(where: Path, line: str) -> ContrastRow:
    return of(where, line).contrasts[0]


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_one_of_four_words_in_any_case(tmp_path: Path, claim: str) -> None:
    read = row(tmp_path, f"A,x,,,,,,,{claim.upper()},,,,context,said")
    assert (read.claim, read.printed, read.has_figures) == (claim, f"in words: {claim}", False)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "A,x,,,,,,,better,,,,context,said",
            "claim: must be similar, no difference, lower or higher: what the source says in words of treated against "
            "control; or empty (found 'better')",
        ),
        ("A,x,,,,,,,lower,,,days,context,said", "unit: a unit needs a figure of an arm (found 'days')"),
        (
            "A,x,IV,OR,0.5,0.2,0.9,,,,,,,",
            "use: what is said of a part of an arm enters no model: use must be context or excluded "
            "(found 'sensitivity')",
        ),
    ],
)
def test_a_malformed_claim_is_one_clear_problem(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        of(tmp_path, line)
    assert [str(one) for one in refused.value.problems] == [f"contrasts.csv, line 2, {problem}"]


@pytest.mark.parametrize(
    ("line", "figures", "printed"),
    [
        ("A,x,,,,,,,lower,4,6,days,context,d", "4 against 6 days", "4 against 6 days"),
        ("A,x,,,,,,0.18,,5,19,days,context,d", "5 against 19 days", "5 against 19 days; p = 0.18"),
        ("A,x,IV,,,,,,lower,2,5,days,context,d", "IV: 2 against 5 days", "IV: 2 against 5 days"),
        ("A,x,,,,,,,similar,7,,days,context,d", "7 days (treated arm alone)", "7 days (treated arm alone)"),
        ("A,x,,,,,,,,,10,,context,d", "10 (control arm alone)", "10 (control arm alone)"),
        ("A,x,,OR,2.0,1.5,3.0,,higher,,,,context,d", "", "OR 2.0 (1.5 to 3.0)"),
        ("A,x,IV,,,,,,lower,,,,context,d", "", "in words: IV: lower"),
    ],
)  # fmt: skip
def test_figures_that_are_no_counts_are_shown_as_printed(tmp_path: Path, line: str, figures: str, printed: str) -> None:
    read = row(tmp_path, line)
    assert (read.figures, read.printed) == (figures, printed)


def test_a_cell_knows_its_claims_and_its_figures(tmp_path: Path) -> None:
    evidence = of(
        tmp_path,
        "A,x,,,,,,,similar,,,,context,d",
        "A,x,,,,,,0.4,similar,,,,context,d",
        "A,x,IV,,,,,,lower,2,5,days,context,d",
        "A,x,,,,,,,higher,,,,excluded,of another study",
        "A,y,IV,,,,,,lower,,,,context,d",
        "B,y,,,,,,,no difference,4,6,days,context,d",
    )
    cell = cell_report(evidence, "A", "x")
    assert (cell.kind, cell.claims, cell.figures) == ("comparison", ("similar",), ("IV: 2 against 5 days",))
    assert [one.line for one in cell.without_figures] == [2]
    part, whole = reports_of(evidence, "y")
    assert (part.study, part.kind, part.claims) == ("A", "context", ())
    assert (whole.study, whole.kind, whole.claims) == ("B", "narrative only", ("no difference",))
    assert cell_report(evidence, "B", "x").claims == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A,z,,OR,2.0,1.5,3.0,,similar,,,,context,d", "called similar, but OR 2.0 (1.5 to 3.0) says otherwise"),
        ("A,z,,OR,2.0,1.5,3.0,,lower,,,,context,d", "called lower, but OR 2.0 (1.5 to 3.0) says otherwise"),
        ("A,z,,OR,2.0,,,,lower,,,,context,d", "called lower, but OR 2.0 is on the other side"),
        ("A,z,,,,,,0.06,higher,,,,context,d", "called higher with p = 0.06"),
        ("A,z,,,,,,0.01,no difference,,,,context,d", "called no difference with p = 0.01"),
    ],
)
def test_a_claim_at_odds_with_its_own_number_is_told(tmp_path: Path, line: str, message: str) -> None:
    finding = only(found(audit(of(tmp_path, line)), "claim"))
    assert (finding.severity, finding.message) == ("warning", message)


@pytest.mark.parametrize(
    "line",
    [
        "A,z,,OR,2.0,1.5,3.0,,higher,,,,context,d",
        "A,z,,OR,2.0,0.5,8.0,,no difference,,,,context,d",
        "A,z,,,,,,0.05,lower,,,,context,d",
        "A,z,,,,,,<0.001,lower,,,,context,d",
        "A,z,,,,,,0.03,similar,,,,context,d",
        "A,z,,OR,2.0,1.5,3.0,,lower,,,,excluded,d",
    ],
)
def test_a_claim_that_agrees_raises_nothing(tmp_path: Path, line: str) -> None:
    assert found(audit(of(tmp_path, line)), "claim") == []


def test_claims_that_contradict_each_other_are_told_once(tmp_path: Path) -> None:
    evidence = of(
        tmp_path,
        "A,z,,,,,,,no difference,,,,context,d",
        "A,z,,OR,15.9,1.2,212,,higher,,,,context,d",
        "A,z,,,,,,,similar,,,,excluded,d",
        "A,z,IV,,,,,,lower,,,,context,d",
    )
    finding = only(found(audit(evidence), "claim"))
    assert finding.lines == (2, 3)
    assert finding.message == (
        "the source contradicts itself in words: no difference, and higher (OR 15.9 (1.2 to 212))"
    )


def test_what_the_three_cohorts_say_of_crs_and_severe_icans_in_words() -> None:
    """No cohort is silent: the figures of one, and what the others say."""
    evidence = read_evidence(ANAKINRA)
    said = {e: {c.study: c.claims for c in reports_of(evidence, e)} for e in ("crs_any", "icans_g3", "tocilizumab")}
    assert said["crs_any"] == {"phase1": ("similar",), "phase2": ("no difference",), "iptw": ("no difference",)}
    assert said["icans_g3"] == {"phase1": ("similar",), "phase2": ("similar",), "iptw": ("no difference", "similar")}
    assert said["tocilizumab"] == {"phase1": ("similar",), "phase2": ("similar",)}
    shown = {c.study: c.figures for c in reports_of(evidence, "steroid_duration")}
    assert shown == {
        "phase1": ("4 against 6 days",),
        "phase2": ("3 (IQR 2 to 5.5) against 6 (IQR 3 to 11) days, median",),
    }


def test_no_row_of_the_reanalysis_that_prints_figures_is_shown_as_words() -> None:
    for one in read_evidence(ANAKINRA).contrasts:
        assert one.claim or one.has_figures, one
        assert one.printed.startswith("in words") is not one.has_figures
