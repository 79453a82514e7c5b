"""Which studies enter a model: by id, with their design's discount, without those left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evidence.folders import ANAKINRA, folder
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InconsistentReport, InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model import selection
from reanalysis.model.data import ModelData
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

ROWS = ["B control x 4 30", "B treated x 9 31", "C control x 2 10", "A treated x 7 21", "A control x 3 20"]


def chosen(evidence: Evidence, endpoint: str = "x", model: str = "contrast", **choices: object) -> ModelData:
    spec: ModelSpec = replace(default_spec(evidence, model), **choices)  # type: ignore[arg-type]
    return select(evidence, spec, endpoint).data


@pytest.fixture(scope="module")
def anakinra() -> Evidence:
    return read_evidence(ANAKINRA)


def test_studies_come_in_the_order_of_their_ids_whatever_the_order_of_rows(tmp_path: Path) -> None:
    here, there = (read_evidence(folder(tmp_path / str(i), rows)) for i, rows in enumerate((ROWS, ROWS[::-1])))
    assert chosen(here).names == ("A", "B")
    assert chosen(here) == chosen(there)


def test_single_arms_enter_models_of_rates_and_no_effect(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ROWS))
    for model in ("contrast", "exnex", "bias", "all-cohort"):  # no benchmark is declared
        assert chosen(evidence, model=model).names == chosen(evidence, model=model).comparative == ("A", "B")
    assert chosen(evidence, model="rates").names == ("A", "B", "C")
    assert chosen(evidence, model="rates", arm="treated").names == ("A", "B")


def test_leaving_everything_out_says_what_is_needed(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ROWS))
    assert chosen(evidence, leave_out=("A",)).names == ("B",)
    with pytest.raises(InvalidInput, match="after leaving out A, B: the model needs a comparison of two arms"):
        chosen(evidence, leave_out=("A", "B"))
    with pytest.raises(InvalidInput, match="after leaving out A, B: the model needs a treated arm"):
        chosen(evidence, model="rates", arm="treated", leave_out=("A", "B"))


def test_names_that_do_not_exist_are_refused_with_those_that_do(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ROWS))
    with pytest.raises(InvalidInput, match=r"unknown endpoint 'y'.* has x"):
        chosen(evidence, "y")
    with pytest.raises(InvalidInput, match=r"unknown study 'Z'.* has B, C, A"):
        chosen(evidence, leave_out=("Z",))


def test_a_weighted_arm_needs_an_effective_size(tmp_path: Path) -> None:
    rows = [
        {"study": "A", "arm": arm, "endpoint": "x", "percent": percent, "n": n, "weighting": "iptw"}
        for arm, percent, n in (("control", "23.4", 110), ("treated", "39.6", 61))
    ]
    evidence = read_evidence(folder(tmp_path, rows))
    with pytest.raises(InvalidInput, match=r"no effective-size factor; set \[studies.A\] k .* or pass --k"):
        chosen(evidence)
    (one,) = chosen(evidence, k=0.75).studies
    assert one.control is not None
    assert (one.control.events[0], one.control.n[0]) == pytest.approx((0.75 * 110 * 0.234, 0.75 * 110))


def test_the_discount_is_that_of_the_design_unless_one_is_named(anakinra: Evidence) -> None:
    by_study = {one.study: one.rho for one in chosen(anakinra, "icans_any").studies}
    assert by_study == {"iptw": 0.01, "phase1": 0.02, "phase2": 0.02}
    assert {one.rho for one in chosen(anakinra, "icans_any", rho=0.1).studies} == {0.1}
    by_design = replace(anakinra, settings=anakinra.settings.model_copy(update={"bias": None}))
    biased = chosen(by_design, "icans_any", "bias").studies
    assert {one.study: (one.rho, one.bias) for one in biased} == {
        "iptw": (0.0, 0.35), "phase1": (0.0, 0.45), "phase2": (0.0, 0.45)
    }  # fmt: skip


def test_the_adjusted_ratio_takes_the_place_of_the_rates(anakinra: Evidence) -> None:
    rates = {one.study: one for one in chosen(anakinra, "infection_g3").studies}
    adjusted = {one.study: one for one in chosen(anakinra, "infection_g3", route="adjusted").studies}
    assert rates["iptw"].adjusted is None
    assert rates["iptw"].control is not None
    assert adjusted["iptw"].adjusted is not None
    assert adjusted["iptw"].control is None


def test_a_reading_or_a_denominator_replaces_the_mixture(anakinra: Evidence) -> None:
    free = {one.study: one for one in chosen(anakinra, "icans_any").studies}
    fixed = {one.study: one for one in chosen(anakinra, "icans_any", denominators=(("phase1/control", 20),)).studies}
    assert free["phase1"].control is not None
    assert len(free["phase1"].control) == 16
    assert fixed["phase1"].control is not None
    assert (fixed["phase1"].control.events, fixed["phase1"].control.n) == ((12.0,), (20.0,))
    assert fixed["phase2"] == free["phase2"]


def test_a_print_that_no_count_fits_is_inconsistent(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, ["A control x - 20 33.333", "A treated x 7 21"]))
    with pytest.raises(InconsistentReport, match=r"x: .*; declare readings"):
        chosen(evidence)


def test_specifications_of_other_rho_and_k_do_not_read_the_reports_again(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = read_evidence(ANAKINRA)
    spec, asked = default_spec(evidence), []
    own = selection.observations

    def counted(*arguments: Any, **choices: Any) -> Any:
        asked.append(choices)
        return own(*arguments, **choices)

    monkeypatch.setattr(selection, "observations", counted)
    found = [select(evidence, replace(spec, rho=rho, k=k), "icans_any") for rho in (0.0, 0.1) for k in (0.5, 1.0)]
    assert len({one.data for one in found}) == 4
    assert len(asked) == 1
