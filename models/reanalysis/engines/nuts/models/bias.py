"""The hierarchical model with an additive bias of each study's own size: free variables bias_raw beside the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from reanalysis.engines.nuts.kernel import (
    Assembled,
    NutsModel,
    ProgramKey,
    observe_reports,
    of_one_endpoint,
    with_extras,
)
from reanalysis.engines.nuts.models import hierarchy
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def _build(key: ProgramKey) -> Any:
    import pymc as pm

    with pm.Model() as model:
        found = hierarchy.Hierarchy.of(key)
        bias = pm.Data("bias_sd", np.zeros(key.slots)) * pm.Normal("bias_raw", shape=key.slots)
        observe_reports(pm, found.reports, found.logits(found.effect, bias))
        hierarchy.observe_ratios(key, found.effect + bias)
    return model


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    bias = np.zeros(slots)
    bias[: len(data.studies)] = [one.bias for one in data.studies]
    return {"bias_sd": bias}


def _assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> Assembled:
    bias = np.array([one.bias for one in data.studies]) * posterior["bias_raw"].values[..., : len(data.studies)]
    return hierarchy.assembled(spec, data, posterior, bias)


MODELS = {"bias": NutsModel(_build, with_extras(_extras), of_one_endpoint(_assembled))}
