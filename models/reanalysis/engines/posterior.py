"""The posterior that an engine returns: the same to read whichever made it, and a value that pickles and copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reanalysis.engines.marginal import Marginal
from reanalysis.model.data import ModelData
from reanalysis.model.spec import Engine, ModelSpec

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True, eq=False)
class Marginals(Mapping[str, Marginal]):
    """Marginal posteriors by name, each computed when first asked for.

    A copy, or what another process gets, holds every marginal computed: what computes them stays here.

    Parameters
    ----------
    makers : mapping of str to callable
        What computes each marginal.
    made : dict of str to Marginal
        Those computed already.
    """

    makers: Mapping[str, Callable[[], Marginal]]
    made: dict[str, Marginal] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Marginal:
        if name not in self.made:
            self.made[name] = self.makers[name]()
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.makers or self.made)

    def __len__(self) -> int:
        return len(self.makers or self.made)

    def __getstate__(self) -> dict[str, Any]:
        """Every marginal, and nothing that computes one."""
        return {"makers": {}, "made": dict(self)}


@dataclass(frozen=True)
class Posterior:
    """Posterior of one endpoint under one specification.

    Parameters
    ----------
    spec : ModelSpec
        What was fitted.
    data : ModelData
        To what.
    engine : {"nuts", "quadrature"}
        How.
    overall : mapping of str to Marginal
        ``contrast``: log_odds_ratio, tau, log_odds_ratio_new. ``rates``: logit_rate, tau, logit_rate_new.
        ``beta-rates``: alpha, beta, mean_rate, rate_new. ``arm-beta-binomial``: rho beside those of ``contrast``, and
        no tau. What a pooling does not define is absent.
    study : mapping of str to mapping of str to Marginal
        By study id. ``contrast``: log_odds_ratio and, for studies with arms, control_logit, treated_logit,
        risk_difference, log_risk_ratio. Rates: logit_rate (``rates``) or rate (``beta-rates``).
    make_tree : callable
        Builds the ArviZ DataTree of draws (and keeps nothing); data with a ``__call__``, no closure.
    log_evidence : float or None
        Log marginal likelihood where the engine gives it.
    diagnostics : dict
        What the engine says of itself.
    parts : mapping of str to Posterior
        ``joint`` only: by endpoint id, the posteriors of the endpoints modelled with this one.
    correlations : mapping of str to Marginal
        ``joint`` only: correlations of effects that are learnt, named ``correlation[first, second]``.
    """

    spec: ModelSpec
    data: ModelData
    engine: Engine
    overall: Mapping[str, Marginal]
    study: Mapping[str, Mapping[str, Marginal]]
    make_tree: Callable[[], DataTree]
    log_evidence: float | None = None
    diagnostics: dict[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Posterior] = field(default_factory=dict)
    correlations: Mapping[str, Marginal] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """Endpoint id."""
        return self.data.endpoint

    def tree(self) -> DataTree:
        """Draws and data as an ArviZ DataTree."""
        return self.make_tree()
