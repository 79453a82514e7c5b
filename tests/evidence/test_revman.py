"""RevMan's own ratios are held against its counts, and what an import decides or leaves out is said."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

import reanalysis as ra
from evidence.folders import found
from evidence.revman_files import ASPIRIN, ROWS, package, review, row, setting
from reanalysis.evidence.audit.ledger import Ledger, audit
from reanalysis.evidence.reading.revman import read_revman


def audited(path: Path, **choices: Any) -> Ledger:
    return audit(ra.import_evidence(path, **choices))


def refused(path: Path, **choices: Any) -> list[str]:
    with pytest.raises(ra.InvalidInput) as error:
        ra.import_evidence(path, **choices)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize("make", [package, review])
def test_ratios_that_revman_printed_follow_from_its_counts(tmp_path: Path, make: Any) -> None:
    evidence = ra.import_evidence(make(tmp_path / f"r.{'zip' if make is package else 'rm5'}"))
    assert [c.printed for c in evidence.contrasts][:2] == [
        "OR 0.719714 (0.488975 to 1.059336)",
        "OR 0.68076 (0.457391 to 1.013212)",
    ]
    assert {(c.level, c.use, c.adjustment) for c in evidence.contrasts} == {(0.95, "context", "none")}
    assert [f for f in audit(evidence).findings if f.severity != "info"] == []


@pytest.mark.parametrize(
    ("changed", "kind", "told"),
    [
        ({"Mean": "0.75"}, "ratio", "is called unadjusted, but the printed rates give OR 0.72"),
        ({"Mean": "1.389441", "CI start": "0.943987", "CI end": "2.045097"}, "ratio", "control and treated swapped"),
        ({"CI start": "0.644", "CI end": "0.804"}, "interval", "the printed counts give 0.197"),
        ({"Experimental cases": 94}, "ratio", "is called unadjusted, but the printed rates give OR 1.5"),
    ],
)
def test_a_ratio_that_does_not_follow_from_the_counts_is_found(
    tmp_path: Path, changed: dict[str, object], kind: str, told: str
) -> None:
    ledger = audited(package(tmp_path / "r.zip", [row(*ASPIRIN[0], **changed), *ROWS[1:]]))
    assert any(told in f.message and f.study == "MRC-1" for f in found(ledger, kind))
    assert {f.study for f in ledger.findings if f.severity != "info"} == {"MRC-1"}


@pytest.mark.parametrize(
    ("settings", "measure", "said"),
    [
        ({"Effect measure": "Risk Ratio"}, {"RR"}, ""),
        (
            {"Effect measure": "Peto Odds Ratio"},
            set(),
            "its own ratios are of peto odds ratio and are not",
        ),
        (
            {"Effect measure": "Risk Difference"},
            set(),
            "its own ratios are of risk difference and are not",
        ),
        ({"Swap event and non-event": "true"}, set(), "its own ratios are of those without the event"),
    ],
)
def test_only_ratios_of_the_counts_themselves_are_taken(
    tmp_path: Path, settings: dict[str, str], measure: set[str], said: str
) -> None:
    evidence = ra.import_evidence(package(tmp_path / "r.zip", settings=[setting(**settings)]))
    assert {c.measure for c in evidence.contrasts} == measure
    assert any(said in one for one in evidence.assumed) if said else True
    assert len(evidence.arms) == 14


def test_a_study_in_several_subgroups_is_several_and_one_without_patients_is_none(tmp_path: Path) -> None:
    rows = [
        row("S", 1, 10, 2, 11, Subgroup="low dose"),
        row("S", 3, 12, 4, 13, Subgroup="high dose"),
        row("T", 3, 12, 4, 13, Subgroup="high dose"),
        row("U", 0, 0, 4, 13, Subgroup="high dose"),
    ]
    evidence = ra.import_evidence(package(tmp_path / "r.zip", rows))
    assert evidence.studies == ("S, low dose", "S, high dose", "T")
    assert "analysis 1.1: S stands in several subgroups, each read as a study of its own" in evidence.assumed
    assert "analysis 1.1: U has no patients in an arm and is left out" in evidence.assumed


def test_outcomes_become_endpoints_and_what_is_no_count_of_events_is_left_out(tmp_path: Path) -> None:
    rows = [
        *ROWS,
        row("CDP", 3, 758, 4, 771, **{"Analysis number": 2, "Analysis name": "Death (30 days)"}),
        row("CDP", 5, 758, 4, 771, **{"Analysis number": 3, "Analysis name": "Death: 30 days"}),
        row("Hart", 0, 20, 0, 20, **{"Analysis number": 4, "Analysis name": "Score", "Experimental mean": 12.5}),
    ]
    numbered = [
        setting(**{"Analysis number": number, "Data type": "Continuous" if number == 4 else "Dichotomous"})
        for number in (1, 2, 3, 4)
    ]
    labels = {"Experimental group label": "Aspirin", "Control group label": "Placebo"}
    evidence = ra.import_evidence(package(tmp_path / "r.zip", rows, [one | labels for one in numbered]))
    assert evidence.endpoints == ("death_30_days_2", "death_30_days_3", "death")
    assert evidence.endpoint_label("death_30_days_3") == "Death: 30 days"
    assert (evidence.settings.treated_label, evidence.settings.control_label) == ("Aspirin", "Placebo")
    assert "left out, of another comparison or without events: 1.4 Score" in evidence.assumed


def test_outcomes_of_revman_5_have_subgroups_labels_and_levels(tmp_path: Path) -> None:
    row_ = '<DICH_DATA STUDY_ID="STD-CDP" EVENTS_1="{}" TOTAL_1="{}" EVENTS_2="{}" TOTAL_2="{}" EFFECT_SIZE="{}"/>'
    groups = "".join(
        f"<DICH_SUBGROUP><NAME>{name}</NAME>{row_.format(*counts)}</DICH_SUBGROUP>"
        for name, counts in (("old", (4, 20, 2, 20, "2.0")), ("young", (3, 10, 1, 10, "3.0")))
    )
    bleeding = (
        '<DICH_OUTCOME NO="2" EFFECT_MEASURE="RR" CI_STUDY="90" SWAP_EVENTS="NO"><NAME>Bleeding</NAME>'
        f"<GROUP_LABEL_1>Aspirin</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>{groups}</DICH_OUTCOME>"
        '<CONT_OUTCOME NO="3"><NAME>Score</NAME></CONT_OUTCOME>'
    )
    found = read_revman(review(tmp_path / "r.rm5", bleeding)).analyses
    assert [(one.number, one.measure, one.level, one.dichotomous) for one in found] == [
        ("1", "odds ratio", "95", True),
        ("2", "risk ratio", "90", True),
        ("3", "", "", False),
    ]
    evidence = ra.import_evidence(tmp_path / "r.rm5")
    assert [r.study for r in evidence.arms if r.endpoint == "bleeding"] == ["CDP, old"] * 2 + ["CDP, young"] * 2
    assert (evidence.endpoint_label("bleeding"), evidence.settings.control_label) == ("Bleeding", "Placebo")
    assert "left out, of another comparison or without events: 1.3 Score" in evidence.assumed


def test_of_several_comparisons_one_is_chosen(tmp_path: Path) -> None:
    other = {"Analysis group": 2, "Analysis group name": "Heparin or none"}
    path = package(tmp_path / "r.zip", [*ROWS, row("Z", 1, 9, 2, 9, **other)], [setting(), setting(**other)])
    assert refused(path) == [
        "comparison: R1-data-rows.csv has several, say which: 1 Aspirin or none; 2 Heparin or none"
    ]
    assert ra.import_evidence(path, comparison="2").studies == ("Z",)
    assert refused(path, comparison="3")[0].startswith("comparison '3': R1-data-rows.csv has 1 Aspirin or none")


def test_a_folder_and_a_flat_archive_are_read_too(tmp_path: Path) -> None:
    flat = package(tmp_path / "flat.zip", nested=False)
    with zipfile.ZipFile(flat) as packed:
        packed.extractall(tmp_path / "unpacked")
    (tmp_path / "unpacked" / "._R1-data-rows.csv").write_bytes(b"\0")  # as macOS leaves them
    nested = package(tmp_path / "nested.zip")
    assert read_revman(flat) == read_revman(nested) == read_revman(tmp_path / "unpacked")


def test_a_count_that_cannot_be_is_named_by_its_line_of_the_package(tmp_path: Path) -> None:
    rows = [*ROWS, row("Z", 30, 20, 2, 20), row("Y", "x", 20, 2, 20)]  # type: ignore[arg-type]
    assert [one.split(": ")[0] for one in refused(package(tmp_path / "r.zip", rows))] == [
        "R1-data-rows.csv, line 9, experimental cases (treated)",
        "R1-data-rows.csv, line 10, experimental cases (treated)",
    ]


def _no_archive(path: Path) -> None:
    path.write_bytes(b"PK")


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", "a")


def _huge(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("R1-data-rows.csv", b" " * 21_000_000)


def _entities(path: Path) -> None:
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


@pytest.mark.parametrize(
    ("make", "name", "told"),
    [
        (_no_archive, "r.zip", "is not a .zip archive that can be read"),
        (_other_archive, "r.zip", "has no *-data-rows.csv: must be the data package of one intervention review"),
        (_huge, "r.zip", "R1-data-rows.csv: a file may have 20 MB"),
        (Path.mkdir, "r", "has no *-data-rows.csv: must be the data package of one intervention review"),
        (lambda path: path.write_text("<a>"), "r.rm5", "is not a review of RevMan 5 (.rm5) that can be read"),
        (lambda path: path.write_text("<a/>"), "r.rm5", "has no analyses"),
        (_entities, "r.rm5", "declares a document type or entities, which no review of RevMan does"),
        (lambda path: package(path, [row("Z", 0, 0, 0, 0)]), "r.zip", "has no analysis of events in both arms"),
    ],
)
def test_what_is_no_review_is_refused(tmp_path: Path, make: Any, name: str, told: str) -> None:
    make(tmp_path / name)
    (problem,) = refused(tmp_path / name)
    assert problem.split(": ", 1)[1] == told
