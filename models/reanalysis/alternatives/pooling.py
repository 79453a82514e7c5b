"""What if studies shared everything, or nothing?"""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.scenario import Scenario
from reanalysis.model.spec import ModelSpec

_LABELS = {
    "partial": "partial pooling",
    "complete": "complete pooling (one common effect)",
    "none": "no pooling",
}


def pooling(spec: ModelSpec) -> list[Scenario]:
    """Partial, complete and no pooling; the last gives each study's own effect."""
    return [
        Scenario("pooling", label, replace(spec, pooling=name), primary=name == spec.pooling)  # type: ignore[arg-type]
        for name, label in _LABELS.items()
    ]
