"""Sections on models without an effect, and on populations whose control risk is uncertain, say what was computed."""

from __future__ import annotations

import pytest

import reanalysis as ra
from figures.folders import write_folder
from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.estimands.words import percent, points_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.reporting.section import Section
from reanalysis.reporting.sections.averaging import AVERAGED, averaging_of, models_table
from reanalysis.reporting.sections.new_population import NEW_POPULATION, in_new_population, population_table

PRECISE = [("Ash", (40, 400, 20, 400)), ("Birch", (200, 500, 140, 510)), ("Cedar", (15, 600, 7, 590))]
"""An effect that is well known, at control risks that are far apart."""


@pytest.fixture(scope="module")
def death(tmp_path_factory: pytest.TempPathFactory) -> EndpointAnalysis:
    folder = tmp_path_factory.mktemp("populations")
    return as_endpoint(ra.fit(ra.read_evidence(write_folder(folder, {"death": PRECISE})), "death"), sensitivity=True)


def said(section: Section[EndpointAnalysis], endpoint: EndpointAnalysis) -> str:
    text = section.markdown(None, endpoint)  # type: ignore[arg-type]
    return text.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def test_the_four_models_stand_in_the_report_with_what_they_come_to(death: EndpointAnalysis) -> None:
    found = averaging_of(death)
    assert found is not None
    rows = models_table(found).rows
    assert [row[0] for row in rows] == [
        "an effect, heterogeneity",
        "an effect, no heterogeneity",
        "no effect, heterogeneity",
        "no effect, no heterogeneity",
    ]
    assert [row[2] for row in rows] == ["25 %"] * 4
    assert [row[3] for row in rows] == [percent(one.probability) for one in found.models]
    text = said(AVERAGED, death)
    assert "Averaged over models without an effect" in text
    assert found.text.replace("\N{NO-BREAK SPACE}", " ") in text
    assert AVERAGED.results(death)["averaging"].as_dict() == found.as_dict()


def test_an_uncertain_control_risk_is_told_where_it_matters(death: EndpointAnalysis) -> None:
    found = in_new_population(death)
    assert found is not None
    assert found.widened > 1.5
    known, averaged = population_table(death, found).rows
    assert known[2] == points_interval(found.at_median)
    assert averaged[2] == points_interval(found.risk_difference)
    begin = "three control arms say of the risk of a new population with control, the MAP prior, is"
    assert f"{begin} {found.control_text}".replace("\N{NO-BREAK SPACE}", " ") in said(NEW_POPULATION, death)
    assert NEW_POPULATION.results(death)["new_population"] == found


def test_where_it_changes_little_nothing_is_said(evidence: Evidence) -> None:
    icans = as_endpoint(ra.fit(evidence, "icans_any"))
    found = in_new_population(icans)
    assert found is not None
    assert 1 / 1.1 < found.widened < 1.1
    assert said(NEW_POPULATION, icans) == ""
    assert averaging_of(icans) is None  # without a sensitivity
