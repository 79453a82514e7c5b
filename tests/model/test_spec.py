"""Specifications that mean nothing are refused; those that mean something say so in full."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import FAMILIES
from reanalysis.model.spec import DEFAULT_PRIORS, MODELS, ModelSpec, Priors


@pytest.mark.parametrize(
    "wrong",
    [{"model": "fixed"}, {"pooling": "some"}, {"arm": "placebo"}, {"route": "both"}],
    ids=lambda w: next(iter(w)),
)
def test_unknown_choices_are_refused_with_the_known_ones(wrong: dict[str, str]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name} must be one of .*, not '{value}'"):
        ModelSpec(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_default_priors_and_a_plain_record(model: str) -> None:
    moderators = ("x",) * FAMILIES[model].moderators
    spec = ModelSpec(model=model, priors=DEFAULT_PRIORS[model], moderators=moderators)  # type: ignore[arg-type]
    record = json.loads(json.dumps(spec.as_dict()))
    assert record["model"] == model
    assert {name: str(Distribution.parse(text)) for name, text in record["priors"].items()} == record["priors"]
    assert spec.effect == ("logit_rate" if model in ("rates", "beta-rates") else "log_odds_ratio")


def test_a_setting_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="contrast has no setting w"):
        ModelSpec(settings=(("w", 0.5),))
    with pytest.raises(ValueError, match="exnex has no setting w = 2"):
        ModelSpec(model="exnex", settings=(("w", 2.0),))
    assert ModelSpec(model="exnex").number("w") == 0.5
    assert ModelSpec(model="exnex", settings=(("w", 0.8),)).number("w") == 0.8


def test_only_exnex_has_a_basket() -> None:
    assert ModelSpec(model="exnex", basket=True).rates
    with pytest.raises(ValueError, match="basket"):
        ModelSpec(basket=True)


@pytest.mark.parametrize("tau", ["normal(0,1)", "uniform(-0.1,1)"])
def test_a_heterogeneity_below_nought_is_refused(tau: str) -> None:
    with pytest.raises(ValueError, match="puts mass below 0"):
        replace(DEFAULT_PRIORS["contrast"], tau=Distribution.parse(tau))


@pytest.mark.parametrize("name", ["mu", "baseline"])
def test_an_average_or_a_baseline_has_no_end(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} takes normal"):
        replace(DEFAULT_PRIORS["contrast"], **{name: Distribution.parse("uniform(-1,1)")})


def test_equal_specifications_are_one_key() -> None:
    assert len({ModelSpec(), ModelSpec(), ModelSpec(seed=1)}) == 2
    with pytest.raises(FrozenInstanceError):
        ModelSpec().seed = 2  # type: ignore[misc]
    assert isinstance(ModelSpec().priors, Priors)


@pytest.mark.parametrize("rho", [-0.1, 1e-9, 1.0, float("nan")])
def test_a_correlation_outside_its_range_is_refused(rho: float) -> None:
    from engines.builders import study

    with pytest.raises(ValueError, match="rho must be 0 or lie in"):
        study("a", (1, 2), (1, 2), rho)


def test_data_without_observations_are_refused() -> None:
    with pytest.raises(ValueError, match="has no observation"):
        StudyData("a", None, None, 0.0)
    with pytest.raises(ValueError, match="no study informs"):
        ModelData("events", ())
