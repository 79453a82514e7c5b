"""What the prior of a slope allows over what was observed is said, with an alarm for too little or too much."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.estimands.moderators import PriorReach, prior_reaches
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import select
from reanalysis.model.specification import specification

BCG = Path(__file__).parents[2] / "data" / "validation" / "bcg"


def reach(prior: str = "normal(0,0.5)", unit: float = 1.0) -> PriorReach:
    """Of latitude, in other units."""
    evidence = read_evidence(BCG)
    studies = {
        name: study.model_copy(update={"covariates": {"latitude": study.covariates["latitude"] / unit}})
        for name, study in evidence.settings.studies.items()
    }
    moderators = {"latitude": evidence.settings.moderators["latitude"].model_copy(update={"centre": None})}
    made = evidence.settings.model_copy(update={"studies": studies, "moderators": moderators})
    evidence = replace(evidence, settings=made)
    spec = specification(evidence, "tuberculosis", moderators="latitude", priors={"moderator": prior})
    (found,) = prior_reaches(spec, select(evidence, spec, "tuberculosis").data)
    return found


def test_a_prior_a_degree_shrinks_nothing_over_42_degrees() -> None:
    found = reach()
    assert (found.low, found.high) == (pytest.approx(13), pytest.approx(55))
    assert found.alarming
    assert "more than a million-fold (95 %) from 13 to 55 of Latitude" in found.text
    assert "moderator=normal(0,0.012) would allow 2.7-fold" in found.text
    assert not reach("normal(0,0.012)").alarming


def test_the_same_in_units_of_the_whole_range_is_the_default_of_two_values() -> None:
    found = reach(unit=42.0)
    assert found.factor == pytest.approx(math.exp(1.96 * 0.5), rel=1e-3)
    assert not found.alarming


def test_a_covariate_in_thousands_leaves_no_slope_possible() -> None:
    found = reach(unit=1000.0)
    assert found.alarming
    assert "leaves hardly any slope possible" in found.text
    assert found.factor < 1.1


def test_a_prior_off_zero_counts_its_farther_end() -> None:
    assert reach("normal(-0.02,0.01)").factor == pytest.approx(math.exp(42 * (0.02 + 0.0196)), rel=1e-3)


def test_the_moderators_of_the_cohorts_raise_no_alarm(evidence: Evidence) -> None:
    for name in evidence.settings.moderators:
        spec = specification(evidence, "icans_any", moderators=name)
        assert not any(one.alarming for one in prior_reaches(spec, select(evidence, spec, "icans_any").data))


def test_the_command_line_says_it_in_words_and_in_json(tmp_path: Path) -> None:
    years = "".join(f"[studies.{name}.covariates]\nyear = {year}\n" for name, year in (("A", 1990), ("B", 2010)))
    where = folder(tmp_path / "years", TWO_STUDIES, toml=years)
    asked = ("fit", where, "--endpoint", "x", "--moderator", "year", "--engine", "quadrature")
    shown = run(*asked)
    assert shown.code == 0
    assert "shrinks the slope hardly at all" in " ".join(shown.out.split())
    found = run(*asked, "--format", "json").json["moderator_prior"]["year"]
    assert found["alarming"]
    assert found["observed"] == [1990, 2010]
    assert found["text"] in " ".join(shown.out.split())
