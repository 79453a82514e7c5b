"""Models of the sampling engine: each module beside this declares those it has, by name, in ``MODELS``."""

from __future__ import annotations

from functools import lru_cache

from reanalysis.engines.nuts.kernel import NutsModel
from reanalysis.engines.registry import gathered


@lru_cache(maxsize=1)
def nuts_models() -> dict[str, NutsModel]:
    """All of them, by name."""
    return gathered(__name__, __path__, NutsModel)
