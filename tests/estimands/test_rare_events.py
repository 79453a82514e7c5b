"""Evidence in which the event is rare: risks are not rounded away, and margins fit the rate."""

from __future__ import annotations

from pathlib import Path

import pytest

import reanalysis as ra
from cli.command import run
from evidence.folders import FIVE, folder
from reanalysis.analysis.endpoint import as_endpoint
from reanalysis.estimands.words import patients_base, points, risk
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures.icons import describe_icons
from reanalysis.reporting.sections.effects import probability_table
from reanalysis.reporting.sentences import endpoint_summary

RARE = "A,control,x,1,3000\nA,treated,x,2,3000\nB,control,x,1,5000\nB,treated,x,4,5000\n"


def of(where: Path, arms: str, toml: str = "") -> Evidence:
    return read_evidence(folder(where, f"{FIVE}\n{arms}", toml=toml))


@pytest.mark.parametrize(
    ("proportion", "written", "of"),
    [
        (0.34, "34 %", 100), (0.05, "5 %", 100), (0.049, "4.9 %", 100), (0.01, "1.0 %", 100), (0.0099, "0.99 %", 1000),
        (0.001, "0.10 %", 1000), (0.00027, "0.027 %", 10_000), (0.995, "99.50 %", 1000), (2.7e-6, "0.00027 %", 10**6),
    ],
)  # fmt: skip
def test_a_risk_keeps_two_figures_and_is_told_of_enough_patients(proportion: float, written: str, of: int) -> None:
    assert risk(proportion) == written
    assert patients_base(proportion) == patients_base(0.4, 1 - proportion) == of


def test_differences_are_told_of_the_same_patients() -> None:
    assert (points(0.02), points(-0.00031, 10_000)) == ("+2.0", "−3.1")


@pytest.mark.parametrize(
    ("counts", "margins"),
    [
        ((30, 50), (5, 10)), ((20, 20), (5, 10)), ((10, 30), (5, 10)), ((8, 8), (2, 4)), ((8, 12), (2.5, 5)),
        ((1, 0), (0.12, 0.25)), ((0, 0), (5, 10)), ((96, 100), (0.5, 1)),
    ],
)  # fmt: skip
def test_undeclared_margins_fit_the_mean_rate_and_favour_no_arm(
    tmp_path: Path, counts: tuple[int, int], margins: tuple[float, float]
) -> None:
    for control, treated in (counts, counts[::-1]):
        evidence = of(tmp_path / f"{control}", f"A,control,x,{control},100\nA,treated,x,{treated},100\n")
        assert (evidence.endpoint("x").margins, evidence.endpoint("x").rope) == (margins, margins[0])


def test_declared_margins_stand_also_where_they_are_the_usual_ones(tmp_path: Path) -> None:
    evidence = of(tmp_path / "a", RARE, "[endpoints.x]\nmargins = [5, 10]\n")
    assert (evidence.endpoint("x").margins, evidence.endpoint("x").rope) == ((5, 10), 5)
    ra.write_evidence(evidence, tmp_path / "b")
    assert read_evidence(tmp_path / "b").endpoint("x") == evidence.endpoint("x")


def test_the_control_risk_of_a_rare_event_is_the_reported_one(tmp_path: Path) -> None:
    endpoint = as_endpoint(ra.fit(of(tmp_path, RARE), "x"))
    at = endpoint.baselines[0]
    assert at.baseline.percent == 0.027  # median of 1 in 3,000 and 1 in 5,000: 0.0267 %
    assert at.of == 10_000
    said = " ".join(endpoint_summary(endpoint))
    assert "If 2.7 of 10,000 patients have x" in said
    heads = [str(column.header) for column in probability_table(endpoint).columns]
    assert "Risk difference per 10,000" in heads
    assert describe_icons(endpoint).startswith("Two arrays of 1,000 patients")


def test_an_effect_on_a_rare_event_is_not_trivial_for_being_rare(tmp_path: Path) -> None:
    at = as_endpoint(ra.fit(of(tmp_path, RARE), "x")).baselines[0]
    assert at.rope == 0.013  # a quarter of 0.05 %, to two figures
    assert at.within_rope < 0.6


def test_a_fit_prints_rates_that_are_not_zero(tmp_path: Path) -> None:
    of(tmp_path, RARE)
    printed = run("fit", tmp_path, "--endpoint", "x").out
    rates = [line for line in printed.splitlines() if "control_rate" in line or "treated_rate" in line]
    assert len(rates) == 4
    assert not any(cell == "0.000" for line in rates for cell in line.split()[2:4])
