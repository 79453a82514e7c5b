"""The report names the priors that decide and the studies that say nothing of a ratio, and only those."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from figures.folders import write_folder
from readme.answer import analysed
from reanalysis.alternatives.choices import BASELINES, MU_PRIOR, TAU_PRIOR
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import Direction
from reanalysis.estimands.words import percent
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.reporting.results import results
from reanalysis.reporting.sentences import deciding_in_short, deciding_priors
from reanalysis.reporting.text import markdown
from reporting.built import squeezed

HEADING = "Priors that move these results."
PRIORS = {MU_PRIOR: "average effect", TAU_PRIOR: "heterogeneity", BASELINES: "baselines"}


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Three cohorts with events enough, a fourth and a fifth that say nothing of a ratio."""
    folder = tmp_path_factory.mktemp("silent")
    studies = [
        ("Ash", (40, 100, 41, 100)),
        ("Birch", (31, 90, 30, 92)),
        ("Cedar", (55, 120, 57, 118)),
        ("Dogwood", (0, 25, 0, 20)),
        ("Elm", (12, 12, 9, 9)),
    ]
    return analysed(read_evidence(write_folder(folder, {"death": studies})))


def front(analysis: Analysis) -> str:
    """All before the endpoints one by one."""
    return squeezed(markdown(analysis, {}).split("{#endpoints}")[0].replace("\\", ""))


def with_chances(endpoint: EndpointAnalysis, group: str, *shifts: float) -> EndpointAnalysis:
    """The endpoint as if other choices of one prior moved P(fewer events) by so much, and those of no other prior."""

    def shifted(outcome: Outcome, shift: float) -> Outcome:
        return replace(outcome, direction=Direction(endpoint.direction.below + shift, None, None))

    sensitivity = dict(endpoint.sensitivity)
    for name in PRIORS:
        primary, *others = sensitivity[name]
        assert primary.primary
        assert len(others) >= len(shifts)
        by = shifts if name == group else ()
        moved = [shifted(one, by[i] if i < len(by) else 0.0) for i, one in enumerate(others)]
        sensitivity[name] = [shifted(primary, 0.0), *moved]
    return replace(endpoint, sensitivity=sensitivity, scrutiny=None)


@pytest.mark.parametrize(("group", "what"), PRIORS.items())
def test_a_prior_whose_choices_move_the_probability_by_more_than_five_points_is_named(
    analysis: Analysis, group: str, what: str
) -> None:
    (death,) = analysis.endpoints
    moved = with_chances(death, group, 0.03, -0.051)
    text = front(replace(analysis, endpoints=(moved,)))
    below = death.direction.below
    low, high = (percent(below + shift) for shift in (-0.051, 0.03))
    assert f"{HEADING}**" in text
    assert squeezed(f"death: {what}, {low} to {high}.") in text


def test_five_points_are_not_more_than_five_and_nothing_is_named_then(analysis: Analysis) -> None:
    (death,) = analysis.endpoints
    for group in PRIORS:
        text = front(replace(analysis, endpoints=(with_chances(death, group, 0.0499, -0.0499),)))
        assert HEADING not in text


def test_a_prior_that_power_scaling_finds_is_named_though_no_choice_moves_it(plain_report: object) -> None:
    found = plain_report.analysis  # type: ignore[attr-defined]
    death = found.endpoints[0]
    power = death.scrutiny.power
    for value, named in ((0.049, False), (0.051, True)):
        table = power.table.copy()
        columns = [column for column in table if column not in ("quantity", "study")]
        table[columns] = 0.0
        table.loc[(table["quantity"] == "log_odds_ratio") & (table["study"] == ""), columns[0]] = value
        quiet = with_chances(death, BASELINES)
        scaled = replace(quiet, scrutiny=replace(death.scrutiny, power=replace(power, table=table)))
        assert any("power scaling finds 0.051, above 0.05" in one for one in deciding_priors(scaled)) is named


def test_what_the_first_page_names_follows_from_the_rows_of_the_sensitivity(plain_report: object) -> None:
    found = plain_report.analysis  # type: ignore[attr-defined]
    for endpoint in found.headlines:
        told = " ".join(deciding_priors(endpoint))
        for group, what in PRIORS.items():
            primary, *others = (one.below for one in endpoint.sensitivity[group])
            moved = max(abs(one - primary) for one in others if one is not None) > 0.05
            assert (f"prior of the {what} matters: other choices" in told) is moved, (endpoint.id, group)
        words = squeezed(plain_report.words)  # type: ignore[attr-defined]
        short = deciding_in_short(endpoint)
        assert bool(short) is bool(told)
        assert all(squeezed(text) in words for text in (told, short and f"{endpoint.label}: {short}"))


def test_studies_that_say_nothing_of_a_ratio_are_named_with_the_reason_and_not_counted(analysis: Analysis) -> None:
    text = squeezed(markdown(analysis, {}).replace("\\", ""))
    assert (
        "Two studies more say nothing of a ratio (Dogwood: no event in either arm; Elm: only events in both arms)."
    ) in text
    assert "Death was compared in three studies." in text
    death = results(analysis)["endpoints"]["death"]
    assert death["uninformative_studies"] == {"Dogwood": "no event in either arm", "Elm": "only events in both arms"}
    assert death["headline"]["comparative_studies"] == ["Ash", "Birch", "Cedar"]


def test_an_endpoint_whose_every_study_is_silent_is_not_called_uncompared(tmp_path: Path) -> None:
    rows = {"death": [("Ash", (4, 20, 2, 21)), ("Birch", (5, 30, 6, 29))], "sepsis": [("Ash", (0, 20, 0, 21))]}
    text = front(analysed(read_evidence(write_folder(tmp_path, rows))))
    assert (
        "Sepsis: no study has figures of both groups that say anything of a ratio (Ash: no event in either arm)."
        in text
    )
