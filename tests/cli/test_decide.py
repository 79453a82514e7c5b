"""``reanalysis decide``: its contract, its words, and one clear error for what it cannot answer."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import reanalysis as ra
from cli.command import Ended, run
from evidence.folders import ANAKINRA, FIVE, TWO_STUDIES, folder
from reanalysis.decisions.uncertain_risks import UNCERTAIN

READ = ra.read_evidence(ANAKINRA)
WEIGHTS = "icans_any=1,crs_any=0.5,infection_g3=2,cr=-1"
S = {"mean", "sd", "median", "lower", "upper"}


@pytest.fixture(scope="module")
def ended() -> Ended:
    return run("decide", ANAKINRA, "--weights", WEIGHTS, "--correlation", "0.3", "--format", "json")


def test_json_keeps_its_contract(ended: Ended) -> None:
    assert ended.code == 0
    found = ended.json
    assert {"net_benefit", "tradeoff", "weight_share_better", "certainty"} <= set(found)
    assert set(found["net_benefit"]) == {
        "liso-cel (TRANSCEND)", "axi-cel (ZUMA-1)", "IPTW 2025 controls", "controls of these studies",
        UNCERTAIN,
    }  # fmt: skip
    for told in found["net_benefit"].values():
        assert S | {"probability_better"} <= set(told)
        assert told["lower"] < told["median"] < told["upper"]
        assert told["correlation"] == 0.3
        assert set(told["by_correlation"]) == {"0", "0.3", "0.6"}
        assert {key: told[key] for key in S} == {key: told["by_correlation"]["0.3"][key] for key in S}
    assert {one["probability"] for one in found["tradeoff"]} == {0.5, 0.8, 0.95}
    assert 0 <= found["weight_share_better"] <= 1
    assert set(found["certainty"]) == set(ra.modelled_endpoints(READ)) == set(found["confounding"])
    for one in found["certainty"].values():
        assert one["level"] == one["steps"][-1]["level"]
        assert {"per_1000", "probability_stated_side", "probability_trivial", "probability_beyond"} <= set(
            one["findings"][0]
        )


def test_python_and_the_command_line_say_the_same(ended: Ended) -> None:
    decision = ra.decide(READ, WEIGHTS, 0.3)
    assert json.loads(json.dumps(decision.as_dict())) == ended.json
    assert ra.decide(READ, WEIGHTS.split(","), "0.3").request == decision.request  # type: ignore[arg-type]
    pairs = {name: float(value) for name, value in (one.split("=") for one in WEIGHTS.split(","))}
    assert ra.decide(READ, pairs, 0.3).request == decision.request


def test_declared_weights_are_used_with_their_reasons() -> None:
    declared = ra.decide(READ).request.trade_offs
    assert {one.endpoint: one.weight for one in declared} == {
        "icans_any": 1,
        "crs_any": 0.5,
        "infection_g3": 2,
        "cr": -1,
    }
    assert all(one.reason == READ.settings.weights[one.endpoint].reason for one in declared)


def test_a_decision_crosses_to_another_process_as_what_was_asked() -> None:
    decision = ra.decide(READ, {"icans_any": 1.0})
    assert decision.net_benefits
    copy = pickle.loads(pickle.dumps(decision))
    assert copy == decision
    assert copy.as_dict()["net_benefit"] == decision.as_dict()["net_benefit"]


def test_the_table_says_what_each_step_did_and_which_way_net_benefit_counts() -> None:
    text = run("decide", ANAKINRA, "--any-of", "icans_g3,infection_g3").out
    for words in (
        "Findings per 1,000 patients", "Certainty, step by step", "Start: high where", "worst domain of each study",
        "Above 0 treatment is better", "controls of these studies", "accepted for one event less of", "E-value",
        "whatever the dependence", "A severe infection can kill",
    ):  # fmt: skip
        assert words in text, words
    assert "Traceback" not in text


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"weights": "foo=1"}, ["weights 'foo': unknown endpoint; "]),
    ({"weights": "icans_nay=1"}, ["weights 'icans_nay': unknown endpoint; did you mean 'icans_any'?"]),
    ({"weights": "icans_any=x"}, ["weights 'icans_any=x': must be a number from -1000000 to 1000000"]),
    ({"weights": "icans_any=inf"}, ["weights 'icans_any=inf': must be a number"]),
    ({"weights": "icans_any"}, ["weights 'icans_any': write weights such as NAME=1,OTHER=2"]),
    ({"weights": ""}, ["weights '': write weights such as NAME=1,OTHER=2"]),
    ({"weights": "icans_any=1,icans_any=2"}, ["weights icans_any: is given twice"]),
    ({"weights": "icans_any=0"}, ["weights: at least one must differ from 0"]),
    (
        {"weights": "cr=1"},
        ['weights cr=1: an event helps (better = "higher" in analysis.toml), so its weight lies below 0'],
    ),
    ({"weights": "icans_any=-1"}, ["weights icans_any=-1: an event harms"]),
    ({"weights": "crs_g3=1"}, ["weights crs_g3: no study has figures for both arms ("]),
    ({"correlation": 1.5}, ["correlation 1.5: must be a number from 0 to 0.99"]),
    ({"correlation": -0.1}, ["correlation -0.1: must be a number from 0 to 0.99"]),
    ({"correlation": "much"}, ["correlation much: must be a number from 0 to 0.99"]),
    ({"any_of": "icans_any"}, ["any_of icans_any: a joint outcome is of two endpoints or more, each once"]),
    ({"any_of": "icans_any,x"}, ["any_of 'x': unknown endpoint"]),
    ({"weights": "a=1,cr=b", "correlation": 2.0}, ["weights 'cr=b'", "weights 'a'", "correlation 2"]),
]


@pytest.mark.parametrize(("asked", "said"), WRONG, ids=[str(asked) for asked, _ in WRONG])
def test_what_cannot_be_answered_is_refused_alike(asked: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ra.InvalidInput) as refused:
        ra.decide(READ, **asked)
    problems = [str(problem) for problem in refused.value.problems]
    assert len(problems) == len(said)
    for problem, words in zip(problems, said, strict=True):
        assert problem.startswith(words)
    options = [part for name, value in asked.items() for part in (f"--{name.replace('_', '-')}", value)]
    ended = run("decide", ANAKINRA, *options)
    assert (ended.code, ended.out) == (2, "")
    assert [error.replace("any-of", "any_of") for error in ended.errors] == [f"--{problem}" for problem in problems]


def test_without_weights_all_but_net_benefit_is_decided(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    needed = (
        "--weights: none are declared in analysis.toml, [weights.NAME], and none are given; "
        "write weights such as NAME=1,OTHER=2, NAME an endpoint that is compared"
    )
    ended = run("decide", where)
    assert ended.code == 0
    assert "Findings per 1,000 patients" in ended.out
    assert "Net benefit per" not in ended.out
    assert "net benefit is left out, as weights: none are declared" in " ".join(ended.out.split())
    told, weighed = (run("decide", where, "--format", "json", *more).json for more in ((), ("--weights", "x=1")))
    assert (told["net_benefit"], told["weight_share_better"], told["tradeoff"]) == ({}, None, [])
    assert set(told) == set(weighed)
    assert told["certainty"] == weighed["certainty"]
    for option in ("--questions", "--joint"):
        ended = run("decide", where, option)
        assert (ended.code, ended.errors) == (2, [needed])
    decision = ra.decide(ra.read_evidence(where))
    assert "Net benefit" not in repr(decision) + decision._repr_html_()
    assert decision.net_benefit_frame.empty


def test_a_report_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    rows = "study,arm,endpoint,events,n,percent\nA,control,x,3,20,40\nA,treated,x,7,21,\n"
    ended = run("decide", folder(tmp_path, rows), "--weights", "x=1")
    assert (ended.code, ended.out) == (2, "")
    assert "arms.csv" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            '[weights.z]\nweight = 1\nreason = "r"\n',
            "analysis.toml, line 1, weights.z: no row of arms.csv or contrasts.csv has",
        ),
        ("[weights.x]\nweight = 1\n", "analysis.toml, line 1, weights.x.reason: the key is missing"),
        ('[weights.x]\nweight = 1\nreason = ""\n', "analysis.toml, line 3, weights.x.reason: must not be empty"),
        ('[weights.x]\nweight = "much"\nreason = "r"\n', "analysis.toml, line 2, weights.x.weight: must be a number"),
        ('[weights.x]\nweight = 1\nreason = "r"\nwhy = 1\n', "analysis.toml, line 4, weights.x.why: unknown key"),
        (
            '[certainty.reporting]\njudgement = "bad"\nreason = "r"\n',
            "analysis.toml, line 2, certainty.reporting.judgement: must be 'not serious', 'serious' or 'very serious'",
        ),
        ("[certainty.bias]\n", "analysis.toml, line 1, certainty.bias: unknown key"),
        (
            '[endpoints.x.certainty.indirectness]\njudgement = "serious"\n',
            "analysis.toml, line 1, endpoints.x.certainty",
        ),
    ],
)
def test_malformed_declarations_name_their_line_and_rule(tmp_path: Path, toml: str, said: str) -> None:
    ended = run("decide", folder(tmp_path, TWO_STUDIES, toml=toml), "--weights", "x=1")
    assert ended.code == 2
    (error,) = ended.errors
    assert error.startswith(said)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,,luck,low,r,,", "risk_of_bias.csv, line 2, domain: must be confounding, selection, classification, "),
        (
            "A,,confounding,bad,r,,",
            "risk_of_bias.csv, line 2, judgement: must be low, moderate, serious, critical or no ",
        ),
        ("A,,confounding,low,,,", "risk_of_bias.csv, line 2, reason: a judgement needs its reason"),
        (
            "Z,,confounding,low,r,,",
            "risk_of_bias.csv, line 2, study: no row of arms.csv or contrasts.csv has this study",
        ),
        ("A,z,confounding,low,r,,", "risk_of_bias.csv, line 2, endpoint: no row of arms.csv or contrasts.csv has this"),
        ("A,,confounding,low,r,nobody,", "risk_of_bias.csv, line 2, source: unknown source"),
        (
            "A,,confounding,low,r,,\nA,,Confounding,serious,r,,",
            "risk_of_bias.csv, line 3: a judgement of A/confounding stands",
        ),
    ],
)
def test_a_malformed_judgement_names_its_line_column_and_rule(tmp_path: Path, row: str, said: str) -> None:
    where = folder(tmp_path, TWO_STUDIES, sources='[me]\ntitle = "t"\n')
    (where / "risk_of_bias.csv").write_text(
        f"study,endpoint,domain,judgement,reason,source,locator\n{row}\n", encoding="utf-8"
    )
    ended = run("decide", where, "--weights", "x=1")
    assert ended.code == 2
    (error,) = ended.errors
    assert error.startswith(said)


def test_judgements_are_read_in_any_case(tmp_path: Path) -> None:
    where = folder(tmp_path, f"{FIVE}\nA,control,x,3,20\nA,treated,x,7,21\n")
    (where / "risk_of_bias.csv").write_text(
        "study,domain,judgement,reason\nA,Confounding, Serious,r\n", encoding="utf-8"
    )
    (row,) = ra.read_evidence(where).risk_of_bias
    assert (row.domain, row.judgement, row.endpoint) == ("confounding", "serious", "")
