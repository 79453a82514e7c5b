"""How does a notebook fit one endpoint? As ``reanalysis fit`` does, choices as keywords."""

from __future__ import annotations

from typing import Any

from reanalysis.checks.checked_fit import CheckedFit, fit_endpoint
from reanalysis.evidence.folder import Evidence
from reanalysis.model.spec import Engine
from reanalysis.model.specification import specification


def fit(evidence: Evidence, endpoint: str, engine: Engine | None = None, **choices: Any) -> CheckedFit:
    """Fit one endpoint and judge the fit.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    engine : {"nuts", "quadrature"}, optional
        Quadrature takes milliseconds and is used unless told otherwise where the model has it; NUTS is held against it
        by the gates.
    **choices
        As of :func:`reanalysis.model.specification.specification`.

    Raises
    ------
    InvalidInput
        If a choice or the endpoint means nothing, or the print contradicts itself.
    EngineError
        If an engine cannot give the posterior.
    """
    spec = specification(evidence, endpoint, engine=engine, **choices)
    return fit_endpoint(evidence, endpoint, spec, engine or spec.family.by_default)
