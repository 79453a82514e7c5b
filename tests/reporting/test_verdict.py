"""The rules of the verdict, at their edges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from figures.folders import write_folder
from readme.answer import analysed
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.decisions.grade import LEVELS
from reanalysis.estimands.summary import Direction, Summary
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.reporting.sentences import turns
from reanalysis.reporting.verdict import certainty_of, pointing, verdict

SETTINGS = """
treated_label = "the drug"
[endpoints."death, any"]
label = "Death"
better = "lower"
[endpoints.response]
label = "Response"
better = "higher"
"""
TRIALS = [("Ash", (20, 100, 30, 100)), ("Birch", (21, 90, 30, 92)), ("Cedar", (25, 120, 37, 118))]


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("verdict")
    return analysed(read_evidence(write_folder(folder, {"death, any": TRIALS, "response": TRIALS}, SETTINGS)))


def with_chance(endpoint: EndpointAnalysis, below: float, better: str | None = "lower") -> EndpointAnalysis:
    """The endpoint as if its chance of fewer events were this, and no study changed its direction."""
    benefit = None if better is None else below if better == "lower" else 1 - below
    harm = None if benefit is None else 1 - benefit
    return replace(endpoint, direction=Direction(below, benefit, harm), sensitivity={})


def summary(median: float) -> Summary:
    return Summary(median, 1.0, median, median - 1, median + 1)


def without_one(endpoint: EndpointAnalysis, *medians: float) -> EndpointAnalysis:
    """The endpoint as if these were the medians with one study left out."""
    outcomes = [
        Outcome(endpoint.fit.spec, (), summary(m), summary(float(np.exp(m))), label="without one") for m in medians
    ]
    return replace(endpoint, sensitivity={"leave one out": outcomes})


@pytest.mark.parametrize(
    ("below", "better", "side"),
    [
        (0.6, "lower", None),
        (0.4, "lower", None),
        (0.5, None, None),
        (0.6001, "lower", "benefit"),
        (0.3999, "lower", "harm"),
        (0.6001, "higher", "harm"),
        (0.3999, "higher", "benefit"),
        (0.6001, None, "fewer"),
        (0.3999, None, "more"),
        (1.0, "lower", "benefit"),
        (0.0, None, "more"),
    ],
)
def test_ten_points_from_one_half_are_not_yet_a_direction(
    analysis: Analysis, below: float, better: str | None, side: str | None
) -> None:
    assert pointing(with_chance(analysis.endpoints[0], below, better)) == side


def test_a_direction_that_one_study_reverses_is_none_however_likely(analysis: Analysis) -> None:
    sure = with_chance(analysis.endpoints[0], 0.02)
    up = replace(sure, log_odds_ratio=summary(0.4))
    assert pointing(without_one(up, 0.3, 0.5)) == "harm"
    assert pointing(without_one(up, 0.3, -0.0001)) is None
    assert not turns(without_one(up, 0.3, 0.0))  # exactly no effect reverses nothing
    assert pointing(without_one(up, 0.3, 0.0)) == "harm"


def said(analysis: Analysis, *endpoints: EndpointAnalysis) -> list[str]:
    return [one.plain for one in verdict(replace(analysis, endpoints=endpoints))]


def test_harm_is_said_before_benefit_and_the_likeliest_first(analysis: Analysis) -> None:
    death, response = analysis.endpoints
    harmful = [with_chance(death, 0.2), with_chance(response, 0.97, "higher")]
    text = said(analysis, *harmful)[0]
    assert text.startswith("Harm is more likely than benefit: response (97 %; ")
    assert text.index("response (97 %") < text.index("death (80 %")
    both = said(analysis, with_chance(death, 0.9), with_chance(response, 0.9, "higher"))[0]
    assert both.index("Harm is more likely") < both.index("Benefit is more likely")
    assert len(said(analysis, with_chance(death, 0.9), with_chance(response, 0.9, "higher"))) == 2


def test_where_nothing_can_be_told_that_is_said_with_the_reason(analysis: Analysis) -> None:
    death, response = analysis.endpoints
    near = with_chance(death, 0.55)
    reversed_ = without_one(replace(with_chance(response, 0.2, "higher"), log_odds_ratio=summary(0.4)), -0.2)
    assert said(analysis, near)[0] == "We cannot tell: death. Both directions are about as likely."
    assert said(analysis, reversed_)[0] == "We cannot tell: response. Leaving out one study reverses the direction."
    assert said(analysis, near, reversed_)[0] == (
        "We cannot tell: death and response. Leaving out one study reverses the direction of response. For death both "
        "directions are about as likely."
    )


def test_one_study_is_said_to_be_one(tmp_path: Path) -> None:
    rows = {"death, any": TRIALS[:1], "response": TRIALS}
    found = analysed(read_evidence(write_folder(tmp_path, rows, SETTINGS)))
    death, response = found.endpoints
    sides = with_chance(death, 0.1), with_chance(response, 0.9, "higher")
    assert "Death rests on one study." in said(found, *sides)[0]
    assert "It rests on one study." in said(found, sides[0])[0]
    assert "rests on" not in said(found, sides[1])[0]


@pytest.mark.parametrize(
    ("designs", "told"),
    [
        (("", "", ""), "Whether any study was randomised is not declared."),
        (("randomised",) * 3, "All three trials were randomised."),
        (("matched", "weighted", "historical"), "None of three cohorts was randomised."),
        (("randomised", "weighted", "historical"), "One of three studies was randomised."),
        (("randomised", "randomised", "historical"), "Two of three studies were randomised."),
        (("randomised", "weighted", ""), "One of three studies was randomised; of 1 this is not declared."),
    ],
)
def test_the_certainty_says_how_many_were_randomised(tmp_path: Path, designs: tuple[str, ...], told: str) -> None:
    declared = "".join(
        f'[studies.{name}]\ndesign = "{design}"\n' for (name, _), design in zip(TRIALS, designs, strict=True) if design
    )
    found = analysed(
        read_evidence(write_folder(tmp_path, {"death, any": TRIALS}, SETTINGS.split("[endpoints.r")[0] + declared))
    )
    last = verdict(found)[-1]
    assert told in last.text
    level = certainty_of(found.endpoints[0]).grade.level
    assert last.lead == f"Certainty: {level} (GRADE)."
    assert level in LEVELS


def test_the_certainty_names_what_lowered_it_and_what_nobody_judged(analysis: Analysis) -> None:
    last = verdict(analysis)[-1]
    grades = [certainty_of(e).grade for e in analysis.endpoints]
    for grade in grades:
        for step in grade.steps[1:]:
            named = step.domain in last.text
            assert named is (bool(step.down) or step.domain in grade.missing), step
