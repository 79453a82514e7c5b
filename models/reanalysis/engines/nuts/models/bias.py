"""The hierarchical model with an additive bias of each study: free variables bias_raw beside the others."""

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
from reanalysis.engines.nuts.words import observe_words
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def _build(key: ProgramKey) -> Any:
    import pymc as pm

    with pm.Model() as model:
        found = hierarchy.Hierarchy.of(key)
        mean, sd = (pm.Data(f"bias_{name}", np.zeros(key.slots)) for name in ("mean", "sd"))
        bias = mean + sd * pm.Normal("bias_raw", shape=key.slots)
        observe_reports(pm, found.reports, found.logits(found.effect, bias))
        hierarchy.observe_ratios(key, found.effect + bias)
        observe_words(key, found.effect, bias)
    return model


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    mean, sd = np.zeros(slots), np.zeros(slots)
    for slot, one in enumerate(data.studies):
        mean[slot], sd[slot] = one.bias_mean, one.bias
    return {"bias_mean": mean, "bias_sd": sd}


def _assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> Assembled:
    own, count = _extras(spec, data, len(data.studies)), len(data.studies)
    bias = own["bias_mean"] + own["bias_sd"] * posterior["bias_raw"].values[..., :count]
    return hierarchy.assembled(spec, data, posterior, bias)


MODELS = {"bias": NutsModel(_build, with_extras(_extras), of_one_endpoint(_assembled))}
