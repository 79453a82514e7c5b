"""What an answer is worth: nothing where no answer changes the decision, and never more than certainty."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

import reanalysis as ra
from cli.command import run
from evidence.folders import FIVE, folder
from reanalysis.alternatives.questions import Question
from reanalysis.decisions.decision import Decision
from reanalysis.decisions.effects import OWN_CONTROLS
from reanalysis.decisions.worth_of_answers import Worth, _gain, worth_of_answers

TOML = """
[endpoints.x]
better = "lower"
[endpoints.y]
better = "lower"
[weights.x]
weight = 1.0
reason = "The unit."
[weights.y]
weight = {weight}
reason = "Another."
"""
ARMS = (
    "study,arm,endpoint,events,n,reading\n"
    "A,control,x,12,40,p\nA,control,x,4,40,q\nA,treated,x,9,40,\n"
    "A,control,y,9,40,\nA,treated,y,8,40,\n"
    "B,treated,y,2,30,\n"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with two readings of one arm, and one whose controls are not reported."""
    return folder(tmp_path_factory.mktemp("readings"), ARMS, toml=TOML.format(weight=2.0))


@pytest.fixture(scope="module")
def decided(path: Path) -> Decision:
    return ra.decide(ra.read_evidence(path))


def of(decided: Decision, words: str) -> Worth:
    return next(one for one in decided.questions if words in one.question.text)


def net_benefit(path: Path, reading: str, where: Path) -> float:
    """Expected net benefit of the folder with one of the readings, at the control risks of the whole."""
    whole = ra.decide(ra.read_evidence(path))
    risks = whole.net_benefits[0].control_risks
    lines = [line for line in ARMS.splitlines() if not line.endswith(",p" if reading == "q" else ",q")]
    text = "\n".join(line.rsplit(",", 1)[0] for line in lines) + "\n"
    one = ra.decide(ra.read_evidence(folder(where, text, toml=TOML.format(weight=2.0))))
    total = 0.0
    for trade_off in one.request.trade_offs:
        delta = one.effects[trade_off.endpoint].head.log_odds_ratio
        risk = risks[trade_off.endpoint].risk
        x = delta.quantile((np.arange(20_000) + 0.5) / 20_000)
        total -= trade_off.weight * float(np.mean(expit(logit(risk) + x)) - risk)
    return total


def test_the_answer_to_a_reading_is_worth_what_better_decisions_gain(
    path: Path, decided: Decision, tmp_path: Path
) -> None:
    """Both readings are fitted as folders of their own: one says that treatment helps, the other that it harms."""
    today = decided.net_benefits[0].published.mean()
    with_p, with_q = (net_benefit(path, name, tmp_path / name) for name in "pq")
    assert with_p > 0 > with_q
    expected = np.mean([_gain(today, with_p), _gain(today, with_q)])
    worth = of(decided, "How many of how many patients in the control arm of A had x")
    assert not worth.bound
    assert worth.value == pytest.approx(float(expected), abs=2e-4)
    assert worth.value > 0


def test_counts_that_are_not_reported_are_worth_no_more_than_the_effect(decided: Decision) -> None:
    """The bound is E max(0, net benefit given the effect of y) less today's, by the quantiles of that effect."""
    worth = of(decided, "the control arm of B had: y")
    today = decided.net_benefits[0].published.mean()
    risk = decided.net_benefits[0].control_risks["y"].risk
    x = decided.effects["y"].head.log_odds_ratio.quantile((np.arange(40_000) + 0.5) / 40_000)
    part = -2.0 * (expit(logit(risk) + x) - risk)
    expected = np.maximum(0.0, today + part - part.mean()).mean() - max(0.0, today)
    assert worth.bound
    assert worth.value == pytest.approx(float(expected), abs=2e-5)
    assert worth.value > 1e-3


def test_more_is_asked_the_more_it_is_worth_and_nothing_is_worth_less_than_nothing(decided: Decision) -> None:
    values = [one.value for one in decided.questions]
    assert values == sorted(values, reverse=True)
    assert values[-1] >= 0
    everything = replace(of(decided, "the control arm of B"), question=Question("", "all?", ("x", "y"))).question
    risks = decided._control_risks[OWN_CONTROLS]
    (both,) = worth_of_answers([everything], decided._weighed, decided.request.trade_offs, risks)
    assert both.value >= max(one.value for one in decided.questions if one.bound)
    (none,) = worth_of_answers([Question("A", "z?", ("z",))], decided._weighed, decided.request.trade_offs, risks)
    assert none.value == 0


def test_no_answer_is_worth_anything_where_none_changes_the_decision(tmp_path: Path) -> None:
    sure = f"{FIVE.strip()},reading\nA,control,x,30,40,p\nA,control,x,31,40,q\nA,treated,x,2,40,\n"
    toml = '[endpoints.x]\nbetter = "lower"\n[weights.x]\nweight = 1\nreason = "The unit."\n'
    found = ra.decide(ra.read_evidence(folder(tmp_path, sure, toml=toml))).questions
    assert [one.value for one in found] == [0.0]
    assert found[0].question.shift is not None


def test_the_command_ranks_them_where_it_is_asked_to(path: Path, decided: Decision) -> None:
    ended = run("decide", path, "--questions", "--format", "json")
    assert ended.json["questions"] == [one.as_dict() for one in decided.questions]
    assert "questions" not in run("decide", path, "--format", "json").json
    assert "at most" in run("decide", path, "--questions").out
