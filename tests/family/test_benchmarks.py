"""External benchmarks are read as strictly as arms.csv, fill missing controls, and say when they were counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import fit as fit_command
from cli.command import run
from evidence.folders import ANAKINRA, folder
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence

ARMS = (
    "study,arm,endpoint,events,n,use,reason,timepoint\n"
    "A,control,x,3,20,,,\nA,treated,x,7,21,,,\n"
    "B,treated,x,9,31,sensitivity,no control is printed,day 30\n"
)
TOML = '[studies.A]\ndesign = "matched"\nproduct = "alpha"\n[studies.B]\ndesign = "historical"\nproduct = "beta"\n'
HEADER = "product,endpoint,label,events,n,percent,timepoint"


def with_benchmarks(where: Path, *rows: str, header: str = HEADER) -> Path:
    made = folder(where, ARMS, toml=TOML)
    (made / "benchmarks.csv").write_text("\n".join([header, *rows]) + "\n")
    return made


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("beta,x,Trial,30,,,", "line 2, n: a benchmark needs its printed n"),
        ("beta,x,Trial,,100,,", "line 2, events: a report of the events is needed"),
        ("beta,x,Trial,101,100,,", "line 2, events: events must not exceed n = 100 (found '101')"),
        ("beta,x,Trial,9..3,100,,", "line 2, events: a range runs from the smaller to the larger count"),
        ("beta,x,Trial,,100,101,", "line 2, percent: must be a percentage from 0 to 100"),
        ("beta,x,Trial,3.5,100,,", "line 2, events: must be a whole number"),
        (",x,Trial,30,100,,", "line 2, product: a product id of 1 to 100 characters is needed"),
        ("bета,x,Trial,30,100,,", "line 2, product: no study of analysis.toml has this product"),
        ("beta,y,Trial,30,100,,", "line 2, endpoint: no row of arms.csv or contrasts.csv has this endpoint"),
        ("beta,x,Trial,30,100,,day 30,extra", "line 2: the line must have 7 cells like the header, it has 8"),
    ],
)
def test_a_malformed_benchmark_is_one_clear_error(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=r"^benchmarks\.csv") as error:
        read_evidence(with_benchmarks(tmp_path, row))
    (found,) = error.value.problems
    assert str(found).startswith(f"benchmarks.csv, {problem}")


def test_two_benchmarks_of_one_product_and_endpoint_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a benchmark of beta/x stands on line 2 already"):
        read_evidence(with_benchmarks(tmp_path, "beta,x,One,30,100,,", "beta,x,Two,31,100,,"))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="n: the column is missing"):
        read_evidence(with_benchmarks(tmp_path, "beta,x,30", header="product,endpoint,events"))


def test_a_count_that_does_not_print_as_its_percentage_is_refused_when_used(tmp_path: Path) -> None:
    made = with_benchmarks(tmp_path, "beta,x,Trial,30,100,42,")
    assert fit_command(made).code == 0  # the primary model has no use for it
    ended = fit_command(made, "--model", "all-cohort")
    assert (ended.code, ended.out) == (2, "")
    assert ended.errors == ["line 2 of benchmarks.csv: no count gives 30 of 100 (42 %)"]


def test_a_benchmark_fills_a_missing_control_and_says_so(tmp_path: Path) -> None:
    made = with_benchmarks(tmp_path, "beta,x,Trial,,100,42,best response")
    assert fit_command(made).json["studies"] == ["A"]
    found = fit_command(made, "--model", "all-cohort").json
    assert (found["studies"], found["comparative_studies"]) == (["A", "B"], ["A"])
    said = found["spec"]["defaults"]["benchmarks"]["B"]
    assert (said["label"], said["product"], said["printed"]) == ("Trial", "beta", "42 %, n = 100")
    assert (said["timepoint"], said["study_timepoint"]) == ("best response", "day 30")
    assert (said["rho"], said["weight"]) == (0.05, 0.5)
    assert found["estimates"]["study"]["B"]["control_rate"]["mean"] == pytest.approx(0.42, abs=0.1)


def test_a_study_without_a_benchmark_stays_out(tmp_path: Path) -> None:
    made = with_benchmarks(tmp_path, "alpha,x,Trial,,100,42,")
    assert fit_command(made, "--model", "all-cohort").json["studies"] == ["A"]


def test_trust_in_the_benchmark_moves_the_baseline_towards_it(tmp_path: Path) -> None:
    made = with_benchmarks(tmp_path, "beta,x,Trial,,400,80,")

    def control(w: float) -> float:
        found = fit_command(made, "--model", "all-cohort", "--set", f"w={w}").json["estimates"]
        return found["study"]["B"]["control_rate"]["mean"]

    rates = [control(w) for w in (0, 0.3, 1)]
    assert rates == sorted(rates)
    assert rates[0] < 0.5 < rates[2]


def test_benchmarks_are_part_of_the_digest() -> None:
    assert "benchmarks.csv" in read_evidence(ANAKINRA).sha256


def test_people_are_told_of_both_time_windows(tmp_path: Path) -> None:
    made = with_benchmarks(tmp_path, "beta,x,Trial,,100,42,best response")
    told = run("fit", made, "--endpoint", "x", "--engine", "quadrature", "--model", "all-cohort").out
    assert "B: control filled by Trial (beta, 42 %, n = 100; best response; the study's own: day 30)" in told
