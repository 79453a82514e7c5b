"""Models of the deterministic engine: each module beside this declares those it has, by name, in ``MODELS``."""

from __future__ import annotations

from functools import lru_cache

from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.registry import gathered


@lru_cache(maxsize=1)
def quadrature_models() -> dict[str, QuadratureModel]:
    """All of them, by name."""
    return gathered(__name__, __path__, QuadratureModel)
