"""The fit of one endpoint by either engine: one call, whichever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.engine import fit as fit_by_quadrature
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.choices import bad_engine
from reanalysis.model.data import ModelData
from reanalysis.model.spec import Engine, ModelSpec

if TYPE_CHECKING:
    from reanalysis.engines.nuts.engine import Sampler


def fit(spec: ModelSpec, data: ModelData, engine: Engine = "quadrature", sampler: Sampler | None = None) -> Posterior:
    """Posterior of one endpoint.

    Parameters
    ----------
    spec : ModelSpec
        What to fit.
    data : ModelData
        To what.
    engine : {"quadrature", "nuts"}
        How.
    sampler : Sampler, optional
        Settings of NUTS.

    Raises
    ------
    InvalidInput
        If there is no such engine.
    EngineError
        If the engine cannot give the posterior to its stated accuracy.
    """
    wrong = list(bad_engine(engine))
    if wrong:
        raise InvalidInput(wrong)
    if engine == "quadrature":
        return fit_by_quadrature(spec, data)
    from reanalysis.engines.nuts.engine import fit as fit_by_nuts  # loads PyMC: seconds

    return fit_by_nuts(spec, data, sampler)
