"""What a model's declaration says of its engines is what the engines have."""

from __future__ import annotations

from typing import get_args

import pytest

from reanalysis.engines.nuts.models import nuts_models
from reanalysis.engines.quadrature.models import quadrature_models
from reanalysis.engines.registry import gathered
from reanalysis.model.family import ENGINES, FAMILIES, ModelName
from reanalysis.model.spec import ARMS, ModelSpec, Priors


def test_every_model_and_engine_that_is_declared_is_registered_and_no_other() -> None:
    declared = {(name, engine) for name, family in FAMILIES.items() for engine in family.engines}
    registered = {(name, "nuts") for name in nuts_models()} | {(name, "quadrature") for name in quadrature_models()}
    assert registered == declared
    assert {engine for _, engine in registered} == set(ENGINES)


def test_every_name_of_a_model_is_declared_and_no_other() -> None:
    assert set(FAMILIES) == set(get_args(ModelName))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_names_priors_that_there_are(name: str) -> None:
    family = FAMILIES[name]
    assert set(family.priors) <= {"mu", "tau", "baseline", "moderator"} == set(Priors.__dataclass_fields__)
    assert bool(family.own_prior) == (not family.priors)
    assert ("tau" in family.used_priors("partial")) == ("tau" in family.priors)
    assert "tau" not in family.used_priors("complete")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_of_single_arms_has_no_baselines(name: ModelName) -> None:
    spec = ModelSpec(model=name, arm=ARMS[0], moderators=("x",) * FAMILIES[name].moderators)  # type: ignore[arg-type]
    assert spec.rates == (FAMILIES[name].arms == "one")
    assert not (spec.rates and "baseline" in FAMILIES[name].priors)


def test_a_model_declared_twice_is_an_error(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    package = tmp_path / "twice"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for module in ("one", "two"):
        (package / f"{module}.py").write_text('MODELS = {"same": 1}\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TypeError, match="declares 'same' a second time"):
        gathered("twice", [str(package)], int)
