"""Requests for designs: Python and the command line answer the same ones alike, and refuse the same ones alike."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

import reanalysis as ra
from cli.command import run
from decisions.test_next_trial import design as made
from evidence.folders import ANAKINRA, FIVE, TWO_STUDIES, folder
from reanalysis.decisions import design_grid
from reanalysis.decisions.design_grid import evaluate_all, smallest
from reanalysis.decisions.design_request import trial_request
from reanalysis.decisions.next_trial import evaluate, power
from reanalysis.decisions.prior_text import effect_prior, rate_prior
from reanalysis.decisions.today import Today
from reanalysis.decisions.trial_design import Rule, Truth
from reanalysis.decisions.trial_priors import BaselineAndEffect, ControlAndEffect, Tabulated, TwoRates
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import default_spec, select
from reanalysis.validation.published_folder import FOLDER

ICANS = ra.read_evidence(ANAKINRA)
SPONDYLITIS = ra.read_evidence(FOLDER / "as")
MIXTURE = (
    "0.4612914*beta(33.9513487,103.0146367)+0.1917812*beta(19.4400089,41.5205219)"
    "+0.1893896*beta(12.2692310,55.9202833)+0.1575378*beta(2.2521243,5.4812202)"
)


@pytest.fixture
def plain(tmp_path: Path) -> Evidence:
    """Two studies and not a word of settings."""
    return ra.read_evidence(folder(tmp_path / "plain", TWO_STUDIES))


def test_the_published_design_from_the_command_line() -> None:
    ended = run(
        "design", FOLDER / "as", "--endpoint", "response", "--n", 6, "--ratio", 4, "--analysis", "arms",
        "--prior", f"control={MIXTURE}", "--prior", "treated=beta(0.5,1)", "--baseline", 0.25545885,
        "--truth", "RD=0.302", "--format", "json",
    )  # fmt: skip
    assert ended.code == 0
    (found,) = ended.json["designs"]
    assert (found["n_control"], found["n_treated"]) == (6, 24)
    assert found["boundary"] == [10, 11, 12, 13, 16, 18, 21]
    assert found["power"]["RD=0.302"] == pytest.approx(0.8, abs=0.002)
    assert found["type_1_error"] == pytest.approx(0.0223, abs=5e-5)
    assert {"assurance", "expected_width", "evsi"} <= set(found)
    assert ended.json["spec"]["defaults"]["design prior"].startswith("the analysis prior: no study informs")


def test_command_and_python_give_the_same_numbers() -> None:
    ended = run(
        "design", ANAKINRA, "--endpoint", "icans_any", "--n", "10,20", "--ratio", "1,2", "--threshold", "0.9,0.95",
        "--truth", "OR=0.5", "--truth", "RD=-0.1", "--baseline", "axi-cel (ZUMA-1)", "--prior", "mu=normal(0,0.7)",
        "--worthwhile", 0.01, "--format", "json",
    )  # fmt: skip
    found = ra.design(
        ICANS, "icans_any", [10, 20], ratio=(1, 2), threshold=(0.9, 0.95), truth=["OR=0.5", "RD=-0.1"],
        baseline=0.64, priors={"mu": Distribution.parse("normal(0,0.7)")}, worthwhile=0.01,
    )  # fmt: skip
    assert ended.code == 0
    assert ended.json["endpoint"] == "icans_any"
    assert ended.json["designs"] == found.as_dict()["designs"]
    assert [(d["n_control"], d["n_treated"], d["threshold"]) for d in ended.json["designs"]] == [
        (10, 10, 0.9), (10, 10, 0.95), (10, 20, 0.9), (10, 20, 0.95),
        (20, 20, 0.9), (20, 20, 0.95), (20, 40, 0.9), (20, 40, 0.95),
    ]  # fmt: skip
    assert list(ended.json["designs"][0]["power"]) == ["OR=0.5", "RD=-0.1"]
    assert len(found.to_frame()) == 8
    assert ended.json["evpi"] > max(d["evsi"] for d in ended.json["designs"]) > 0
    assert "power OR=0.5" in found._repr_html_()
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_table_says_what_was_not_stated() -> None:
    ended = run("design", ANAKINRA, "--endpoint", "icans_any", "--n", 8, "--truth", "OR=0.5")
    assert ended.code == 0
    for said in ("side lower, the better one of the endpoint", "liso-cel (TRANSCEND)", "prior mu normal(0,1)"):
        assert said in ended.out
    assert "P(risk difference < 0) > 0.95" in ended.out


def test_todays_posterior_is_the_design_prior() -> None:
    """New-study effect of the folder on the baseline that is named, or on the MAP prior of the control rate."""
    trial = trial_request(ICANS, "icans_any", n=12, baseline=0.3).designs[0]
    spec = default_spec(ICANS)
    new = ra.fit(ICANS, "icans_any").posterior.overall["log_odds_ratio_new"]
    assert isinstance(trial.design_prior, ControlAndEffect)
    at = new.quantile((np.arange(400) + 0.5) / 400)
    chances = [power(trial, Truth("", 0.3, float(expit(logit(0.3) + x)))) for x in at]
    assert evaluate(trial).assurance == pytest.approx(np.mean(chances), abs=2e-4)
    known = trial_request(ICANS, "icans_any", n=12).designs[0].design_prior
    rates = ra.fit(ICANS, "icans_any", model="rates")
    assert isinstance(known, ControlAndEffect)
    assert isinstance(known.control, BetaMixture)
    expected = rates.as_dict()["estimates"]["map_prior"]["mixture"]
    assert known.control.mean() == pytest.approx(expected["mean"], abs=1e-9)
    assert select(ICANS, spec, "icans_any").data.comparative == ("iptw", "phase1", "phase2")


def test_todays_posterior_made_robust_is_a_prior_of_the_analysis() -> None:
    arms = trial_request(ICANS, "icans_any", n=5, analysis="arms").designs[0].analysis
    today = Today(ICANS, "icans_any")
    assert isinstance(arms, TwoRates)
    assert isinstance(arms.control, BetaMixture)
    assert arms.control.cdf(0.4) == pytest.approx(0.8 * today.control().cdf(0.4) + 0.2 * 0.4)
    assert arms.treated == BetaMixture((1.0,), (1.0,), (1.0,))
    mixed = trial_request(ICANS, "icans_any", n=5, priors={"mu": "robust"}).designs[0].analysis
    assert isinstance(mixed, BaselineAndEffect)
    x = np.linspace(-2, 2, 9)
    vague = np.exp(Distribution.parse("normal(0,1)").logpdf(x))
    assert mixed.effect.density(x) == pytest.approx(0.8 * today.effect().density(x) + 0.2 * vague)
    spelled = trial_request(ICANS, "icans_any", n=5, priors="mu=0.8*today+0.2*normal(0,1)").designs[0].analysis
    assert isinstance(spelled, BaselineAndEffect)
    assert spelled.effect.density(x) == pytest.approx(mixed.effect.density(x))


def test_a_named_design_prior_replaces_todays(plain: Evidence) -> None:
    stated = ["control=beta(3,7)", "treated=beta(2,9)"]
    trial = trial_request(plain, "x", n=5, design_prior=stated, baseline=0.2, side="lower").designs[0]
    assert trial.design_prior == TwoRates(BetaMixture((1.0,), (3.0,), (7.0,)), BetaMixture((1.0,), (2.0,), (9.0,)))
    assert trial.baseline == 0.2


@pytest.mark.parametrize(
    ("choices", "side"),
    [
        ({}, "both"),
        ({"truth": "OR=0.6"}, "lower"),
        ({"truth": ["RD=0.1", "OR=2"]}, "higher"),
        ({"truth": ["RD=0.1", "RD=-0.1"]}, "both"),
        ({"truth": "RD=0.1", "side": "lower"}, "lower"),
    ],
)
def test_without_a_better_side_the_truths_say_where_to_look(
    plain: Evidence, choices: dict[str, Any], side: str
) -> None:
    request = trial_request(plain, "x", n=9, baseline=0.3, **choices)
    assert request.designs[0].rule.side == side
    assert ("side" in request.spec["defaults"]) == ("side" not in choices)


def test_an_odds_ratio_as_margin_is_that_of_the_rule(plain: Evidence) -> None:
    ratio = trial_request(plain, "x", n=30, baseline=0.3, scale="or", margin=0.8, side="lower").designs[0]
    found = evaluate(ratio)
    edge = power(ratio, Truth("", 0.3, float(expit(logit(0.3) + np.log(0.8)))))
    assert found.type_1_error == pytest.approx(edge)
    none = trial_request(plain, "x", n=30, baseline=0.3, scale="or", side="lower").designs[0]
    same = trial_request(plain, "x", n=30, baseline=0.3, side="lower").designs[0]
    assert evaluate(none).boundary == evaluate(same).boundary


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"n": 0}, ["n 0: must be a whole number of patients, at least 1"]),
    ({"n": "10,2.5"}, ["n 2.5: must be a whole number"]),
    ({"n": "many"}, ["n 'many': must be a number"]),
    ({}, ["n: name the patients of the control arm"]),
    ({"n": 5000}, ["n 5000: with 5,000 treated it has more than 4,000,000 outcomes"]),
    ({"n": 5, "ratio": 0}, ["ratio 0: treated patients per control, must lie between 0.01 and 100"]),
    ({"n": 5, "ratio": 0.05}, ["ratio 0.05: leaves no treated patient for 5 controls"]),
    ({"n": 5, "threshold": 1.2}, ["threshold 1.2: is a probability, and must lie above 0 and below 1"]),
    ({"n": 5, "threshold": "nan"}, ["threshold 'nan': must be a number"]),
    ({"n": 5, "scale": "or", "margin": -0.1}, ["margin -0.1: of scale or is an odds ratio"]),
    ({"n": 5, "scale": "or", "margin": 0.0}, ["margin 0: of scale or is an odds ratio", "no effect is 1"]),
    ({"n": 5, "margin": 1.5}, ["margin 1.5: of scale rd is a risk difference, above -1 and below 1; no effect is 0"]),
    ({"n": 5, "margin": -0.5, "baseline": 0.3}, ["margin -0.5: at a control risk of 0.3 the treated risk would be"]),
    ({"n": 5, "scale": "rr"}, ["scale 'rr': must be one of rd, or"]),
    ({"n": 5, "analysis": "arm"}, ["analysis 'arm': must be one of contrast, arms; did you mean 'arms'?"]),
    ({"n": 5, "side": "up"}, ["side 'up': must be one of lower, higher, both"]),
    ({"n": 5, "no_go": 0.99}, ["no_go 0.99: must lie above 0 and below the threshold"]),
    ({"n": 5, "no_go": 0.2, "side": "both"}, ["no_go 0.2: with side both the grey zone lies between"]),
    ({"n": 5, "worthwhile": -0.1}, ["worthwhile -0.1: must be a risk difference from 0 to below 1"]),
    ({"target": 1.0}, ["target 1: is a probability of success"]),
    ({"n": 5, "truth": ["HR=0.5"]}, ["truth 'HR=0.5': write OR=0.5 or RD=-0.1"]),
    ({"n": 5, "truth": ["OR=-1"]}, ["truth 'OR=-1': an odds ratio lies above 0"]),
    ({"n": 5, "truth": ["RD=-0.4"], "baseline": 0.3}, ["truth 'RD=-0.4': at a control risk of 0.3"]),
    ({"n": 5, "baseline": 30.0}, ["baseline 30.0: must be a control risk above 0 and below 1, or one of 'liso-cel"]),
    (
        {"n": 5, "priors": {"control": "beta(1,1)"}},
        ["priors 'control=beta(1,1)': write NAME=DISTRIBUTION with NAME one of mu, baseline"],
    ),
    (
        {"n": 5, "analysis": "arms", "priors": {"mu": "normal(0,1)"}},
        ["priors 'mu=normal(0,1)': write NAME=DISTRIBUTION with NAME one of control, treated"],
    ),
    *(
        ({"n": 5, argument: {name: prior}}, [f"{argument} {name}: {name} takes normal(mean,sd), logistic(mean,scale)"])
        for prior in ("halfnormal(1)", "exponential(1)", "lognormal(0,1)", "halfcauchy(1)", "half_student_t(3,1)",
                      "inverse_gamma(2.91,0.66)", "uniform(-1,1)")
        for argument, name in (("priors", "mu"), ("priors", "baseline"), ("design_prior", "mu"))
    ),
    ({"n": 5, "priors": {"baseline": "student_t(1,0,1)"}}, ["priors baseline: baseline takes student_t(df"]),
    ({"n": 5, "priors": {"baseline": "today"}}, ["priors baseline: 'today' is no prior of a baseline"]),
    ({"n": 5, "priors": {"mu": "0.8*normal(0,1)+0.1*normal(0,2)"}}, ["priors mu: ", "weights must sum to 1, not 0.9"]),
    ({"n": 5, "priors": {"mu": "normal(0,1)+normal(0,2)"}}, ["every part of a mixture needs a weight"]),
    ({"n": 5, "analysis": "arms", "priors": {"control": "beta(0,1)"}}, ["priors control: 'beta(0,1)': a and b must"]),
    ({"n": 5, "analysis": "arms", "priors": {"control": "bta(1,1)"}}, ["priors control: 'bta(1,1)' is no prior of"]),
    ({"n": 5, "analysis": "arms", "priors": {"treated": "today"}}, ["priors treated: today is known of the control"]),
    ({"n": 5, "design_prior": {"mu": "today", "treated": "beta(1,1)"}}, ["design_prior: mu and treated exclude"]),
    ({"n": 0, "threshold": 2.0, "scale": "rr"}, ["scale 'rr'", "n 0", "threshold 2"]),
]  # fmt: skip
"""Choices, and parts of what is said of them."""

_OPTIONS = {"priors": "--prior"}


@pytest.mark.parametrize(("choices", "said"), WRONG, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_both_doors_refuse_the_same_requests_with_the_same_sentences(choices: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ra.InvalidInput) as refused:
        ra.design(ICANS, "icans_any", **choices)
    found = [str(problem) for problem in refused.value.problems]
    assert all(part in " ".join(found) for part in said)
    options: list[object] = []
    for name, value in choices.items():
        option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
        values = [f"{one}={of}" for one, of in value.items()] if isinstance(value, dict) else value
        options += [part for one in (values if isinstance(values, list) else [values]) for part in (option, one)]
    ended = run("design", ANAKINRA, "--endpoint", "icans_any", *options)
    assert (ended.code, ended.out) == (2, "")
    names = sorted((*choices, "n"), key=len, reverse=True)
    for sentence, by_command in zip(found, ended.errors, strict=True):
        name = next(name for name in names if sentence.startswith(name))
        assert by_command == _OPTIONS.get(name, f"--{name.replace('_', '-')}") + sentence.removeprefix(name)


def test_unknown_endpoints_and_missing_controls_are_named(tmp_path: Path) -> None:
    with pytest.raises(ra.InvalidInput, match="endpoint 'icans': unknown; did you mean"):
        ra.design(ICANS, "icans", 5)
    with pytest.raises(ra.InvalidInput, match="evidence: must be an evidence folder that was read"):
        ra.design("data", "icans", 5)  # type: ignore[arg-type]
    single = ra.read_evidence(folder(tmp_path / "single", f"{FIVE}\nA,treated,x,3,20\n"))
    with pytest.raises(ra.InvalidInput, match=r"baseline: no study informs 'x'.*name a control risk"):
        ra.design(single, "x", 5)
    with pytest.raises(ra.InvalidInput, match="priors control: no study informs 'x'"):
        ra.design(single, "x", 5, analysis="arms", baseline=0.3)
    assert ra.design(single, "x", 5, baseline=0.3).designs[0].assurance > 0


@pytest.mark.parametrize("family", ["normal(0.1234567,1)", "logistic(0.1,0.5)", "student_t(4,0.1,0.57)"])
def test_every_family_of_the_model_is_a_prior_of_a_trial(family: str) -> None:
    """As text, as a distribution, within a mixture, from the command line and as the prior of the design."""
    said = {"mu": family, "baseline": family.replace("student_t(4", "student_t(3.5")}
    given = {name: Distribution.parse(text) for name, text in said.items()}
    found = ra.design(ICANS, "icans_any", 9, priors=given, truth="OR=0.5")
    assert ra.design(ICANS, "icans_any", 9, priors=said, truth="OR=0.5").designs == found.designs
    mixed = {"mu": f"0.5*{family}+0.5*{family}", "baseline": said["baseline"]}
    assert ra.design(ICANS, "icans_any", 9, priors=mixed, truth="OR=0.5").designs[0].power["OR=0.5"] == pytest.approx(
        found.designs[0].power["OR=0.5"]
    )
    ended = run("design", ANAKINRA, "--endpoint", "icans_any", "--n", 9, "--prior", f"mu={family}", "--truth", "OR=0.5",
                "--prior", f"baseline={said['baseline']}", "--format", "json")  # fmt: skip
    assert ended.json["designs"] == found.as_dict()["designs"]
    known = ra.design(ICANS, "icans_any", 9, design_prior={"mu": given["mu"]}, baseline=0.3)
    assert known.spec["design_prior"] == {"control": "0.3", "mu": str(given["mu"])}


def test_a_folders_own_priors_are_those_of_the_analysis(tmp_path: Path) -> None:
    priors = 'mu = "student_t(4,0,0.57)"\ntau = "inverse_gamma(2.91,0.66)"\nbaseline = "student_t(3,0,2.5)"\n'
    path = folder(tmp_path / "own", TWO_STUDIES, toml=f"[priors]\n{priors}")
    found = ra.design(ra.read_evidence(path), "x", 9, baseline=0.3)
    assert found.spec["priors"] == {"mu": "student_t(4,0,0.57)", "baseline": "student_t(3,0,2.5)"}
    assert 0 < found.designs[0].type_1_error < 0.1


def never() -> Any:
    raise AssertionError


def test_mixtures_are_read_as_they_are_written() -> None:
    found = rate_prior("0.8*beta(33.9, 103) + 2e-1*Beta(1,1)", never)
    assert (found.weights, found.a, found.b) == ((0.8, 0.2), (33.9, 1.0), (103.0, 1.0))
    rounded = rate_prior("0.333*beta(1,2)+0.333*beta(2,1)+0.333*beta(3,3)", never)
    assert sum(rounded.weights) == pytest.approx(1.0, abs=1e-12)
    mixed = effect_prior("0.5*normal(-1e+0,1)+0.5*logistic(+2,1)", never, Distribution.parse("normal(0,1)"))
    assert list(map(str, mixed.components)) == ["normal(-1,1)", "logistic(2,1)"]


def test_the_smallest_trial_reaches_the_target_and_one_patient_fewer_does_not() -> None:
    truths = (Truth("OR=0.3", 0.4, float(expit(logit(0.4) + np.log(0.3)))),)
    trial = made(1, 1, rule=Rule("lower", "or", 1.0, 0.9, better="lower"), truths=truths, width=False, baseline=0.4)
    of_assurance, of_power = smallest(trial, 1.0, 0.7)
    assert of_power.n_control is not None
    assert of_power.n_treated == of_power.n_control
    assert power(trial.sized(of_power.n_control, 1.0), truths[0]) == of_power.reached >= 0.7
    missed = [power(trial.sized(n, 1.0), truths[0]) for n in range(max(1, of_power.n_control - 6), of_power.n_control)]
    assert max(missed) < 0.7
    assert of_assurance.of == "assurance"


def test_a_target_beyond_what_is_known_is_said_to_be_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(design_grid, "MOST_SEARCHED", 2_000)
    found = ra.design(ICANS, "icans_any", target=0.99, baseline=0.3)
    (one,) = found.smallest
    assert (one.n_control, one.n_treated, one.searched) == (None, None, 43)
    assert 0 < one.reached < 0.99
    assert found.designs == ()
    assert found.as_dict()["smallest"][0]["n_control"] is None


GRID = [
    made(n, m, rule=Rule("lower", threshold=threshold, better="lower"), width=False)
    for n in (3, 8)
    for m in (4, 9)
    for threshold in np.linspace(0.5, 0.98, 30)
]


def test_a_grid_has_the_same_bits_wherever_it_is_computed(tmp_path: Path) -> None:
    expected = [evaluate(trial) for trial in GRID]
    assert evaluate_all(GRID) == expected
    with ThreadPoolExecutor(2) as threads:
        assert evaluate_all(GRID, threads) == expected
    assert evaluate_all(pickle.loads(pickle.dumps(GRID))) == expected
    assert evaluate_all(GRID, folder=tmp_path) == expected


def test_an_interrupted_grid_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Exception):
        pass

    def stops(done: int, of: int) -> None:
        if done >= 50:
            raise Interrupted

    with pytest.raises(Interrupted):
        evaluate_all(GRID, folder=tmp_path, progress=stops)
    seen: list[int] = []
    monkeypatch.setattr(design_grid, "evaluate", lambda trial: seen.append(1) or evaluate(trial))
    assert len(evaluate_all(GRID, folder=tmp_path)) == len(GRID)
    assert len(seen) == len(GRID) - 50
    other = [replace(trial, baseline=0.31) for trial in GRID]
    assert evaluate_all(other, folder=tmp_path) != evaluate_all(GRID, folder=tmp_path)


def test_todays_posterior_crosses_a_process_boundary() -> None:
    trial = trial_request(ICANS, "icans_any", n=6, priors={"mu": "today"}, baseline=0.3).designs[0]
    again = pickle.loads(pickle.dumps(trial))
    assert evaluate(again) == evaluate(trial)
    assert isinstance(trial.analysis, BaselineAndEffect)
    assert isinstance(trial.analysis.effect.components[0], Tabulated)
