"""Quadrature in the place of the sampler, for tests of what becomes of sampled answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reanalysis.alternatives import all_models
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import JointData, ModelData
from reanalysis.model.spec import ModelSpec

Gates = Callable[[ModelSpec], tuple[CheckResult, ...]]
Sampled = Callable[[Gates], None]


def sampled_by_quadrature(monkeypatch: pytest.MonkeyPatch, gates: Gates) -> None:
    """Has the contrast model by quadrature stand in for models that are sampled, with gates of the test's choosing."""

    def judged(spec: ModelSpec, data: ModelData, engine: str) -> object:
        posterior = fit(spec if engine == "quadrature" else replace(spec, model="contrast"), data)
        return posterior, posterior, gates(spec) if engine == "nuts" else ()

    def joint(spec: ModelSpec, data: JointData) -> object:
        return each_alone(spec, data), gates(spec)

    monkeypatch.setattr(all_models, "fit_and_judge", judged)
    monkeypatch.setattr(all_models, "joint_fit", joint)


def each_alone(spec: ModelSpec, data: JointData) -> Posterior:
    """A joint posterior in which no endpoint lends strength to another."""
    alone = replace(spec, model="contrast")
    found = {part.endpoint: fit(alone, part) for part in data.parts}
    return replace(found.pop(data.endpoint), data=data, parts=found)
