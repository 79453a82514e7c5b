"""Python and the command line refuse the same requests, with the same sentences; what is right they read alike."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reanalysis as ra
from cli.command import run
from evidence.folders import ANAKINRA, TWO_STUDIES, folder
from reanalysis.model.choices import CHOICES, VOCABULARIES
from reanalysis.model.spec import ModelSpec

READ = ra.read_evidence(ANAKINRA)

_OPTIONS = {"settings": "--set", "priors": "--prior"}

WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"model": "contrats"}, ["model 'contrats': must be one of ", "did you mean 'contrast'?"]),
    ({"pooling": "some"}, ["pooling 'some': must be one of partial, none, complete"]),
    ({"model": "rates", "arm": "placebo"}, ["arm 'placebo': must be one of control, treated"]),
    ({"engine": "quad"}, ["engine 'quad': must be one of nuts, quadrature"]),
    ({"engine": "stan"}, ["engine 'stan': must be one of nuts, quadrature"]),
    ({"engine": " nuts"}, ["engine ' nuts': must be one of nuts, quadrature; did you mean 'nuts'?"]),
    ({"engine": "quadrature", "model": "joint"}, ["engine quadrature: joint has nuts only"]),
    ({"rho": 5.0}, ["rho 5: must be 0, or at least 0.000001 and below 1"]),
    ({"rho": float("nan")}, ["rho nan: must be 0"]),
    ({"k": 3.0}, ["k 3: must lie above 0 and at or below 1"]),
    ({"seed": -1}, ["seed -1: must be a whole number from 0 to 2147483647"]),
    ({"leave_out": ["phase_2"]}, ["leave_out 'phase_2': unknown; did you mean 'phase2'?"]),
    ({"model": "bias", "rho": 0.1}, ["rho: bias discounts by an additive bias, so rho must be 0"]),
    ({"model": "exnex", "pooling": "complete"}, ["pooling complete: exnex is partial pooling only"]),
    ({"model": "joint", "pooling": "none"}, ["pooling none: joint is partial pooling only"]),
    ({"model": "contrast", "arm": "treated"}, ["arm treated: contrast compares two arms"]),
    ({"model": "beta-rates", "priors": {"mu": "normal(0,1)"}}, ["priors: the prior of beta-rates is"]),
    ({"priors": {"tua": "halfnormal(1)"}}, ["priors 'tua=halfnormal(1)': ", "did you mean 'tau'?"]),
    ({"priors": {"tau": "half_normal(1)"}}, ["priors tau: 'half_normal(1)' is not a distribution"]),
    ({"priors": {"tau": "normal(0,1)"}}, ["priors tau: tau is a standard deviation"]),
    ({"model": "exnex", "settings": {"w": 1.5}}, ["settings 'w=1.5': w must be a number from 0 to 1"]),
    ({"model": "exnex", "settings": {"v": 1}}, ["settings 'v=1': write NAME=X with NAME one of w, nex_mean, nex_sd"]),
    ({"settings": {"w": 0.5}}, ["settings 'w=0.5': model contrast has no settings"]),
    ({"rho": 2.0, "k": 0.0, "seed": -1, "pooling": "all"}, ["pooling 'all'", "rho 2", "k 0", "seed -1"]),
]
"""Choices, and parts of what is said of them: one sentence each, or of the first."""


def by_python(choices: dict[str, Any], endpoint: str = "icans_any") -> tuple[str, ...]:
    with pytest.raises(ra.InvalidInput) as refused:
        ra.fit(READ, endpoint, **choices)
    return tuple(map(str, refused.value.problems))


def by_command(choices: dict[str, Any], endpoint: str = "icans_any") -> tuple[str, ...]:
    options: list[object] = []
    for name, value in choices.items():
        option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
        if isinstance(value, dict):
            options += [part for one, of in value.items() for part in (option, f"{one}={of}")]
        else:
            options += [part for one in (value if isinstance(value, list) else [value]) for part in (option, one)]
    ended = run("fit", ANAKINRA, "--endpoint", endpoint, *options)
    assert (ended.code, ended.out) == (2, "")
    return tuple(ended.errors)


def as_options(problem: str) -> str:
    """A sentence of Python as the command line begins it."""
    name = next(n for n in sorted((*CHOICES, "engine", "endpoint"), key=len, reverse=True) if problem.startswith(n))
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}") + problem.removeprefix(name)


@pytest.mark.parametrize(("choices", "said"), WRONG, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_both_doors_refuse_the_same_requests_with_the_same_sentences(choices: dict[str, Any], said: list[str]) -> None:
    found = by_python(choices)
    assert all(part in " ".join(found) for part in said)
    assert tuple(map(as_options, found)) == by_command(choices)


def test_both_doors_say_what_an_unknown_endpoint_could_mean() -> None:
    found = by_python({}, "icans_an")
    assert found[0].startswith("endpoint 'icans_an': unknown; did you mean 'icans_any'?; ")
    assert tuple(map(as_options, found)) == by_command({}, "icans_an")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            {"rho": {"iptw": 0.1}},
            "rho: must be one number for all studies; by design it is set in analysis.toml, [rho]",
        ),
        ({"rho": "little"}, "rho 'little': must be 0, or at least"),
        ({"k": True}, "k True: must lie above 0"),
        ({"seed": 1.5}, "seed 1.5: must be a whole number"),
        ({"route": "adjust"}, "route 'adjust': must be one of rates, adjusted; did you mean 'adjusted'?"),
        ({"model": "rates", "route": "adjusted"}, "route adjusted: rates of single arms has no ratio"),
        ({"readings": {"phase2/control": "x"}}, "readings phase2/control: unknown reading 'x'; it has "),
        ({"readings": {"phase2/controls": "x"}}, "readings 'phase2/controls': no arm is called that; did you mean"),
        ({"readings": "x"}, "readings 'x': must be a mapping of 'study/arm' to a value"),
        ({"denominators": {"phase1/control": 1}}, "denominators phase1/control: 1 is no n that its print allows"),
        ({"denominators": {"phase2/treated": 25}}, "denominators phase2/treated: its n is printed"),
        ({"priors": {"tau": ("halfnormal", 1)}}, "priors tau: ('halfnormal', 1) is neither text such as"),
        ({"priors": {"tau": ra.Distribution("halfnormal", (-1.0,))}}, "priors tau: 'halfnormal(-1)': scale must"),
        ({"priors": 3}, "priors 3: must be a mapping of names to values, or texts NAME=DISTRIBUTION"),
        ({"leave_out": 3}, "leave_out 3: must be a study or several"),
        ({"model": "exnex", "basket": "maybe"}, "basket 'maybe': must be true or false"),
        ({"basket": True}, "basket: is exnex of single arms, not contrast"),
        ({"prior": {}}, "prior: is no choice; did you mean 'priors'?; there are model, pooling"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_only_python_can_ask_is_refused_in_one_sentence(choices: dict[str, Any], said: str) -> None:
    (found,) = by_python(choices)
    assert found.startswith(said)


@pytest.mark.parametrize("verb", [ra.fit, ra.sensitivity, ra.multiverse, ra.tipping_points])
def test_every_verb_holds_the_same_rules(verb: Any) -> None:
    with pytest.raises(ra.InvalidInput, match="k 3: must lie above 0 and at or below 1\nleave_out 'Z': unknown"):
        verb(READ, "icans_any", k=3, leave_out="Z")


@pytest.mark.parametrize("wrong", ["data/anakinra", pd.DataFrame(), None], ids=["path", "table", "nothing"])
@pytest.mark.parametrize("verb", [ra.fit, ra.sensitivity, ra.multiverse, ra.tipping_points, ra.audit, ra.coverage])
def test_evidence_that_was_not_read_is_refused_and_told_how_to_read_it(verb: Any, wrong: object) -> None:
    with pytest.raises(ra.InvalidInput, match=r"evidence: must be an evidence folder that was read.*read_evidence"):
        verb(*((wrong, "icans_any")[: 1 if verb in (ra.audit, ra.coverage) else 2]))


def test_a_table_is_no_folder() -> None:
    with pytest.raises(ra.InvalidInput, match=r"folder: must be the path of a folder.*not a DataFrame"):
        ra.read_evidence(pd.DataFrame())  # type: ignore[arg-type]


@pytest.mark.parametrize("choice", [{"engine": "quad"}, {"seed": -1}])
def test_a_report_refuses_the_same_and_writes_nothing(tmp_path: Path, choice: dict[str, Any]) -> None:
    where = folder(tmp_path / "data", TWO_STUDIES)
    ((name, value),) = choice.items()
    with pytest.raises(ra.InvalidInput, match=f"{name} '?{value}'?: must be"):
        ra.report(where, tmp_path / "out", **choice)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("choices", "same"),
    [
        ({"priors": {"tau": ra.Distribution("halfnormal", (1.0,))}}, {"priors": {"tau": "halfnormal(1)"}}),
        ({"priors": ra.specification(READ, model="rates").priors}, {"priors": ["mu=normal(0,2)", "tau=halfnormal(1)"]}),
        ({"model": "exnex", "settings": {"w": 0.5}}, {"model": "exnex", "settings": "w=0.5"}),
        ({"model": "exnex", "arm": "treated"}, {"model": "exnex", "arm": "treated", "basket": True}),
        ({"leave_out": "iptw"}, {"leave_out": ("iptw", "iptw")}),
        ({"rho": 0.1, "seed": 7}, {"rho": "0.1", "seed": "7"}),
        ({"k": None, "model": None}, {}),
    ],
)
def test_the_forms_of_a_choice_mean_the_same(choices: dict[str, Any], same: dict[str, Any]) -> None:
    assert ra.specification(READ, "icans_any", **choices) == ra.specification(READ, "icans_any", **same)


def test_a_distribution_keeps_every_digit() -> None:
    scale = 0.123456789
    spec = ra.specification(READ, priors={"tau": ra.Distribution("halfnormal", (scale,))})
    assert spec.priors.tau.parameters == (scale,)


def test_readings_and_denominators_are_those_of_the_folder() -> None:
    rows = [r for r in READ.arms if (r.study, r.arm, r.endpoint) == ("phase2", "control", "icans_any") and r.reading]
    reading = rows[0].reading
    spec = ra.specification(
        READ, "icans_any", readings={"phase2/control": reading}, denominators={"phase1/control": 55}
    )
    assert spec.readings == (("phase2/control", reading),)
    assert spec.denominators == (("phase1/control", 55),)
    assert ra.fit(READ, "icans_any", "quadrature", denominators={"phase1/control": 55}).passed


def test_every_choice_among_words_is_a_field_of_the_specification() -> None:
    assert {"model", "pooling", "arm", "route"} <= set(VOCABULARIES) <= set(CHOICES)
    for name, words in VOCABULARIES.items():
        assert getattr(ModelSpec(), name) in words


def test_what_is_refused_crosses_a_process_boundary() -> None:
    with pytest.raises(ra.InvalidInput) as refused:
        ra.specification(READ, k=3)
    (problem,) = refused.value.problems
    copy = pickle.loads(pickle.dumps(problem))
    assert (copy, copy.argument) == (problem, "k")
