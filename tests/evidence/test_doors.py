"""The same evidence is the same value by whichever door it comes, and gives the same bytes of a fit."""

from __future__ import annotations

import copy
import doctest
import inspect
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pandas as pd
import pytest

import reanalysis as ra
from cli.command import run
from evidence.folders import FIVE, folder
from evidence.revman_files import ASPIRIN, package, review, setting
from reanalysis.digests import of_value
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading import given, imported, written
from reanalysis.evidence.reading.wide import SPELLINGS
from reanalysis.files import as_json

LONG = [
    (study, arm, "death", events, n)
    for study, x1, n1, x0, n0, *_ in ASPIRIN
    for arm, events, n in (("control", x0, n0), ("treated", x1, n1))
]
WIDE = {
    "study": [one[0] for one in ASPIRIN],
    "ai": [one[1] for one in ASPIRIN],
    "n1i": [one[2] for one in ASPIRIN],
    "ci": [one[3] for one in ASPIRIN],
    "n2i": [one[4] for one in ASPIRIN],
}
FRAME = pd.DataFrame(LONG, columns=FIVE.split(","))


def plain(where: Path) -> Evidence:
    return ra.read_evidence(folder(where / "plain", f"{FIVE}\n" + "".join(f"{','.join(map(str, r))}\n" for r in LONG)))


def workbook(where: Path) -> Evidence:
    book = openpyxl.Workbook()
    for line in (FIVE.split(","), *LONG):
        book.worksheets[0].append(list(line))
    (where / "book").mkdir()
    book.save(where / "book" / "arms.xlsx")
    return ra.read_evidence(where / "book")


def wide_file(where: Path) -> Evidence:
    pd.DataFrame(WIDE).to_csv(where / "wide.csv", index=False)
    return ra.import_evidence(where / "wide.csv", endpoint="death")


def wide_workbook(where: Path) -> Evidence:
    with_notes = pd.DataFrame(WIDE).rename(columns=str.upper).assign(notes="")
    with_notes.to_excel(where / "trials.xlsx", index=False)
    return replace(ra.import_evidence(where / "trials.xlsx", endpoint="death"), ignored_columns=())


def bare(evidence: Evidence) -> Evidence:
    """Without the ratios that only RevMan prints."""
    assert len(evidence.contrasts) == len(ASPIRIN)
    return replace(evidence, contrasts=())


DOORS: dict[str, Callable[[Path], Evidence]] = {
    "workbook": workbook,
    "frame": lambda where: ra.evidence(FRAME),
    "columns": lambda where: ra.evidence(FRAME.to_dict("list")),
    "rows": lambda where: ra.evidence(FRAME.to_dict("records")),
    "shouted, as papers write it": lambda where: ra.evidence(
        {
            "Study": FRAME.study,
            " ARM ": [f" {arm.upper()} " for arm in FRAME.arm],
            "Endpoint": FRAME.endpoint,
            "events": [f"{x}/{n}" for x, n in zip(FRAME.events, FRAME.n, strict=True)],
        }
    ),
    "wide frame": lambda where: ra.evidence(WIDE, endpoint="death"),
    "wide file": wide_file,
    "wide workbook": wide_workbook,
    "RevMan, version 1": lambda where: bare(ra.import_evidence(package(where / "r1.zip"))),
    "RevMan, version 2": lambda where: bare(ra.import_evidence(package(where / "r2.zip", settings=[setting(2)]))),
    "RevMan 5": lambda where: bare(ra.import_evidence(review(where / "r.rm5"))),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evidence, str]:
    """The five-column folder, and its fit."""
    evidence = plain(tmp_path_factory.mktemp("read"))
    return evidence, fitted(evidence)


def fitted(evidence: Evidence) -> str:
    """Everything that a fit says."""
    return json.dumps(as_json(ra.fit(evidence, "death")), sort_keys=True)


@pytest.mark.parametrize("door", DOORS)
def test_evidence_is_equal_and_its_fit_the_same_bytes(tmp_path: Path, read: tuple[Evidence, str], door: str) -> None:
    evidence = DOORS[door](tmp_path)
    assert evidence == read[0]
    assert of_value(evidence) == of_value(read[0])
    assert pickle.loads(pickle.dumps(evidence)) == copy.deepcopy(evidence) == evidence
    files = ra.write_evidence(evidence, tmp_path / "out")
    assert files == (("arms.csv", "analysis.toml") if evidence.assumed else ("arms.csv",))
    assert (tmp_path / "out" / "arms.csv").read_bytes() == (read[0].folder / "arms.csv").read_bytes()
    assert fitted(evidence) == read[1]
    assert len(read[1]) > 1000


def test_the_command_line_says_of_an_import_what_it_says_of_the_folder(
    tmp_path: Path, read: tuple[Evidence, str]
) -> None:
    made = run("import", package(tmp_path / "r.zip"), tmp_path / "made")
    assert made.code == 0
    assumed = [line.removeprefix("assumed: ") for line in made.out.splitlines() if line.startswith("assumed: ")]
    assert "analysis 1.1 'death' is the endpoint death" in assumed
    assert "arms.csv, contrasts.csv, analysis.toml written; next: reanalysis audit" in made.out
    first, *comments = (tmp_path / "made" / "analysis.toml").read_text(encoding="utf-8").splitlines()
    assert first == "# Assumed when these tables were made of others:"
    assert comments[: len(assumed)] == [f"# - {one}" for one in assumed]
    fits = [
        run("fit", where, "--endpoint", "death", "--format", "json") for where in (tmp_path / "made", read[0].folder)
    ]
    assert fits[0].out == fits[1].out != ""


def test_draws_are_the_same_too(read: tuple[Evidence, str]) -> None:
    trees = [ra.fit(evidence, "death").posterior.tree()["posterior"] for evidence in (ra.evidence(FRAME), read[0])]
    frame, plain = ({name: one.to_numpy() for name, one in tree.items()} for tree in trees)
    assert len(frame) > 3
    assert of_value(frame) == of_value(plain)


def test_other_evidence_is_not_equal(read: tuple[Evidence, str]) -> None:
    one_more = ra.evidence(FRAME.assign(events=FRAME.events + (FRAME.index == 3)))
    assert one_more != read[0]
    assert of_value(one_more) != of_value(read[0])


def columns_of(spelling: Any) -> dict[str, list[Any]]:
    """Two studies in the columns of a spelling."""
    counts = {"treated": ([7, 9], [21, 31]), "control": ([3, 4], [20, 30])}
    found: dict[str, list[Any]] = {"study": ["A", "B"]}
    for arm, (events, n) in counts.items():
        first, second = getattr(spelling, arm)
        found |= {first: events, second: [m - x for x, m in zip(events, n, strict=True)] if spelling.others else n}
    return found


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda one: one.treated[0])
def test_every_spelling_of_a_wide_table_says_the_same_and_names_both_arms(spelling: Any) -> None:
    table, told = columns_of(spelling), 1 if spelling.numbered else None
    evidence = ra.evidence(table, endpoint="x", treated=told)
    assert [(r.study, r.arm, r.events, r.n) for r in evidence.arms] == [
        ("A", "control", (3, 3), 20),
        ("A", "treated", (7, 7), 21),
        ("B", "control", (4, 4), 30),
        ("B", "treated", (9, 9), 31),
    ]
    for arm, said in zip(("control", "treated"), evidence.assumed[:2], strict=True):
        assert said.startswith(f"{arm} arm: {getattr(spelling, arm)[0]} of ")
    if spelling.numbered or "metafor" in spelling.convention:
        swapped = ra.evidence(table, endpoint="x", treated=2)
        assert [r.events for r in swapped.arms] == [(7, 7), (3, 3), (9, 9), (4, 4)]
    else:
        with pytest.raises(ra.InvalidInput, match="say already which arm is which"):
            ra.evidence(table, endpoint="x", treated=2)


def test_numbered_groups_are_read_only_when_told_which_is_treated() -> None:
    with pytest.raises(ra.InvalidInput, match=r"^treated: arms does not say which of r1 and r2 is the treated arm"):
        ra.evidence(columns_of(SPELLINGS[-1]), endpoint="x")


def test_a_wide_table_takes_what_papers_write_and_an_endpoint_of_each_row() -> None:
    table = {"studlab": ["A", "A"], "endpoint": ["x", "y"], "event.e": ["7/21", "8 (38%)"], "event.c": ["3/20", ""]}
    table |= {
        "n.e": ["", "21"],
        "n.c": ["", ""],
        "timepoint": ["day 30", ""],
        "author": ["Smith", ""],
        "year": [2020, 2021],
    }
    evidence = ra.evidence(table)
    assert [(r.endpoint, r.arm, r.printed, r.timepoint) for r in evidence.arms] == [
        ("x", "control", "3 of 20", "day 30"),
        ("x", "treated", "7 of 21", "day 30"),
        ("y", "treated", "8 of 21 (38 %)", ""),
    ]
    assert evidence.assumed[2:] == (
        "studies are in the column studlab",
        "left out: the columns author, year",
        "row 1: A has no control arm",
    )


def test_direction_labels_priors_and_designs_are_arguments() -> None:
    evidence = ra.evidence(
        WIDE,
        endpoint="death",
        better="lower",
        labels={"death": "Death from any cause", "CDP": "Coronary Drug Project"},
        priors={"tau": "halfnormal(0.1)"},
        design={"CDP": "historical"},
        title="Aspirin",
        settings={"seed": 7, "endpoints": {"death": {"margins": [1, 2]}}},
        sources={"fleiss": {"year": 1993}},
    )
    settings, endpoint = evidence.settings, evidence.endpoint("death")
    assert (endpoint.better, endpoint.label, endpoint.margins) == ("lower", "Death from any cause", (1.0, 2.0))
    assert (evidence.study_label("CDP"), evidence.study("CDP").design) == ("Coronary Drug Project", "historical")
    assert (settings.priors.tau, settings.priors.mu) == ("halfnormal(0.1)", "normal(0,1)")
    assert (evidence.title, settings.seed, evidence.sources["fleiss"].year) == ("Aspirin", 7, 1993)
    table = ra.effects(ra.fit(evidence, "death"))
    assert table.filter(like="benefit").notna().to_numpy().any()


def test_the_function_is_callable_typed_and_documented_whatever_was_imported_of_its_room() -> None:
    import reanalysis.evidence.audit.ledger as module

    assert module.audit
    assert list(inspect.signature(ra.evidence).parameters)[:3] == ["arms", "contrasts", "benchmarks"]
    assert "Parameters" in (ra.evidence.__doc__ or "")
    assert ra.evidence(WIDE, endpoint="death").studies == tuple(WIDE["study"])
    assert pickle.loads(pickle.dumps(ra.evidence)) is copy.deepcopy(ra.evidence) is ra.evidence


def test_evidence_is_written_as_it_reads_and_over_nothing(tmp_path: Path) -> None:
    for name in ra.datasets():
        evidence = ra.load(name)
        ra.write_evidence(evidence, tmp_path / name)
        again = ra.read_evidence(tmp_path / name)
        assert replace(again, arms=(), contrasts=(), benchmarks=(), risk_of_bias=(), ignored_columns=()) == replace(
            evidence, arms=(), contrasts=(), benchmarks=(), risk_of_bias=(), ignored_columns=()
        )
        assert [r.printed for r in (*again.arms, *again.contrasts, *again.benchmarks)] == [
            r.printed for r in (*evidence.arms, *evidence.contrasts, *evidence.benchmarks)
        ]
    with pytest.raises(ra.InvalidInput, match=r"holds analysis.toml, arms.csv.* already; nothing was written"):
        ra.write_evidence(ra.load("msk_phase2"), tmp_path / "anakinra")
    assert ra.read_evidence(tmp_path / "anakinra").title == ra.load("anakinra").title


@pytest.mark.parametrize("module", [given, imported, written], ids=lambda one: one.__name__)
def test_examples_of_the_doors_give_what_they_show(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted >= 4
    assert found.failed == 0
