"""Numbers and sentences say what the numbers say, at their edges too."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from reanalysis.estimands.risks import number_needed
from reanalysis.estimands.summary import Direction, Summary
from reanalysis.estimands.words import counted, decimal, interval, percent, points, ratio
from reanalysis.evidence.reading.settings import Source
from reanalysis.reporting import sentences
from reanalysis.reporting.outcomes import chances
from reanalysis.reporting.wording import address, author_year, capital, listed, running


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

    @property
    def chance(self) -> float | None:
        return self.below if self.benefit is None else self.benefit


@dataclass
class Endpoint:
    direction: Direction
    headline: Head
    sensitivity: dict[str, list[Result]] = field(default_factory=dict)
    fit: Fit = field(default_factory=Fit)
    label: str = "Thing"
    odds_ratio: Summary = field(default_factory=lambda: Summary(1.1, 0.4, 1.06, 0.46, 2.32))
    log_odds_ratio: Summary = field(default_factory=lambda: Summary(0.06, 0.4, 0.06, -0.78, 0.84))
    better: str | None = "lower"
    id: str = "thing"


def summary(median: float) -> Summary:
    return Summary(median, 1, median, median - 1, median + 1)


def endpoint(benefit: float, *outcomes: Result, studies: tuple[str, ...] = ("a", "b")) -> Endpoint:
    kind = "average" if len(studies) > 1 else "single study"
    return Endpoint(Direction(benefit, benefit, 1 - benefit), Head(kind, studies), {"leave one out": list(outcomes)})


def spoken(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("benefit", "words"),
    [
        (0.5, "drug is about as likely to reduce thing (50 %) as to increase it (50 %)"),
        (0.6, "drug is about as likely to reduce thing (60 %) as to increase it (40 %)"),
        (0.61, "the chance that drug reduces thing is 61 %"),
        (0.39, "the chance that drug increases thing is 61 %"),
        (0.001, "the chance that drug increases thing is >99 %"),
    ],
)
def test_the_likelier_side_is_named_unless_nearly_even(benefit: float, words: str) -> None:
    assert words in spoken(sentences.effect(endpoint(benefit)))


def test_an_increase_comes_first_where_more_is_better() -> None:
    more = endpoint(0.5)
    more.better = "higher"
    assert "as likely to increase thing (50 %) as to reduce it" in spoken(sentences.effect(more))


def test_without_a_good_side_there_is_no_benefit() -> None:
    undeclared = Endpoint(Direction(0.7, None, None), Head("average", ("a", "b")), better=None)
    assert "benefit" not in sentences.effect(undeclared)
    assert "the chance that drug reduces thing is 70" in sentences.effect(undeclared)
    assert sentences.helps(undeclared) == "fewer events"
    assert spoken(chances(0.7, None)) == "fewer 70 %, more 30 %"


def test_one_cohort_is_named() -> None:
    only = endpoint(0.1, Result(Choice("without A"), None, None, None), studies=("a",))
    assert sentences.basis(only) == "Thing has figures for both groups in one study only (A)."
    only.fit.evidence.design = "weighted"
    assert sentences.basis(only) == "Thing has figures for both groups in one cohort only (A)."


def test_a_direction_that_reverses_is_said() -> None:
    turning = endpoint(
        0.44,
        Result(Choice("all studies", True), summary(0.1), 0.44, 0.44),
        Result(Choice("without A"), summary(-0.3), 0.75, 0.75),
        Result(Choice("without B"), summary(0.4), 0.21, 0.21),
    )
    text = spoken(sentences.leaving_out(turning))
    assert "from 44 % to between 21 % (without B) and 75 % (without A)" in text
    assert "direction depends on which study is left out" in text


def test_a_direction_that_stays_is_not_said_to_reverse() -> None:
    steady = endpoint(
        0.9,
        Result(Choice("all studies", True), summary(-0.5), 0.9, 0.9),
        Result(Choice("without A"), summary(-0.3), 0.8, 0.8),
        Result(Choice("without B"), summary(-0.4), 0.85, 0.85),
    )
    steady.log_odds_ratio = summary(-0.5)
    assert "direction" not in sentences.leaving_out(steady)


def test_a_median_at_exactly_no_effect_reverses_nothing() -> None:
    flat = endpoint(0.5, Result(Choice("without A"), summary(0.0), 0.5, 0.5))
    flat.log_odds_ratio = summary(0.0)
    assert not sentences.turns(flat)


@pytest.mark.parametrize("word", ["significant", "trend", "proves", "no effect"])
def test_no_labels(word: str) -> None:
    for benefit in (0.001, 0.2, 0.5, 0.97, 0.999):
        assert word not in sentences.effect(endpoint(benefit))


def test_interval_reads_as_a_sentence_part() -> None:
    assert interval(Summary(1.1, 0.4, 1.06, 0.46, 2.32)) == "1.06 (0.46 to 2.32)"


# ---- names ----------------------------------------------------------------------------------------------------------


def test_lists_are_read_as_lists() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a, b", "c"]) == "a, b; and c"


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("ABC, any grade", "any-grade ABC"),
        ("Infection, grade 3+", "grade 3+ infection"),
        ("Bacterial infection, grade 3+", "grade 3+ bacterial infection"),
        ("Complete response", "complete response"),
        ("Death, stroke or infarction", "death, stroke or infarction"),
        ("A composite of death and stroke", "a composite of death and stroke"),
        ("HbA1c", "HbA1c"),
        ("A", "A"),
        ("5-year survival", "5-year survival"),
        ("", ""),
    ],
)
def test_an_endpoint_runs_within_a_sentence(label: str, text: str) -> None:
    assert running(label) == text
    assert capital(running(label))[:1] == running(label)[:1].upper()


@pytest.mark.parametrize(
    ("authors", "year", "text"),
    [
        ("Ada Byron, Mary Somerville", 1843, "Byron 1843"),
        ("Byron A, Somerville M, et al.", 1843, "Byron 1843"),
        ("van der Berg JK, Doe J", 1999, "van der Berg 1999"),
        ("Byron and others", 1843, "Byron 1843"),
        ("Ada Byron", None, ""),
        ("not given", 1843, ""),
        ("Authors not found", 1843, ""),
        ("", 1843, ""),
    ],
)
def test_a_source_is_called_by_its_first_author_and_year(authors: str, year: int | None, text: str) -> None:
    assert author_year(Source(authors=authors, year=year)) == text


def test_a_source_is_linked_to_by_its_firmest_address() -> None:
    assert address(Source(doi="10.1/x", pmid="7", nct="NCT1")) == "https://doi.org/10.1/x"
    assert address(Source(pmid="7", nct="NCT1")) == "https://pubmed.ncbi.nlm.nih.gov/7"
    assert address(Source(nct="NCT1")) == "https://clinicaltrials.gov/study/NCT1"
    assert address(Source()) == ""
