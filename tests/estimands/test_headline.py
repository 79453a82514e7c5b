"""One rule says whose effect is the headline, and every output follows it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reanalysis as ra
from cli.command import fit as fit_command
from engines.builders import data, ratio, spec, study, two_arms
from evidence.folders import ANAKINRA
from reanalysis.alternatives.all_models import all_models
from reanalysis.alternatives.multiverse.specification import Specifications, answers
from reanalysis.decisions.new_cohort import Prediction, predict
from reanalysis.engines.fit import fit
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import Benchmark, ModelData, StudyData

FILLED = StudyData("B", None, Candidates.count(9, 30), 0.02, benchmark=Benchmark(Candidates.count(30, 100), 0.05, 0.5))


@pytest.mark.parametrize("model", ["contrast", "exnex", "bias", "all-cohort"])
def test_two_comparisons_are_averaged_and_one_speaks_for_itself(model: str) -> None:
    two = headline(fit(spec(model), two_arms([(3, 20, 7, 21), (4, 30, 9, 31)])))
    assert (two.kind, two.study) == ("average", None)
    alone = fit(spec(model), data(study("A", (3, 20), (7, 21))))
    found = headline(alone)
    assert (found.kind, found.study) == ("single study", "A")
    assert found.log_odds_ratio.mean() == alone.study["A"]["log_odds_ratio"].mean()


def test_a_cohort_filled_by_a_benchmark_is_no_second_comparison() -> None:
    together = fit(spec("all-cohort"), data(study("A", (3, 20), (7, 21)), FILLED))
    found = headline(together)
    assert (found.study, found.comparative) == ("A", ("A",))
    assert found.log_odds_ratio.mean() == together.study["A"]["log_odds_ratio"].mean()
    assert found.log_odds_ratio.mean() != together.overall["log_odds_ratio"].mean()


def test_a_ratio_is_a_comparison_and_a_silent_study_is_none() -> None:
    assert headline(fit(spec(), data(study("A", (3, 20), (7, 21)), ratio("B", 0.3, 0.4)))).kind == "average"
    silent = ModelData("x", (study("A", (3, 20), (7, 21)),), silent=(study("B", (0, 20), (0, 21)),))
    assert headline(fit(spec(), silent)).study == "A"


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"model": "rates"}, "rates has rates of one arm and no effect"),
        ({"pooling": "none"}, "no average of several studies without pooling"),
        ({"model": "exnex", "pooling": "none"}, "exnex allows partial pooling only"),
        ({"pooling": "complete"}, ""),
    ],
)
def test_what_has_no_headline_says_why(choices: dict[str, Any], reason: str) -> None:
    two = two_arms([(3, 20, 7, 21), (4, 30, 9, 31)])
    assert why_no_headline(spec(**choices), two) == reason
    assert why_no_headline(spec(pooling="none"), data(two.studies[0])) == ""


def told(evidence: Evidence, endpoint: str, model: str) -> Iterator[tuple[str, float, float]]:
    """Whose median odds ratio of what, and P(odds ratio < 1), by every way there is to ask for the headline."""
    fitted = ra.fit(evidence, endpoint, model=model)
    head = headline(fitted.posterior)
    yield "fit", math.exp(float(head.log_odds_ratio.quantile(0.5))), float(head.log_odds_ratio.cdf(0.0))

    printed = fit_command(ANAKINRA, "--model", model, endpoint=endpoint).json
    comparative = printed["comparative_studies"]
    own = comparative[0] if len(comparative) == 1 else None
    of = printed["estimates"]["study"][own] if own else printed["estimates"]
    below = printed["probabilities"]
    chance = below["study_log_odds_ratio_below_0"][own] if own else below["log_odds_ratio_below_0"]
    yield "fit --format json", of["odds_ratio"]["median"], chance

    row = ra.effects(fitted).loc[(evidence.study_label(own) if own else "average", "odds ratio", "")]
    yield "effects", row["median"], row["P(fewer events)"]

    table = fitted.to_frame()
    marked = table[table["headline"] & (table["quantity"] == "odds_ratio")]
    yield "tidy", marked["median"].item(), marked["p_below_0"].item()

    primary = printed["baseline_choice"]["choices"][0]
    yield "baselines", primary["odds_ratio"], primary["p_below_0"]

    every = all_models(evidence, endpoint, ra.specification(evidence), sampled=False)
    (answer,) = (one for one in every if one.model == model)
    assert answer.log_odds_ratio is not None
    assert answer.direction is not None
    yield "all models", math.exp(answer.log_odds_ratio.median), answer.direction.below

    for group, rows in ra.sensitivity(evidence, endpoint, model=model).query("primary").groupby("group"):
        yield f"sensitivity, {group}", rows["odds_ratio_median"].iloc[0], rows["p_below_0"].iloc[0]

    ((short,),) = answers([Specifications(fitted.posterior.data, (fitted.spec,))])
    yield "multiverse", math.exp(float(short["median"])), float(short["p_below_0"])

    for one in predict(evidence, read_evidence(Path(ANAKINRA).parent / "msk_phase2")):
        if isinstance(one, Prediction) and (one.endpoint, one.model) == (endpoint, model):
            yield "predict", one.before.odds_ratio.median, one.before.direction.below


@pytest.mark.parametrize(
    ("endpoint", "model"), [("infection_g3", "all-cohort"), ("crs_any", "all-cohort"), ("icans_any", "contrast")]
)
def test_every_way_to_ask_gives_one_number(evidence: Evidence, endpoint: str, model: str) -> None:
    answers_by_way = {way: (ratio, below) for way, ratio, below in told(evidence, endpoint, model)}
    assert len(answers_by_way) > 8
    assert ("predict" in answers_by_way) == (endpoint == "crs_any")
    for way, found in answers_by_way.items():
        assert found == pytest.approx(answers_by_way["fit"], abs=2e-6), way
