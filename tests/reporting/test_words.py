"""Numbers and sentences say what the numbers say, at their edges too."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pytest

from reanalysis.estimands.risks import number_needed
from reanalysis.estimands.summary import Direction, Summary
from reanalysis.estimands.words import counted, decimal, interval, percent, points, ratio
from reanalysis.reporting import sentences


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
class Study:
    design: str | None


@dataclass
class Evidence:
    settings: Label = field(default_factory=Label)

    design: str | None = None

    def study_label(self, study: str) -> str:
        return study.upper()

    def study(self, study: str) -> Study:
        return Study(self.design)


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
    choice: Choice
    log_odds_ratio: Summary | None
    below: float | None
    benefit: float | None

    @property
    def label(self) -> str:
        return self.choice.label

    @property
    def primary(self) -> bool:
        return self.choice.primary


@dataclass
class Margin:
    margin: float


@dataclass
class Baseline:
    risk_difference: Summary
    beyond: tuple[Margin, ...] = (Margin(5.0), Margin(10.0))


@dataclass
class Endpoint:
    direction: Direction
    headline: Head
    sensitivity: dict[str, list[Result]] = field(default_factory=dict)
    fit: Fit = field(default_factory=Fit)
    label: str = "Thing"
    odds_ratio: Summary = field(default_factory=lambda: Summary(1.1, 0.4, 1.06, 0.46, 2.32))
    log_odds_ratio: Summary = field(default_factory=lambda: Summary(0.06, 0.4, 0.06, -0.78, 0.84))
    baselines: tuple[Baseline, ...] = ()
    better: str | None = "lower"
    id: str = "thing"


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
    steady.log_odds_ratio = summary(-0.5)
    assert "direction" not in sentences.leaving_out(steady)


@pytest.mark.parametrize("word", ["significant", "trend", "proves", "no effect"])
def test_no_labels(word: str) -> None:
    for benefit in (0.001, 0.2, 0.5, 0.97, 0.999):
        assert word not in sentences.effect(endpoint(benefit))


def test_interval_reads_as_a_sentence_part() -> None:
    assert interval(Summary(1.1, 0.4, 1.06, 0.46, 2.32)) == "1.06 (0.46 to 2.32)"


# ---- one sentence an endpoint, and what is not known ----------------------------------------------------------------


def spoken(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def turning_on_a_cohort() -> Endpoint:
    return endpoint(
        0.44,
        Result(Choice("without A"), summary(-0.3), 0.75, 0.75),
        Result(Choice("without B"), summary(0.4), 0.21, 0.21),
    )


def test_a_line_says_that_the_direction_hangs_on_one_cohort() -> None:
    text = spoken(sentences.one_line(turning_on_a_cohort()))
    assert text.startswith("Thing (two cohorts): odds ratio 1.06 (0.46 to 2.32), probability of benefit 44 %")
    assert text.endswith("; the direction depends on the cohort left out.")


def test_a_median_at_exactly_no_effect_turns_nothing() -> None:
    flat = endpoint(0.5, Result(Choice("without A"), summary(0.0), 0.5, 0.5))
    flat.log_odds_ratio = summary(0.0)
    assert not sentences.turns(flat)


@pytest.mark.parametrize(("design", "words"), [("weighted", "one weighted cohort, A"), (None, "one cohort, A")])
def test_a_line_names_the_only_cohort_and_its_design(design: str | None, words: str) -> None:
    only = endpoint(0.1, studies=("a",))
    only.fit.evidence.design = design
    text = sentences.one_line(only)
    assert f"Thing ({words})" in text
    assert "unconfirmed by any other cohort" in text


def test_without_a_good_side_a_line_speaks_of_fewer_events_only() -> None:
    text = sentences.one_line(Endpoint(Direction(0.7, None, None), Head("average", ("a", "b")), better=None))
    assert "probability of fewer events" in text
    assert not any(word in text for word in ("benefit", "harm"))


@dataclass
class Folder:
    def endpoint_label(self, endpoint: str) -> str:
        return endpoint.upper()


@dataclass
class All:
    endpoints: tuple[Endpoint, ...]
    coverage: pd.DataFrame
    evidence: Folder = field(default_factory=Folder)

    @property
    def headlines(self) -> tuple[Endpoint, ...]:
        return self.endpoints


def not_known(*endpoints: Endpoint, coverage: dict[str, list[str]] | None = None) -> list[str]:
    return sentences.not_known(All(endpoints, pd.DataFrame(coverage or {})))  # type: ignore[arg-type]


def ranging(low: float, high: float, better: str | None = "lower") -> Endpoint:
    found = endpoint(0.9)
    found.log_odds_ratio, found.better = summary(-0.5), better
    found.baselines = (Baseline(Summary(0, 1, 0, low, high)),)
    return found


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.05, 0.05, True), (-0.051, 0.2, True), (-0.049, 0.2, False), (-0.2, 0.049, False), (-0.2, -0.1, False)],
)
def test_sizes_that_matter_on_both_sides_are_said_to_remain_possible(low: float, high: float, said: bool) -> None:
    assert bool(not_known(ranging(low, high))) is said


def test_what_remains_possible_is_told_in_patients() -> None:
    assert "Thing, 14 fewer to 20 more in 100" in not_known(ranging(-0.135, 0.199))[0]
    undeclared = not_known(ranging(-0.135, 0.199, better=None))[0]
    assert not any(word in undeclared for word in ("benefit", "harm"))


def test_what_is_not_known_names_turning_single_and_uncompared_endpoints() -> None:
    turning, only = turning_on_a_cohort(), endpoint(0.1, studies=("a",))
    turning.label, only.label = "Turning", "Only"
    for one in (turning, only):
        one.baselines = (Baseline(Summary(0, 1, 0, -0.01, 0.01)),)
    found = not_known(turning, only, coverage={"thing": ["comparison"], "other": ["single arm"]})
    assert [f.split(":")[0] for f in found] == [
        "Which way the average goes for Turning",
        "Whether another cohort would agree on Only",
        "Anything about OTHER",
    ]


def test_lists_are_read_as_lists() -> None:
    assert sentences.listed(["a"]) == "a"
    assert sentences.listed(["a", "b"]) == "a and b"
    assert sentences.listed(["a", "b", "c"]) == "a, b and c"
    assert sentences.listed(["a, b", "c"]) == "a, b; and c"
