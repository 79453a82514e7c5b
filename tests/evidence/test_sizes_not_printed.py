"""A size that nobody printed is declared or bounded by a print, and every output names each value with its weight."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.command import fit, run
from evidence.folders import Row, folder
from reanalysis.analysis.relevant import relevant
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.candidates.observation import Observation, assumed_sizes, observations, sizes_told
from reanalysis.evidence.candidates.possible import bound_of
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.settings import Denominator

DECLARED = "[studies.A.denominator.control]\nn_max = 30\nweight = {20 = 0.6}\n"
PERCENT: Row = "A control x - - 60"
OTHER: Row = "A treated x 7 40"


def observed(where: Path, rows: list[Row], toml: str = "") -> dict[tuple[str, str], Observation]:
    return observations(read_evidence(folder(where, rows, toml=toml)), "x")


def context(row: str, **more: object) -> Row:
    study, arm, endpoint, events, n = row.split()
    plain = {"study": study, "arm": arm, "endpoint": endpoint, "events": events, "n": n.strip("-")}
    return plain | {"use": "context", "reason": "told", **more}


@pytest.mark.parametrize(
    ("more", "toml", "n_max", "basis"),
    [
        (["A control y 3 25", "A control z 3 31", "A treated z 3 90"], DECLARED, 30, "declared"),
        ([], "[studies.A.denominator.control]\nweight = {20 = 0.5, 35 = 0.5}\n", 35, "declared"),
        (["A control y 3 25", "A control z 3 31", "A treated z 3 90"], "", 31, "arm"),
        ([context("A control y 3 50"), "A treated z 3 90"], "", 50, "arm"),
        ([context("A control y 3 80", use="excluded"), "A treated z 3 90"], "", 90, "other arm"),
        ([context("A control y 3 80", subgroup="IV"), "A treated z 3 90"], "", 90, "other arm"),
        (["A control y 12 - 30", "A treated z 3 90"], "", 40, "figures"),
        (["B control x 3 70", "A treated z 3 90"], "", 90, "other arm"),
    ],
)
def test_the_search_ends_where_it_is_declared_or_printed(
    tmp_path: Path, more: list[Row], toml: str, n_max: int, basis: str
) -> None:
    bound = bound_of(read_evidence(folder(tmp_path, [PERCENT, *more], toml=toml)), "A", "control")
    assert bound is not None
    assert (bound.n_max, bound.basis) == (n_max, basis)
    assert max(n for n, _ in observed(tmp_path / "again", [PERCENT, *more], toml)["A", "control"].assumed) <= n_max


def test_a_row_that_is_only_shown_needs_no_n_and_allows_nothing(tmp_path: Path) -> None:
    rows = ["A treated y 3 20", context("A control x 3 -"), context("A control x 3 -", use="excluded")]
    ledger = audit(read_evidence(folder(tmp_path, rows)))
    assert [f.kind for f in ledger.findings] == ["excluded"]


def test_a_count_beside_a_percentage_leaves_the_sizes_that_print_so(tmp_path: Path) -> None:
    """Nothing is assumed: 47 is 63 % of 75 and of no other number, and 46 of 73."""
    found = observed(tmp_path, ["A control x 46..47 - 63"])["A", "control"]
    assert found.assumed == ((73, 0.5), (75, 0.5))


@given(n=st.integers(2, 3000), decimals=st.integers(0, 2), data=st.data())
def test_the_true_size_of_a_count_and_its_percentage_is_always_among_them(
    tmp_path_factory: pytest.TempPathFactory, n: int, decimals: int, data: st.DataObject
) -> None:
    x = data.draw(st.integers(1, n))
    units = (200 * 10**decimals * x + n) // (2 * n)  # half up
    if not units:
        return
    shown = f"{units / 10**decimals:.{decimals}f}"
    where = tmp_path_factory.mktemp("size")
    found = observed(where, [f"A control x {x} - {shown}"])["A", "control"]
    assert n in dict(found.assumed)


def test_the_other_arm_as_a_bound_is_a_warning_that_asks_for_a_declaration(tmp_path: Path) -> None:
    (finding,) = audit(read_evidence(folder(tmp_path, [PERCENT, OTHER]))).findings
    assert finding.severity == "warning"
    assert "up to 40, the largest n printed for the other arm" in finding.message
    assert finding.message.endswith("the arms may differ in size: declare n_max")


def test_weight_on_a_size_that_the_print_rules_out_is_a_warning(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 30\nweight = {21 = 0.6, 20 = 0.1}\n"
    (finding,) = audit(read_evidence(folder(tmp_path, [PERCENT, OTHER], toml=toml))).findings
    assert finding.severity == "warning"
    assert finding.message.endswith("declared weight falls on sizes that the figures rule out: 21 (0.6)")


def test_weight_above_what_is_printed_is_malformed(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nweight = {50 = 0.6}\n"
    with pytest.raises(InvalidInput, match="gives weight to 50, above 40, the largest n printed for the other arm"):
        read_evidence(folder(tmp_path, [PERCENT, OTHER], toml=toml))


def test_weight_above_n_max_is_malformed() -> None:
    with pytest.raises(ValueError, match="weight names n = 31, above n_max = 30"):
        Denominator(n_max=30, weight={31: 0.5})


def test_a_declared_denominator_lets_a_count_stand_without_n(tmp_path: Path) -> None:
    found = observed(tmp_path, ["A control x 28 -", OTHER], DECLARED.replace("weight = {20 = 0.6}\n", ""))
    assert assumed_sizes(found) == {"A/control": {"28": 1 / 3, "29": 1 / 3, "30": 1 / 3}}


def test_a_reading_with_n_and_one_without_share_the_weight(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"study": "A", "arm": "control", "endpoint": "x", "events": 5, "n": 10, "reading": "count"},
        {"study": "A", "arm": "control", "endpoint": "x", "percent": 60, "reading": "percentage"},
    ]
    found = observed(tmp_path, rows)
    assert assumed_sizes(found) == {"A/control": {"5": 0.25, "10": 0.25}}


def test_every_output_names_each_assumed_n_with_its_weight(tmp_path: Path) -> None:
    toml = "[studies.A.denominator.control]\nn_max = 20\nweight = {20 = 0.7}\n"
    where = folder(tmp_path / "a", [PERCENT, OTHER, "B control x 4 20", "B treated x 3 20"], toml=toml)
    told = (
        "n is not printed for A/control; assumed are 5 (weight 0.1), 10 (weight 0.1), 15 (weight 0.1), 20 (weight 0.7)"
    )
    assert sizes_told(observations(read_evidence(where), "x")) == [told]
    assert fit(where).json["denominators"] == {"A/control": pytest.approx({"5": 0.1, "10": 0.1, "15": 0.1, "20": 0.7})}
    for command in (("fit", where, "--endpoint", "x", "--engine", "quadrature"), ("audit", where)):
        shown = " ".join(run(*command).out.split())
        assert all(f"{n} (weight {weight})" in shown for n, weight in ((5, 0.1), (10, 0.1), (15, 0.1), (20, 0.7)))


@pytest.mark.slow
def test_crossed_choices_name_them_too(tmp_path: Path) -> None:
    where = folder(tmp_path / "a", [PERCENT, OTHER], toml="[studies.A.denominator.control]\nn_max = 10\n")
    told = "n is not printed for A/control; assumed are 5 (weight 0.5), 10 (weight 0.5)"
    out = tmp_path / "m.csv"
    crossed = run("sensitivity", where, "--endpoint", "x", "--out", out, "--workers", 1)
    assert told in " ".join(crossed.out.split())
    with out.open(encoding="utf-8", newline="") as file:
        assert {row["assumed"] for row in csv.DictReader(file)} == {told}


def test_a_folder_that_prints_every_n_assumes_none(tmp_path: Path) -> None:
    where = folder(tmp_path, [OTHER, "A control x 4 20"])
    assert fit(where).json["denominators"] == {}
    assert "not printed" not in run("fit", where, "--endpoint", "x", "--engine", "quadrature").out


def test_what_bounds_a_size_matters_to_the_endpoint(tmp_path: Path) -> None:
    """The n of the other arm at another endpoint ends the search, so the endpoint is fitted again where it changes."""
    kept = [relevant(read_evidence(folder(tmp_path / str(n), [PERCENT, f"A treated y 7 {n}"])), "x") for n in (40, 50)]
    assert [bound_of(one, "A", "control") for one in kept] == [
        bound_of(read_evidence(tmp_path / n), "A", "control") for n in ("40", "50")
    ]
