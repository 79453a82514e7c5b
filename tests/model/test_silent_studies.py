"""A study without events in both arms, or with events only, says nothing of a ratio and changes nothing of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evidence.folders import folder
from reanalysis.engines.fit import fit
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelName, ModelSpec

TELLING = (
    "study,arm,endpoint,events,n,percent,weighting\n"
    "A,control,x,3,20,,\nA,treated,x,7,21,,\nB,control,x,0,30,,\nB,treated,x,2,31,,\n"
)
NONE, ALL = "no event in either arm", "only events in both arms"
SILENT = {
    "counts": ("C,control,x,0,40,,\nC,treated,x,0,9,,\n", NONE),
    "only events": ("C,control,x,40,40,,\nC,treated,x,9,9,,\n", ALL),
    "percentages": ("C,control,x,,40,0.0,\nC,treated,x,,9,0,\n", NONE),
    "percentages of everybody": ("C,control,x,,40,100,\nC,treated,x,,9,100.0,\n", ALL),
    "weighted": ("C,control,x,,40,0.0,iptw\nC,treated,x,,9,0.0,iptw\n", NONE),
    "a latent denominator": ("C,control,x,,,0,\nC,treated,x,0,12,,\n", NONE),
}
TOML = (
    '[studies.A]\ndesign = "matched"\nk = 0.75\n[studies.B]\ndesign = "randomised"\n'
    '[studies.C]\ndesign = "weighted"\nk = 0.75\n[studies.C.denominator.control]\nn_max = 30\n'
)


def chosen(
    where: Path, arms: str, model: ModelName = "contrast", toml: str = TOML, **choices: object
) -> tuple[ModelSpec, ModelData]:
    if "\nC," not in arms:
        toml = toml[: toml.index("[studies.C]")]
    if "C,control,x,,,0," not in arms:
        toml = toml.split("[studies.C.denominator")[0]
    evidence = read_evidence(folder(where, arms, toml=toml))
    spec = replace(default_spec(evidence, model), **choices)  # type: ignore[arg-type]
    return spec, select(evidence, spec, "x").data


@pytest.mark.parametrize("model", ["contrast", "exnex", "bias", "all-cohort"])
@pytest.mark.parametrize("kind", SILENT)
def test_it_changes_nothing_to_the_bit(tmp_path: Path, kind: str, model: str) -> None:
    rows, reason = SILENT[kind]
    spec, without = chosen(tmp_path / "without", TELLING, model)
    _, with_it = chosen(tmp_path / "with", TELLING + rows, model)
    assert [(one.study, one.silence) for one in with_it.silent] == [("C", reason)]
    assert with_it.studies == without.studies
    here, there = fit(spec, without), fit(spec, with_it)
    assert here.log_evidence == there.log_evidence
    for name, marginal in here.overall.items():
        assert (marginal.mean(), marginal.sd()) == (there.overall[name].mean(), there.overall[name].sd())


@pytest.mark.parametrize("anchor", ["midpoint", "control", "conditional"])
def test_any_number_of_them_changes_nothing_under_any_anchor(tmp_path: Path, anchor: str) -> None:
    many = "".join(
        f"Z{i},{arm},x,{all_ * n},{n},,\n"
        for i, (n, all_) in enumerate([(5, 0), (900, 0), (30, 1)])
        for arm in ("control", "treated")
    )
    _, without = chosen(tmp_path / "without", TELLING, anchor=anchor, rho=0.0)
    _, with_them = chosen(tmp_path / "with", TELLING + many, anchor=anchor, rho=0.0)
    assert with_them.studies == without.studies
    assert [one.study for one in with_them.silent] == ["Z0", "Z1", "Z2"]


def test_a_possible_event_is_no_silence(tmp_path: Path) -> None:
    _, found = chosen(tmp_path, TELLING + "C,control,x,0,40,,\nC,treated,x,0..1,9,,\n")
    assert found.names == ("A", "B", "C")
    assert found.silent == ()


@pytest.mark.parametrize("kind", SILENT)
def test_a_folder_of_such_studies_alone_says_so(tmp_path: Path, kind: str) -> None:
    rows, reason = SILENT[kind]
    with pytest.raises(InvalidInput, match=f"no study says anything of a ratio of 'x': C: {reason}"):
        chosen(tmp_path, TELLING.splitlines()[0] + "\n" + rows, toml=TOML[TOML.index("[studies.C]") :])


def test_the_joint_model_leaves_them_out_too(tmp_path: Path) -> None:
    other = "".join(f"{s},{arm},y,{x},30,,\n" for s, x in (("A", 4), ("C", 6)) for arm in ("control", "treated"))
    _, found = chosen(tmp_path, TELLING + SILENT["counts"][0] + other, "joint")
    assert {part.endpoint: part.names for part in found.parts} == {"x": ("A", "B"), "y": ("A", "C")}
    assert [one.study for one in found.silent] == ["C"]


@pytest.mark.parametrize("model", ["rates", "beta-rates", "arm-beta-binomial"])
def test_models_of_rates_keep_them(tmp_path: Path, model: str) -> None:
    _, found = chosen(tmp_path, TELLING + SILENT["counts"][0], model)
    assert found.names == ("A", "B", "C")
    assert found.silent == ()
