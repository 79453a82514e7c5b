"""Every other choice has one row an endpoint, the primary analysis one, and what is many and alike stands together."""

from __future__ import annotations

import math

import pytest

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import interval, percent, ratio
from reanalysis.reporting.sections.choices import ALTERNATIVES, LEAVE_ONE_OUT, choices_table, group_title

pytestmark = pytest.mark.xdist_group("figures")

SIZES = "denominators"


def rows_of(endpoint: EndpointAnalysis) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in choices_table(endpoint).rows]


def test_the_primary_analysis_has_the_first_row_and_no_other(anakinra: Analysis) -> None:
    for endpoint in anakinra.endpoints:
        first, *others = rows_of(endpoint)
        assert first[:4] == ["Primary analysis", "", interval(endpoint.odds_ratio), percent(endpoint.direction.benefit)]
        levels = [
            (group_title(group), one.label)
            for group, found in endpoint.sensitivity.items()
            for one in found
            if one.primary and one.study == endpoint.headline.study
        ]
        assert levels
        assert not {(row[0], row[1]) for row in others} & set(levels)


def test_every_other_outcome_is_in_one_row_with_its_numbers(anakinra: Analysis) -> None:
    for endpoint in anakinra.endpoints:
        rows = {(row[0], row[1]): row for row in rows_of(endpoint)}
        for group, found in endpoint.sensitivity.items():
            for one in found:
                if one.primary or group == SIZES:
                    continue
                row = rows[group_title(group), one.label]
                if one.odds_ratio is None:
                    assert row[2:4] == [one.note, "–"]
                else:
                    assert row[2:4] == [interval(one.odds_ratio), percent(one.benefit)]


def test_many_sizes_of_one_arm_are_one_row_from_the_lowest_to_the_highest(anakinra: Analysis) -> None:
    endpoint = next(e for e in anakinra.endpoints if e.id == "icans_any")
    sizes = [one for one in endpoint.sensitivity[SIZES] if not one.primary]
    rows = [row for row in rows_of(endpoint) if row[0] == group_title(SIZES)]
    assert [row[1] for row in rows] == [f"Strati 2023, control: {len(sizes)} possible sizes"]
    medians = [math.exp(one.log_odds_ratio.median) for one in sizes if one.log_odds_ratio]
    chances = [one.benefit for one in sizes if one.benefit is not None]
    assert rows[0][2:4] == [
        f"{ratio(min(medians))} to {ratio(max(medians))}",
        f"{percent(min(chances))} to {percent(max(chances))}",
    ]


def test_a_cohort_left_out_is_drawn_once(anakinra: Analysis) -> None:
    endpoint = anakinra.headlines[0]
    (others,) = ALTERNATIVES.figures
    assert others.pages is not None
    assert "leave one out" in endpoint.sensitivity
    assert "leave one out" not in {group for page in others.pages(endpoint) for group in page}
    assert [figure.name for figure in LEAVE_ONE_OUT.figures] == ["leave-one-out"]
