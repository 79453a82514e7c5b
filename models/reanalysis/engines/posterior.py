"""The posterior that an engine returns: the same to read whichever made it, and a value that pickles and copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.threads import one_thread
from reanalysis.model.data import ModelData
from reanalysis.model.spec import Engine, ModelSpec
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True, eq=False, repr=False)
class Marginals(Mapping[str, Marginal]):
    """Marginal posteriors by name, each computed when first asked for.

    A copy, or what another process gets, holds every marginal computed: what computes them stays here.
    """

    makers: Mapping[str, Callable[[], Marginal]]
    """What computes each marginal."""
    made: dict[str, Marginal] = field(default_factory=dict)
    """Those computed already."""

    def __getitem__(self, name: str) -> Marginal:
        if name not in self.made:
            self.made[name] = self.computed(name)
        return self.made[name]

    def computed(self, name: str) -> Marginal:
        """One marginal, computed now."""
        with one_thread():
            return self.makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.makers or self.made)

    def __len__(self) -> int:
        return len(self.makers or self.made)

    def __repr__(self) -> str:
        return f"Marginals of {', '.join(self)}"

    def __getstate__(self) -> dict[str, Any]:
        """Every marginal, and nothing that computes one."""
        return {"makers": {}, "made": dict(self)}


IN_LOG_EVIDENCE = (
    "normalised priors, and the whole probability of what each arm reported: binomial coefficients and the weights of "
    "candidates as they were declared; of an adjusted ratio the normal density of its log; of words the probability "
    "that they would be said"
)
"""What a log evidence contains, so that it compares models of the same reports and can be had by any other integral."""


@dataclass(frozen=True)
class Run:
    """One run of the sampler: its settings, and its divergent transitions."""

    target_accept: float
    tune: int
    draws: int
    chains: int
    divergences: int


@dataclass(frozen=True)
class Sampling:
    """What the sampler says of itself."""

    runs: tuple[Run, ...]
    """One, or two where the first diverged."""
    energy: Array
    """Energy of the last run, shape (chains, draws)."""


@dataclass(frozen=True, repr=False)
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
        Builds the ArviZ DataTree of draws (and keeps nothing); a partial of a function of a module, which pickles.
    log_evidence : float or None
        Log marginal likelihood where the engine gives it; see :data:`IN_LOG_EVIDENCE` for what is in it.
    sampling : Sampling or None
        What the sampler says of itself, None where none was used.
    exchangeable : mapping of str to float
        By study, the probability that it is exchangeable with the others, of a model in which it may not be.
    mode : mapping of str to float
        Posterior mode, of a model that gives it.
    bound : float or None
        Largest alpha + beta allowed (``beta-rates`` by quadrature).
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
    sampling: Sampling | None = None
    exchangeable: Mapping[str, float] = field(default_factory=dict)
    mode: Mapping[str, float] = field(default_factory=dict)
    bound: float | None = None
    parts: Mapping[str, Posterior] = field(default_factory=dict)
    correlations: Mapping[str, Marginal] = field(default_factory=dict)

    def __repr__(self) -> str:
        spec, of_studies = self.spec, dict.fromkeys(name for one in self.study.values() for name in one)
        return "\n".join(
            [
                f"Posterior of {self.endpoint}: {spec.model}, {spec.pooling} pooling, by {self.engine}",
                *(f"  {name}: {one}" for name, one in self.overall.items()),
                f"  by study ({len(self.study)}): {', '.join(of_studies)}",
                *(f"  with {name}" for name in self.parts),
            ]
        )

    @property
    def endpoint(self) -> str:
        """Endpoint id."""
        return self.data.endpoint

    @property
    def diagnostics(self) -> dict[str, Any]:
        """What the engine says of itself, as plain values for JSON."""
        said: dict[str, Any] = {} if self.sampling is None else {"runs": [vars(run) for run in self.sampling.runs]}
        named = {
            "exchangeable": dict(self.exchangeable),
            "mode": dict(self.mode),
            "largest_alpha_plus_beta": self.bound,
        }
        return said | {name: value for name, value in named.items() if value}

    def tree(self) -> DataTree:
        """Draws and data as an ArviZ DataTree."""
        return self.make_tree()
