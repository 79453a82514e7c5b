"""Numbers and sentences say what the numbers say, at their edges too."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from reanalysis.effects.number_needed import number_needed
from reanalysis.effects.probabilities import Direction
from reanalysis.effects.summary import Summary
from reanalysis.report import sentences
from reanalysis.report.numbers import counted, decimal, interval, percent, points, ratio


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0 %"),
        (0.004, "<1 %"),
        (0.005, "<1 %"),
        (0.006, "1 %"),
        (0.5, "50 %"),
        (0.994, "99 %"),
        (0.995, ">99 %"),
        (1.0, "100 %"),
        (None, "–"),
    ],
)
def test_probabilities_never_round_to_certainty(probability: float | None, text: str) -> None:
    assert percent(probability).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.004, "<0.01"),
        (0.46, "0.46"),
        (9.994, "9.99"),
        (15.94, "15.9"),
        (212.15, "212"),
        (1e6, ">1000"),
        (None, "not defined"),
    ],
)
def test_ratios_have_three_figures(value: float | None, text: str) -> None:
    assert ratio(value) == text


def test_signs_are_true_minus_and_zero_has_none() -> None:
    assert points(-0.135) == "−13.5"
    assert points(0.0004) == "0.0"
    assert points(-0.0004) == "0.0"
    assert points(0.01) == "+1.0"
    assert decimal(-0.001) == "0.00"


def test_small_numbers_are_words() -> None:
    assert counted(1, "cohort") == "one cohort"
    assert counted(3, "cohort") == "three cohorts"
    assert counted(22, "study", "studies") == "22 studies"


def test_number_needed_meets_at_infinity() -> None:
    text = str(number_needed(0.013, -0.135, 0.199, lower_is_better=True))
    assert text == "NNH 77 (NNT 7.4 to ∞; NNH 5.0 to ∞)"


@dataclass
class Label:
    treated_label: str = "drug"
    control_label: str = "none"


@dataclass
class Evidence:
    settings: Label = field(default_factory=Label)

    def study_label(self, study: str) -> str:
        return study.upper()


@dataclass
class Fit:
    evidence: Evidence = field(default_factory=Evidence)


@dataclass
class Head:
    kind: str
    comparative: tuple[str, ...]


@dataclass
class Choice:
    label: str
    primary: bool = False


@dataclass
class Result:
    scenario: Choice
    summary: Summary | None
    below: float | None
    benefit: float | None


@dataclass
class Endpoint:
    direction: Direction
    headline: Head
    sensitivity: dict[str, list[Result]] = field(default_factory=dict)
    fit: Fit = field(default_factory=Fit)
    label: str = "Thing"
    odds_ratio: Summary = field(default_factory=lambda: Summary(1.1, 0.4, 1.06, 0.46, 2.32))


def summary(median: float) -> Summary:
    return Summary(median, 1, median, median - 1, median + 1)


def endpoint(benefit: float, *outcomes: Result, studies: tuple[str, ...] = ("a", "b")) -> Endpoint:
    kind = "average" if len(studies) > 1 else "single study"
    return Endpoint(Direction(benefit, benefit, 1 - benefit), Head(kind, studies), {"leave one out": list(outcomes)})


@pytest.mark.parametrize(
    ("benefit", "words"),
    [
        (0.5, "about as probable"),
        (0.6, "about as probable"),
        (0.61, "probability of benefit is 61"),
        (0.39, "probability of harm is 61"),
        (0.001, "probability of harm is >99"),
    ],
)
def test_the_likelier_side_is_named_unless_nearly_even(benefit: float, words: str) -> None:
    assert words in sentences.effect(endpoint(benefit)).replace("\N{NO-BREAK SPACE}", " ")


def test_without_a_good_side_there_is_no_benefit() -> None:
    undeclared = Endpoint(Direction(0.7, None, None), Head("average", ("a", "b")))
    assert "benefit" not in sentences.effect(undeclared)
    assert "fewer events is 70" in sentences.effect(undeclared)


def test_one_cohort_is_named_and_nothing_confirms_it() -> None:
    only = endpoint(0.1, Result(Choice("without A"), None, None, None), studies=("a",))
    assert sentences.basis(only) == "compared in one cohort only (A)"
    assert "nothing else confirms or contradicts" in sentences.leaving_out(only)


def test_a_direction_that_turns_is_said() -> None:
    turning = endpoint(
        0.44,
        Result(Choice("all studies", True), summary(0.1), 0.44, 0.44),
        Result(Choice("without A"), summary(-0.3), 0.75, 0.75),
        Result(Choice("without B"), summary(0.4), 0.21, 0.21),
    )
    text = sentences.leaving_out(turning).replace("\N{NO-BREAK SPACE}", " ")
    assert "from 44 % to between 21 % (without B) and 75 % (without A)" in text
    assert "direction depends on which cohort is left out" in text


def test_a_direction_that_stays_is_not_said_to_turn() -> None:
    steady = endpoint(
        0.9,
        Result(Choice("all studies", True), summary(-0.5), 0.9, 0.9),
        Result(Choice("without A"), summary(-0.3), 0.8, 0.8),
        Result(Choice("without B"), summary(-0.4), 0.85, 0.85),
    )
    assert "direction" not in sentences.leaving_out(steady)


@pytest.mark.parametrize("word", ["significant", "trend", "proves", "no effect"])
def test_no_labels(word: str) -> None:
    for benefit in (0.001, 0.2, 0.5, 0.97, 0.999):
        assert word not in sentences.effect(endpoint(benefit))


def test_interval_reads_as_a_sentence_part() -> None:
    assert interval(Summary(1.1, 0.4, 1.06, 0.46, 2.32)) == "1.06 (0.46 to 2.32)"
