"""A frozen posterior predicts a new cohort, is scored by it, and absorbs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import betabinom
from typer.testing import CliRunner

from engines.builders import data, spec, study
from evidence.folders import FIVE, folder
from reanalysis.alternatives.prediction import logit_unseen
from reanalysis.cli.app import app
from reanalysis.decisions.new_cohort import NotPredicted, Prediction, predict
from reanalysis.decisions.predicted_count import count_probabilities
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import GridMarginal
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence, joined
from reanalysis.evidence.problems import InconsistentReport, InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import Benchmark, StudyData
from reanalysis.model.selection import default_spec, select

DATA = Path(__file__).parents[2] / "data"
TODAY = f"{FIVE}\nA,control,x,9,20\nA,treated,x,7,20\nB,control,x,13,30\nB,treated,x,12,31\n"


def one(found: list[Prediction | NotPredicted]) -> Prediction:
    (prediction,) = found
    assert isinstance(prediction, Prediction)
    return prediction


@pytest.fixture
def today(tmp_path: Path) -> Evidence:
    return read_evidence(folder(tmp_path / "today", TODAY))


@pytest.fixture(scope="module")
def msk() -> dict[str, Prediction]:
    found = predict(read_evidence(DATA / "anakinra"), read_evidence(DATA / "msk_phase2"))
    return {p.endpoint: p for p in found if isinstance(p, Prediction)}


def log_evidence(evidence: Evidence, model: str, endpoint: str) -> float:
    spec = default_spec(evidence, model)  # type: ignore[arg-type]
    value = fit(spec, select(evidence, spec, endpoint).data).log_evidence
    assert value is not None
    return value


def test_log_score_of_a_single_arm_is_the_ratio_of_the_evidences(msk: dict[str, Prediction]) -> None:
    """p(new | old, benchmark) = p(new, old, benchmark) / p(old, benchmark), from fits that know of no prediction."""
    old, new = read_evidence(DATA / "anakinra"), read_evidence(DATA / "msk_phase2")
    both = joined(old, new)
    model = default_spec(both, "all-cohort")
    for endpoint, prediction in msk.items():
        on = select(both, model, endpoint).data
        unseen = (replace(s, treated=None) if s.study == prediction.study else s for s in on.studies)
        seen, before = fit(model, on).log_evidence, fit(model, data(*unseen)).log_evidence
        assert seen is not None
        assert before is not None
        assert prediction.score.log_score == pytest.approx(seen - before, abs=1e-4), endpoint


def test_log_score_of_two_arms_is_conditional_on_the_control(today: Evidence, tmp_path: Path) -> None:
    new = read_evidence(folder(tmp_path / "new", f"{FIVE}\nC,control,x,5,25\nC,treated,x,9,24\n"))
    prediction = one(predict(today, new))
    spec = default_spec(today)
    effect, logit = np.linspace(-8, 8, 801), np.linspace(-12, 9, 1401)
    new_effect = fit(spec, select(today, spec, "x").data).overall["log_odds_ratio_new"].density(effect)
    prior = spec.priors.baseline.logpdf(logit[:, None] + effect / 2)
    print_and_all = np.exp(prior + _log_binomial(5, 25, logit)[:, None]) @ new_effect
    control = print_and_all.sum() * (effect[1] - effect[0]) * (logit[1] - logit[0])
    difference = log_evidence(joined(today, new), "contrast", "x") - log_evidence(today, "contrast", "x")
    assert prediction.model == "contrast"
    assert prediction.score.log_score == pytest.approx(difference - np.log(control), abs=1e-4)


def _log_binomial(x: int, n: int, logit: np.ndarray) -> np.ndarray:
    from scipy.stats import binom

    return np.asarray(binom.logpmf(x, n, 1 / (1 + np.exp(-logit))))


def test_log_score_of_a_print_with_several_counts_sums_over_them(today: Evidence, tmp_path: Path) -> None:
    arms = "study,arm,endpoint,events,n,percent\nC,control,x,40,100,\nC,treated,x,{},300,{}\n"
    by_percent = one(predict(today, read_evidence(folder(tmp_path / "p", arms.format("", 31))))).score.log_score
    counts = [x for x in range(301) if f"{100 * x / 300 + 1e-9:.0f}" == "31"]
    assert len(counts) == 3
    apart = [
        one(predict(today, read_evidence(folder(tmp_path / str(x), arms.format(x, ""))))).score.log_score
        for x in counts
    ]
    assert by_percent == pytest.approx(np.logaddexp.reduce(apart), abs=1e-9)


def test_prediction_is_calibrated_on_cohorts_it_draws_itself(today: Evidence, tmp_path: Path) -> None:
    """Counts drawn from prior and posterior by plain Monte Carlo fall where the prediction says."""
    prediction = one(
        predict(today, read_evidence(folder(tmp_path / "new", f"{FIVE}\nC,control,x,5,25\nC,treated,x,9,24\n")))
    )
    spec = default_spec(today)
    posterior = fit(spec, select(today, spec, "x").data)
    rng = np.random.default_rng(7)
    new = posterior.overall["log_odds_ratio_new"].quantile(rng.uniform(size=400_000))
    alpha = spec.priors.baseline.mean + spec.priors.baseline.sd * rng.standard_normal(400_000) - new / 2
    weight = np.exp(5 * alpha - 25 * np.logaddexp(0, alpha))
    count = rng.binomial(24, 1 / (1 + np.exp(-alpha - new)))
    mean = np.average(count, weights=weight)
    assert prediction.expected.mean == pytest.approx(mean, abs=0.05)
    assert prediction.score.pit_low == pytest.approx(np.average(count < 9, weights=weight), abs=0.01)
    assert prediction.score.pit_high == pytest.approx(np.average(count <= 9, weights=weight), abs=0.01)
    assert prediction.score.pit_low <= prediction.score.pit <= prediction.score.pit_high


def test_rho_of_the_design_widens_the_prediction(today: Evidence, tmp_path: Path) -> None:
    arms = f"{FIVE}\nC,control,x,50,250\nC,treated,x,90,240\n"
    plain = one(predict(today, read_evidence(folder(tmp_path / "plain", arms))))
    wide = one(
        predict(today, read_evidence(folder(tmp_path / "wide", arms, toml='[studies.C]\ndesign = "historical"\n')))
    )
    assert (plain.rho, wide.rho) == (0.0, 0.02)
    assert wide.expected.sd is not None
    assert plain.expected.sd is not None
    assert wide.expected.sd > plain.expected.sd


@pytest.mark.parametrize("n", [12, 900])
def test_counts_are_beta_binomial_averaged_over_what_is_known_of_the_rate(n: int) -> None:
    known = GridMarginal.from_density(np.linspace(-4, 4, 41), np.exp(-0.5 * np.linspace(-8, 8, 41) ** 2))
    found = count_probabilities(known, n, 0.01)
    rate = 1 / (1 + np.exp(-np.linspace(-4, 4, 4001)))
    weight = np.exp(-0.5 * np.linspace(-8, 8, 4001) ** 2)
    for x in (0, n // 3, n):
        assert found[x] == pytest.approx(
            np.average(betabinom.pmf(x, n, 99 * rate, 99 * (1 - rate)), weights=weight), rel=1e-3
        )
    assert found.sum() == pytest.approx(1.0)


def test_absorbing_equals_a_fit_of_both_folders(today: Evidence, tmp_path: Path) -> None:
    rows = "C,control,x,5,25\nC,treated,x,9,24\n"
    prediction = one(predict(today, read_evidence(folder(tmp_path / "new", f"{FIVE}\n{rows}"))))
    both = read_evidence(folder(tmp_path / "both", TODAY + rows))
    spec = default_spec(both)
    average = fit(spec, select(both, spec, "x").data).overall["log_odds_ratio"]
    assert prediction.after.odds_ratio.median == pytest.approx(float(np.exp(average.quantile(0.5))))
    assert prediction.primary is None


def test_a_single_arm_leaves_the_primary_posterior_as_it_was(msk: dict[str, Prediction]) -> None:
    evidence = read_evidence(DATA / "anakinra")
    for endpoint, prediction in msk.items():
        assert prediction.model == "all-cohort"
        if prediction.primary is None:
            continue
        spec = default_spec(evidence)
        posterior = fit(spec, select(evidence, spec, endpoint).data)
        effect = (
            posterior.overall["log_odds_ratio"]
            if prediction.primary.note == "average"
            else posterior.study[posterior.data.comparative[0]]["log_odds_ratio"]
        )
        assert prediction.primary.odds_ratio.median == pytest.approx(float(np.exp(effect.quantile(0.5))))
        assert prediction.after.odds_ratio != prediction.before.odds_ratio


@pytest.mark.parametrize("events", [0, 1], ids=["no event", "only events"])
def test_a_cohort_that_says_nothing_of_a_ratio_is_predicted_and_moves_no_belief(
    today: Evidence, tmp_path: Path, events: int
) -> None:
    """Its treated arm is not known when it is predicted: it has the chance that another count leaves it."""
    new = f"{FIVE}\nC,control,x,{40 * events},40\nC,treated,x,{{}},12\n"
    silent = one(predict(today, read_evidence(folder(tmp_path / "silent", new.format(12 * events)))))
    assert silent.model == "contrast"
    assert silent.after == silent.before
    others = [
        one(predict(today, read_evidence(folder(tmp_path / str(x), new.format(x)))))
        for x in range(13)
        if x != 12 * events
    ]
    assert all(other.expected == silent.expected and other.after != other.before for other in others)
    assert np.exp([other.score.log_score for other in (silent, *others)]).sum() == pytest.approx(1)


def test_single_arms_without_a_benchmark_are_named_not_guessed(today: Evidence, tmp_path: Path) -> None:
    (found,) = predict(today, read_evidence(folder(tmp_path / "new", f"{FIVE}\nC,treated,x,9,24\n")))
    assert isinstance(found, NotPredicted)
    assert "benchmark" in found.reason


def test_what_cannot_be_predicted_is_refused(today: Evidence, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'A' is in both"):
        predict(today, read_evidence(folder(tmp_path / "same", TODAY)))
    with pytest.raises(InvalidInput, match="no endpoint"):
        predict(today, read_evidence(folder(tmp_path / "other", f"{FIVE}\nC,treated,y,9,24\n")))
    wrong = read_evidence(
        folder(tmp_path / "wrong", "study,arm,endpoint,events,n,percent\nC,control,x,4,20,45\nC,treated,x,7,20,35\n")
    )
    with pytest.raises(InconsistentReport):
        predict(today, wrong)


def test_the_seed_decides_the_randomised_pit_and_nothing_else(today: Evidence, tmp_path: Path) -> None:
    new = read_evidence(folder(tmp_path / "new", f"{FIVE}\nC,control,x,5,25\nC,treated,x,9,24\n"))
    first, again, other = (one(predict(today, new, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first.score.pit != other.score.pit
    assert first.after == other.after


def test_command_prints_json_or_text_and_refuses_with_exit_2(tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["predict", str(DATA / "anakinra"), *arguments])
        return result.exit_code, result.stdout

    code, said = run("--new", str(DATA / "msk_phase2"), "--format", "json")
    assert code == 0
    found = json.loads(said)
    assert {p["endpoint"] for p in found["predictions"]} == {"icans_any", "icans_g3", "crs_any", "crs_g3", "orr", "cr"}
    assert any("truncation" in f["message"] for f in found["findings"])
    code, said = run("--new", str(DATA / "msk_phase2"))
    assert code == 0
    assert said.count("primary analysis, unchanged") == 5
    assert run("--new", str(tmp_path / "nowhere"))[0] == 2
    assert run("--new", str(DATA / "anakinra"))[0] == 2


def test_a_new_cohort_enters_no_fit_before_it_is_absorbed() -> None:
    """The candidates of the new treated arm must not reach its own prediction."""
    unseen = [
        logit_unseen(spec(), data(study("A", (9, 20), (7, 20)), study("C", (5, 25), (x, 24))), "C") for x in (0, 24)
    ]
    assert unseen[0].mean() == unseen[1].mean()
    assert unseen[0].sd() == unseen[1].sd()


@pytest.mark.parametrize(("anchor", "tolerance"), [("control", 1e-6), ("midpoint", 1e-3)])
def test_a_benchmark_alone_says_no_more_of_an_effect_than_a_control_alone(anchor: str, tolerance: float) -> None:
    """Nothing where baselines are control logits, next to nothing where they are vague means of both logits."""
    two = (study("A", (9, 20), (7, 20)), study("B", (13, 30), (12, 31)))
    benchmark = Benchmark(Candidates.count(40, 100), 0.05, 0.8)
    known, model = StudyData("C", None, None, 0.0, benchmark=benchmark), spec(anchor=anchor)
    without, beside = fit(model, data(*two)), fit(model, data(*two, known))
    for name in ("log_odds_ratio", "tau", "log_odds_ratio_new"):
        assert beside.overall[name].mean() == pytest.approx(without.overall[name].mean(), abs=tolerance)
    seen = replace(known, treated=Candidates.count(9, 24))
    unseen = logit_unseen(model, data(*two, seen), "C")
    assert unseen.mean() == pytest.approx(beside.study["C"]["treated_logit"].mean(), abs=1e-9)
