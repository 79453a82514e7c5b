"""Every kind of print becomes the weighted set of (events, n) pairs that it allows, and nothing else."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.folders import Row, folder
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.narrowing import latent_solutions
from reanalysis.evidence.candidates.observation import (
    NoCandidates,
    Observation,
    denominator_prior,
    observations,
)
from reanalysis.evidence.candidates.printing import Percentage, Report, shared_denominators
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.settings import Denominator, Settings, Study

Pairs = dict[tuple[float, float], float]


def rounds_to(x: int, n: int, percent: int) -> bool:
    """Whether x of n prints as a whole percentage, half rounded up."""
    return Fraction(100 * x, n) + Fraction(1, 2) >= percent and Fraction(100 * x, n) + Fraction(1, 2) < percent + 1


def observed(where: Path, rows: list[Row], toml: str = "", **options: object) -> Observation:
    """The one observation of study A, control, endpoint x."""
    evidence = read_evidence(folder(where, rows, toml=toml))
    return observations(evidence, "x", **options)["A", "control"]  # type: ignore[arg-type]


def pairs(candidates: Candidates) -> Pairs:
    """Weight by (events, n)."""
    keys = list(zip(candidates.events, candidates.n, strict=True))
    assert max(Counter(keys).values()) == 1
    return dict(zip(keys, candidates.weight, strict=True))


def test_a_count_is_one_pair(tmp_path: Path) -> None:
    assert pairs(observed(tmp_path, ["A control x 17 25"]).candidates) == {(17, 25): 1}


def test_a_count_beside_its_percentage_is_the_count(tmp_path: Path) -> None:
    assert pairs(observed(tmp_path, ["A control x 17 25 68"]).candidates) == {(17, 25): 1}


def test_a_percentage_of_n_is_every_count_that_prints_so_each_with_the_whole_weight(tmp_path: Path) -> None:
    assert pairs(observed(tmp_path / "a", ["A control x - 20 35"]).candidates) == {(7, 20): 1}
    allowed = pairs(observed(tmp_path / "b", ["A control x - 450 35"]).candidates)
    assert allowed == {(x, 450): 1 for x in range(451) if rounds_to(x, 450, 35)}
    assert len(allowed) == 4


def test_a_range_is_each_of_its_counts(tmp_path: Path) -> None:
    assert pairs(observed(tmp_path, ["A control x 0..1 25"]).candidates) == {(0, 25): 1, (1, 25): 1}


def test_a_range_beside_a_percentage_is_what_both_allow(tmp_path: Path) -> None:
    assert pairs(observed(tmp_path, ["A control x 100..155 450 34"]).candidates) == {
        (x, 450): 1 for x in range(100, 156) if rounds_to(x, 450, 34)
    }


def test_a_percentage_that_only_truncation_gives_is_used_and_says_so(tmp_path: Path) -> None:
    seen = observed(tmp_path, ["A control x - 72 34"])
    assert pairs(seen.candidates) == {(25, 72): 1}
    assert seen.convention == "truncation"


def test_a_percentage_that_no_count_gives_is_refused_and_its_line_named(tmp_path: Path) -> None:
    with pytest.raises(NoCandidates, match=r"line 2 of arms.csv: no count among n = 20 gives 53 %"):
        observed(tmp_path, ["A control x - 20 53"])


READINGS: list[Row] = [
    {
        "study": "A",
        "arm": "control",
        "endpoint": "x",
        "events": 45,
        "n": 72,
        "percent": 63,
        "reading": "percentage",
    },
    {"study": "A", "arm": "control", "endpoint": "x", "events": 47, "n": 72, "reading": "count"},
    {
        "study": "A",
        "arm": "control",
        "endpoint": "x",
        "events": 47,
        "n": 75,
        "percent": 63,
        "reading": "size",
    },
]


def test_readings_share_the_weight_equally(tmp_path: Path) -> None:
    seen = pairs(observed(tmp_path, READINGS).candidates)
    assert set(seen) == {(45, 72), (47, 72), (47, 75)}
    assert list(seen.values()) == pytest.approx([1 / 3] * 3)


def test_readings_have_the_weights_given_whatever_their_sum(tmp_path: Path) -> None:
    weighted = [dict(row) | {"reading_weight": w} for row, w in zip(READINGS, (2, 1, 1), strict=True)]
    seen = pairs(observed(tmp_path, weighted).candidates)
    assert seen == {(45, 72): 0.5, (47, 72): 0.25, (47, 75): 0.25}


def test_one_reading_may_be_chosen(tmp_path: Path) -> None:
    seen = observed(tmp_path, READINGS, readings={"A/control": "size"})
    assert pairs(seen.candidates) == {(47, 75): 1}


def test_the_weight_of_a_reading_is_not_divided_among_the_counts_it_allows(tmp_path: Path) -> None:
    """A vague reading is no less likely than a sharp one: the likelihood sums over its counts."""
    rows: list[Row] = [
        {"study": "A", "arm": "control", "endpoint": "x", "events": "0..4", "n": 30, "reading": "range"},
        {"study": "A", "arm": "control", "endpoint": "x", "events": 9, "n": 30, "reading": "count"},
    ]
    assert pairs(observed(tmp_path, rows).candidates) == {(x, 30): 0.5 for x in (0, 1, 2, 3, 4, 9)}


def test_a_percentage_of_an_unprinted_n_is_every_pair_up_to_n_max_with_uniform_weight_on_n(
    tmp_path: Path,
) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 30\n"
    seen = pairs(observed(tmp_path, ["A control x - - 60"], toml).candidates)
    brute = {(x, n) for n in range(1, 31) for x in range(n + 1) if rounds_to(x, n, 60)}
    assert set(seen) == brute
    assert set(np.round(list(seen.values()), 12)) == {round(1 / len({n for _, n in brute}), 12)}


def test_weight_belongs_to_n_and_is_not_divided_among_its_counts(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 300\n"
    seen = pairs(observed(tmp_path, ["A control x - - 60"], toml).candidates)
    counts = Counter(n for _, n in seen)
    assert {len({w for (_, m), w in seen.items() if m == n}) for n in counts} == {1}
    assert max(counts.values()) == 3
    assert sum({n: w for (_, n), w in seen.items()}.values()) == pytest.approx(1)


def test_other_percentages_of_the_arm_restrict_n_and_add_nothing_else(tmp_path: Path) -> None:
    rows: list[Row] = ["A control x - - 60", "A control y - - 55"]
    seen = pairs(observed(tmp_path, rows, "[studies.A.denominator.control]\nn_max = 80\n").candidates)
    sizes = {
        n
        for n in range(1, 81)
        if any(rounds_to(x, n, 60) for x in range(n + 1)) and any(rounds_to(x, n, 55) for x in range(n + 1))
    }
    assert set(seen) == {(x, n) for n in sizes for x in range(n + 1) if rounds_to(x, n, 60)}
    assert sum({n: w for (_, n), w in seen.items()}.values()) == pytest.approx(1)


def test_a_count_of_an_unprinted_n_allows_every_n_from_it_on(tmp_path: Path) -> None:
    seen = pairs(observed(tmp_path, ["A control x 7 -"], "[studies.A.denominator.control]\nn_max = 12\n").candidates)
    assert set(seen) == {(7, n) for n in range(7, 13)}


def test_readings_of_one_percentage_without_n_are_alternatives(tmp_path: Path) -> None:
    """Not both have to hold: 60 % needs a multiple of five up to 10, 33 % a multiple of three."""
    rows: list[Row] = [
        {"study": "A", "arm": "control", "endpoint": "x", "percent": p, "reading": f"{p} %"} for p in (60, 33)
    ]
    seen = pairs(observed(tmp_path, rows, "[studies.A.denominator.control]\nn_max = 10\n").candidates)
    assert seen == {(3, 5): 0.25, (6, 10): 0.25, (1, 3): 1 / 6, (2, 6): 1 / 6, (3, 9): 1 / 6}


def test_a_chosen_denominator_replaces_the_prior_on_n(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 30\nweight = {20 = 0.6}\n"
    rows: list[Row] = ["A control x - - 60"]
    assert pairs(observed(tmp_path, rows, toml, denominators={"A/control": 25}).candidates) == {(15, 25): 1}
    with pytest.raises(NoCandidates, match="n = 11 is not possible"):
        observed(tmp_path, rows, toml, denominators={"A/control": 11})


def test_named_weights_come_first_and_the_rest_is_even(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 30\nweight = {20 = 0.6}\n"
    seen = pairs(observed(tmp_path, ["A control x - - 60"], toml).candidates)
    others = [w for (_, n), w in seen.items() if n != 20]
    assert seen[12, 20] == pytest.approx(0.6)
    assert others == pytest.approx([0.4 / len(others)] * len(others))


@given(
    weight=st.dictionaries(st.integers(1, 30), st.floats(0.01, 0.2), max_size=5),
    feasible=st.lists(st.integers(1, 30), min_size=1, max_size=20, unique=True),
)
def test_the_prior_of_n_sums_to_1_over_what_is_feasible(weight: dict[int, float], feasible: list[int]) -> None:
    settings = Settings(studies={"A": Study(denominator={"control": Denominator(weight=weight)})})
    evidence = Evidence(Path(), (), (), settings, {}, (), {})
    prior = denominator_prior(evidence, "A", "control", feasible)
    assert set(prior) == set(feasible)
    assert sum(prior.values()) == pytest.approx(1)


def test_weighted_percentages_are_pseudo_counts_at_the_printed_size_until_k_scales_them(
    tmp_path: Path,
) -> None:
    row: Row = {
        "study": "A",
        "arm": "control",
        "endpoint": "x",
        "n": 61,
        "percent": "22.5",
        "weighting": "iptw",
    }
    seen = observed(tmp_path, [row])
    assert seen.weighted
    ((pair, weight),) = pairs(seen.candidates).items()
    assert pair == pytest.approx((61 * 0.225, 61))
    assert weight == 1
    scaled = seen.candidates.scaled(0.75)
    assert (scaled.events[0], scaled.n[0]) == pytest.approx((0.75 * 61 * 0.225, 0.75 * 61))
    assert scaled.proportion() == pytest.approx(0.225)


def test_subgroups_context_and_excluded_rows_are_never_candidates(tmp_path: Path) -> None:
    base = {"study": "A", "arm": "control", "endpoint": "x", "events": 3, "n": 30, "reason": "told"}
    rows: list[Row] = [
        base | {"events": 9},
        base | {"subgroup": "IV", "n": 10},
        base | {"use": "context"},
        base | {"use": "excluded"},
    ]
    assert pairs(observed(tmp_path, rows).candidates) == {(9, 30): 1}


def test_sensitivity_rows_enter_only_when_asked_for(tmp_path: Path) -> None:
    rows: list[Row] = [
        {
            "study": "A",
            "arm": "control",
            "endpoint": "x",
            "events": 3,
            "n": 30,
            "use": "sensitivity",
            "reason": "one arm",
        }
    ]
    evidence = read_evidence(folder(tmp_path, rows))
    assert observations(evidence, "x") == {}
    assert set(observations(evidence, "x", sensitivity=True)) == {("A", "control")}


def test_a_print_that_allows_more_counts_than_can_be_weighed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="allows 10000 counts, more than can be weighed"):
        observed(tmp_path, ["A control x - 999999 35"])
    with pytest.raises(InvalidInput, match="narrow the range"):
        observed(tmp_path, ["A control x 0..999999 999999"])


percentages = st.integers(0, 100).map(lambda p: Percentage(str(p)))
reports = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(Report, percentages, st.none() | st.tuples(st.integers(0, 5), st.integers(6, 60))),
    min_size=1,
)


@given(reports, st.integers(1, 60))
def test_shared_denominators_are_those_of_a_search_of_all_pairs(found: dict[str, Report], largest: int) -> None:
    solutions, convention = shared_denominators(found, largest)

    def fits(report: Report, x: int, n: int) -> bool:
        low, high = report.events or (0, n)
        return low <= x <= high and report.percent is not None and report.percent.prints(x, n, convention)

    brute = {}
    for n in range(1, largest + 1):
        counts = {name: [x for x in range(n + 1) if fits(r, x, n)] for name, r in found.items()}
        if all(counts.values()):
            brute[n] = {name: (xs[0], xs[-1]) for name, xs in counts.items()}
    assert {s.n: s.counts for s in solutions} == brute


def test_no_reports_restrict_nothing_and_no_solution_is_an_empty_list(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ["A control x - - 60", "A control y - - 61", "A control z 1 10"]))
    assert latent_solutions(evidence, "A", "control") == ((), "half-up")
    assert latent_solutions(evidence, "B", "control") == ((), "half-up")
