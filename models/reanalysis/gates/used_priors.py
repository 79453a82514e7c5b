"""The priors that a model uses, of the three that a specification always carries."""

from __future__ import annotations

_NAMES = ("mu", "tau", "baseline")
_USED = {"rates": ("mu", "tau"), "beta-rates": (), "arm-beta-binomial": ("mu", "baseline")}


def used_priors(model: str, pooling: str = "partial") -> tuple[str, ...]:
    """Names of the priors that a posterior depends on: complete and no pooling have no tau."""
    return tuple(name for name in _USED.get(model, _NAMES) if name != "tau" or pooling == "partial")
