"""Words in the re-analysis: a fit, its sensitivity and the command line select what is told as they select counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import reanalysis as ra
from cli.command import run
from reanalysis.alternatives.choices import WORDS
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec, select
from reanalysis.model.specification import specification

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return read_evidence(ANAKINRA)


@pytest.fixture(scope="module")
def crs(evidence: Evidence) -> list[Outcome]:
    return sensitivity_set(evidence, default_spec(evidence), "crs_any", {WORDS})[WORDS]


def width(one: Outcome) -> float:
    assert one.log_odds_ratio is not None
    return one.log_odds_ratio.upper - one.log_odds_ratio.lower


def test_crs_of_any_grade_then_draws_on_all_three_cohorts_and_its_interval_narrows(crs: list[Outcome]) -> None:
    figures, *told = crs
    assert figures.primary
    assert figures.studies == ("phase2",)
    assert [one.label for one in told] == ["words, uniform rates", "words, benchmarks of the products"]
    for one in told:
        assert set(one.studies) == {"phase1", "phase2", "iptw"}
        assert one.study is None
        assert width(one) < width(figures)


def test_a_fit_with_words_is_that_of_the_sensitivity_and_names_what_it_counts(
    evidence: Evidence, crs: list[Outcome]
) -> None:
    found = ra.fit(evidence, "crs_any", words=True).as_dict()
    assert found["comparative_studies"] == ["iptw", "phase1", "phase2"]
    assert found["estimates"]["log_odds_ratio"]["mean"] == pytest.approx(crs[1].log_odds_ratio.mean, rel=1e-9)
    assert found["spec"]["words"] is True
    said = {study: one["claims"] for study, one in found["claims"].items()}
    assert said == {"iptw": ["no difference"], "phase1": ["similar"]}
    assert found["claims"]["iptw"]["sizes"] == {"control": [83.0], "treated": [46.0]}
    assert found["claims"]["phase1"]["baseline"] == "logistic(0,1), mean logit"
    assert found["estimates"]["study"]["iptw"]["control_rate"] is None
    assert ra.fit(evidence, "crs_any").as_dict()["claims"] == {}


def test_the_command_line_counts_words_and_refuses_them_by_name() -> None:
    told = run("fit", ANAKINRA, "--endpoint", "crs_any", "--words", "--format", "json")
    assert told.json["claims"].keys() == {"iptw", "phase1"}
    shown = run("fit", ANAKINRA, "--endpoint", "crs_any", "--words").out
    assert "iptw: told in words, no difference; baseline logistic(0,1), mean logit" in shown
    for model in ("joint", "arm-beta-binomial", "rates", "beta-rates"):
        refused = run("fit", ANAKINRA, "--endpoint", "crs_any", "--words", "--model", model)
        assert refused.code == 2
        assert f"--words: {model} takes none: a claim is one of two arms of a study" in refused.err


def test_python_says_the_same(evidence: Evidence) -> None:
    with pytest.raises(InvalidInput, match=r"words: rates takes none"):
        specification(evidence, "crs_any", model="rates", words=True)
    with pytest.raises(InvalidInput, match=r"words 'perhaps': must be true or false"):
        specification(evidence, "crs_any", words="perhaps")
    with pytest.raises(InvalidInput, match=r"words: exnex takes none"):
        specification(evidence, "crs_any", model="exnex", arm="treated", words=True)


@pytest.mark.parametrize("model", ["contrast", "all-cohort", "exnex", "bias"])
def test_every_model_of_contrasts_takes_them(evidence: Evidence, model: str) -> None:
    counted = select(evidence, specification(evidence, "crs_any", model=model, words=True), "crs_any").data.studies
    assert {one.study for one in counted if one.told} >= {"iptw"}
    assert len([one for one in counted if one.comparative]) >= 2


def test_what_is_left_out_or_varied_beside_words_is_a_study_like_any(evidence: Evidence) -> None:
    spec = specification(evidence, "crs_any", words=True)
    found = sensitivity_set(evidence, spec, "crs_any", {"leave one out", WORDS, "model", "pooling"})
    labels = {one.label: one.studies for one in found["leave one out"]}
    assert labels["without IPTW 2025"] == ("phase1", "phase2")
    (primary,) = (one for one in found[WORDS] if one.primary)
    others = [one for one in found[WORDS] if not one.primary]
    assert primary.label == "words, uniform rates"
    assert [one.label for one in others] == ["figures alone", "words, benchmarks of the products"]
    assert others[0].studies == ("phase2",)
    assert all(one.odds_ratio is not None for group in found.values() for one in group if "no pooling" not in one.label)
    alone = ra.fit(evidence, "crs_any")
    figures = others[0].log_odds_ratio
    assert figures is not None
    assert figures.mean == pytest.approx(alone.posterior.study["phase2"]["log_odds_ratio"].mean(), rel=1e-9)


def test_where_every_cohort_has_figures_there_are_no_words(evidence: Evidence) -> None:
    assert WORDS not in sensitivity_set(evidence, default_spec(evidence), "icans_any", {WORDS})
    with_words, without = (ra.fit(evidence, "icans_any", words=words) for words in (True, False))
    means = [one.posterior.overall["log_odds_ratio"].mean() for one in (with_words, without)]
    assert means[0] == means[1]


def test_other_priors_of_what_is_told_are_declared_with_the_words(evidence: Evidence) -> None:
    """Benchmarks as the folder's own choice make them the primary level."""
    words = evidence.settings.words.model_copy(update={"benchmarks": True})
    declared = replace(evidence, settings=evidence.settings.model_copy(update={"words": words}))
    found = ra.fit(declared, "crs_any", words=True).as_dict()
    assert found["claims"]["phase1"]["baseline"] == "logistic(0,1), control logit"
    assert found["claims"]["phase1"]["benchmark"]["weight"] == 0.5
    spec = specification(declared, "crs_any", words=True)
    (primary,) = (one for one in sensitivity_set(declared, spec, "crs_any", {WORDS})[WORDS] if one.primary)
    assert primary.label == "words, benchmarks of the products"


def test_a_cohort_whose_words_cannot_be_weighed_is_named(tmp_path: Path) -> None:
    (tmp_path / "arms.csv").write_text(
        "study,arm,endpoint,events,n,use,reason\nA,control,x,9,30,,\nA,treated,x,6,30,,\nB,control,z,3,40,,\n"
        "B,treated,z,2,20,,\nC,treated,x,4,20,sensitivity,one arm\n"
    )
    (tmp_path / "contrasts.csv").write_text(
        "study,endpoint,claim,use,reason\nB,x,similar,context,words\nC,x,similar,context,words\n"
    )
    found = ra.fit(read_evidence(tmp_path), "x", words=True).as_dict()
    assert found["studies"] == ["A", "B"]
    assert found["claims_not_counted"] == {"C": "the size of its control arm is not printed"}


def test_words_alone_can_be_fitted(evidence: Evidence) -> None:
    """No cohort has figures of both groups for CRS of grade 3 or more; the claims of all three say something."""
    found = ra.fit(evidence, "crs_g3", words=True).as_dict()
    assert set(found["claims"]) == set(found["studies"])
    with pytest.raises(InvalidInput, match="no study informs"):
        ra.fit(evidence, "crs_g3")
