"""What the findings of an audit do to the results, and what the authors are asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reanalysis.alternatives.influence import Influence, influences
from reanalysis.alternatives.weighed_ledger import WeighedLedger, weigh
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.checked_fit import fit_endpoint
from reanalysis.model.selection import default_spec

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"

Make = Callable[..., WeighedLedger]

FIVE = "study,arm,endpoint,events,n\n"


def weighed(evidence: Evidence) -> WeighedLedger:
    return weigh(evidence, audit(evidence), default_spec(evidence))


@pytest.fixture(scope="module")
def anakinra() -> WeighedLedger:
    return weighed(read_evidence(ANAKINRA))


@pytest.fixture
def made(tmp_path: Path) -> Make:
    def make(arms: str, settings: str = "") -> WeighedLedger:
        (tmp_path / "arms.csv").write_text(arms, encoding="utf-8")
        (tmp_path / "analysis.toml").write_text(settings, encoding="utf-8")
        return weighed(read_evidence(tmp_path))

    return make


def one(found: WeighedLedger, kind: str, endpoint: str) -> Influence:
    (influence,) = (i for i in found.influences if (i.kind, i.endpoint) == (kind, endpoint))
    return influence


def test_largest_shift_comes_first(anakinra: WeighedLedger) -> None:
    shifts = [i.shift for i in anakinra.influences]
    assert shifts == sorted(shifts, reverse=True)
    assert shifts[0] > 0.1


EXCLUDED = (
    "study,arm,endpoint,events,n,use,reason,subgroup\n"
    "A,control,x,9,20,,,\nA,treated,x,7,20,,,\nA,treated,x,2,10,context,a part,IV\n"
)


def test_an_excluded_row_is_weighed_as_if_it_were_the_print(made: Make, tmp_path: Path) -> None:
    """The same fit as of a folder that prints the excluded figure and nothing else for that arm."""
    found = made(f"{EXCLUDED}A,treated,x,15,20,excluded,another count,\n")
    influence = one(found, "excluded row", "x")
    (question,) = [q.text for q in found.questions if "what does that figure count" in q.text]
    assert question == "A also reports 15 of 20 for x (treated): what does that figure count?"
    made(f"{FIVE}A,control,x,9,20\nA,treated,x,15,20\n")
    direct = fit_endpoint(read_evidence(tmp_path), "x", engine="quadrature")
    expected = direct.posterior.study["A"]["log_odds_ratio"]
    (alternative,) = influence.alternatives
    assert alternative.log_odds_ratio is not None
    assert alternative.log_odds_ratio.mean == pytest.approx(expected.mean(), abs=1e-9)
    assert alternative.below == pytest.approx(float(expected.cdf(0.0)), abs=1e-7)  # on another grid


def test_an_excluded_part_of_an_arm_is_no_alternative_to_the_arm(made: Make, anakinra: WeighedLedger) -> None:
    part = made(f"{EXCLUDED}A,treated,x,8,10,excluded,another count,IV\n")
    for found in (part, anakinra):
        assert [f.kind for f in found.ledger.findings].count("excluded") > 0
        assert not [i for i in found.influences if i.kind == "excluded row"]
        assert not [q for q in found.questions if "what does that figure count" in q.text]


def test_findings_carry_the_shift_of_their_alternatives(anakinra: WeighedLedger) -> None:
    for finding in anakinra.ledger.findings:
        moved = [i.shift for i in anakinra.influences if i.concerns(finding)]
        assert anakinra.shift(finding) == (max(moved) if moved else None)
        if finding.kind in ("readings", "excluded") and finding.endpoint in ("icans_any", "crs_any") and not moved:
            assert finding.kind == "excluded"  # a subgroup, or a print of an arm that is not modelled
    matched = next(f for f in anakinra.ledger.findings if f.where == "phase1/control" and f.kind == "denominator")
    assert anakinra.shift(matched) == max(one(anakinra, "denominators", e).shift for e in ("icans_any", "steroids"))


def test_questions_ask_for_what_is_not_printed(anakinra: WeighedLedger) -> None:
    text = "\n".join(q.text for q in anakinra.questions)
    for needed in ("45 of 72", "denominator of", "effective sample sizes", "hazard ratio or an odds ratio"):
        assert needed in text
    assert any("counted in more than one" in q.text for q in anakinra.questions)
    known = [q.shift for q in anakinra.questions if q.shift is not None]
    assert known == sorted(known, reverse=True)
    assert anakinra.questions[-1].shift is None


CLEAN = f"{FIVE}A,control,x,4,20\nA,treated,x,7,20\nB,control,x,3,30\nB,treated,x,2,31\n"


def test_a_clean_folder_has_nothing_to_weigh_and_one_question(made: Make) -> None:
    found = made(CLEAN)
    assert found.influences == ()
    assert [q.text for q in found.questions] == [
        "Was any patient counted in more than one of A, B (centre and dates of treatment of each)?"
    ]
    assert made(f"{FIVE}A,control,x,4,20\nA,treated,x,7,20\n").questions == ()


def test_readings_of_two_arms_are_weighed_apart(made: Make) -> None:
    found = made(
        "study,arm,endpoint,events,n,reading\n"
        "A,control,x,4,20,p\nA,control,x,9,20,q\nA,treated,x,7,20,p\nA,treated,x,8,20,q\n"
    )
    by_arm = {i.arm: i for i in found.influences}
    assert set(by_arm) == {"control", "treated"}
    assert by_arm["control"].shift > by_arm["treated"].shift > 0
    for finding in found.ledger.findings:
        if finding.kind == "readings":
            assert found.shift(finding) == by_arm[finding.arm].shift


def test_contradictory_endpoints_are_named_and_the_others_weighed(made: Make) -> None:
    found = made(
        "study,arm,endpoint,events,n,percent\n"
        "A,control,x,4,20,45\nA,treated,x,7,20,35\n"
        "A,control,y,,,35\nA,treated,y,7,20,35\n"
    )
    assert set(found.not_weighed) == {"x"}
    assert "line 2" in found.not_weighed["x"]
    assert {i.endpoint for i in found.influences} == {"y"}


def test_weighted_arms_without_k_are_named(made: Make) -> None:
    found = made("study,arm,endpoint,percent,n,weighting\nA,control,x,22.5,61,iptw\nA,treated,x,31.4,110,iptw\n")
    assert "x" in found.not_weighed
    assert found.influences == ()


def test_json_holds_the_same_numbers(anakinra: WeighedLedger) -> None:
    plain = anakinra.as_dict()
    assert len(plain["findings"]) == len(anakinra.ledger.findings)
    for influence, written in zip(anakinra.influences, plain["influence"], strict=True):
        assert written["shift"] == influence.shift
        assert len(written["alternatives"]) == len(influence.alternatives)
        assert written["as_analysed"]["p_below_0"] == influence.primary.below
    assert [q["question"] for q in plain["questions"]] == [q.text for q in anakinra.questions]


def test_large_folders_are_weighed_within_a_budget_and_say_what_was_left(anakinra: WeighedLedger) -> None:
    evidence = read_evidence(ANAKINRA)
    spec = default_spec(evidence)
    found = influences(evidence, spec, "icans_any", budget=30)
    by_kind = {i.kind: i for i in found}
    assert by_kind["readings"].left == 0
    assert by_kind["denominators"].left > 0
    assert all(len(i.alternatives) + i.left > 0 for i in found)
    whole = {(i.kind, i.endpoint): i for i in anakinra.influences}
    for influence in found:
        if influence.left == 0:
            assert whole[influence.kind, influence.endpoint].shift == influence.shift
    assert all(i.left == 0 for i in anakinra.influences)


def test_few_alternatives_are_taken_evenly_from_many(anakinra: WeighedLedger) -> None:
    evidence = read_evidence(ANAKINRA)
    spec = default_spec(evidence)
    whole = one(anakinra, "denominators", "steroids")
    (some,) = (i for i in influences(evidence, spec, "steroids", budget=6) if i.kind == "denominators")
    assert len(some.alternatives) + some.left == len(whole.alternatives)
    assert some.alternatives[0] == whole.alternatives[0]
    assert some.alternatives[-1] == whole.alternatives[-1]
