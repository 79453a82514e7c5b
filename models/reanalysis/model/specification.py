"""Which specification does a notebook mean? The folder's own, with some choices changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec


def specification(
    evidence: Evidence, model: str = "contrast", priors: Mapping[str, str] | None = None, **choices: Any
) -> ModelSpec:
    """The folder's specification with some choices changed.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    model : str
        A model of :class:`ModelSpec`.
    priors : mapping of str to str, optional
        ``{"tau": "halfnormal(1)"}``; ``mu``, ``tau`` and ``baseline`` may be named.
    **choices
        Other fields of :class:`ModelSpec`: ``pooling``, ``rho``, ``k``, ``leave_out``, ``seed`` ...

    Raises
    ------
    InvalidInput
        If a choice means nothing.
    """
    if isinstance(choices.get("leave_out"), str):
        choices["leave_out"] = (choices["leave_out"],)
    try:
        spec = replace(default_spec(evidence, model), **choices)  # type: ignore[arg-type]
        changed = {name: Distribution.parse(text) for name, text in (priors or {}).items()}
        return replace(spec, priors=replace(spec.priors, **changed))
    except (TypeError, ValueError, KeyError) as error:
        raise InvalidInput([f"specification: {error}"]) from None
