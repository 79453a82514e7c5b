"""The ranks of one replicate: where the truth lies in the posterior, by one engine.

Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788; Modrak et al. 2023, Bayesian Analysis, for the
log likelihood as a quantity): over replicates the rank of the truth in its posterior is uniform. Quadrature gives the
posterior distribution function at the truth. Draws give the truth's rank among them, a tie and the place between two
draws filled at random, so that the rank is uniform on [0, 1] too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from reanalysis.engines.draws import of_moderator, of_parts
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import DrawsMarginal, Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import ModelData
from reanalysis.model.family import Engine
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array
from reanalysis.validation.calibration.again import reported_again
from reanalysis.validation.calibration.designs import DESIGNS
from reanalysis.validation.calibration.simulate import Truth, simulate, stream_of

if TYPE_CHECKING:
    from reanalysis.engines.nuts.engine import Sampler

Ranks = dict[str, float | str]

QUANTITIES = ("average", "heterogeneity", "new study", "risk difference", "log likelihood", "slope")
"""What is ranked: mu, tau, a new study's effect, the risk difference of the first study that says something of a ratio,
the log likelihood of all that do, and the slope in a moderator."""

EFFECTS = QUANTITIES[:3]
"""Those that no baseline should bear on."""

SAMPLER = (1, 500, 500)
"""Chains, tuning and kept draws of NUTS: a rank needs a fraction of the draws of a published posterior."""

GRID_DRAWS = 500
"""Draws from the grid of quadrature, for the rank of the log likelihood alone: a sum over studies has no grid."""

THIN = 2
"""Every second draw is ranked: NUTS draws are then nearly independent."""


def ranked(design: str) -> tuple[str, ...]:
    """Quantities that a design ranks: all, but effects alone where the fitted prior is not the law of the baselines.

    The log likelihood is that of counts: where words are told as well it is left out.
    """
    made = DESIGNS[design]
    if not made.known:
        return EFFECTS
    without = {"log likelihood": made.words, "slope": not made.moderator}
    return tuple(name for name in QUANTITIES if not without.get(name, False))


@dataclass(frozen=True)
class Job:
    """What all replicates of a run have in common."""

    base: Evidence
    """Where rho by design class is set; its rows are not used."""
    spec: ModelSpec
    """Priors."""
    engine: Engine
    """Which engine is calibrated."""
    seed: int
    """Seed of the simulation."""
    quantities: tuple[str, ...] = QUANTITIES
    """What is ranked, of what a design ranks."""
    today: ModelData | None = None
    """What the studies of the folder report again in the design of its own posterior."""

    def __call__(self, tasks: Sequence[tuple[str, int]]) -> list[Ranks]:
        """Ranks of replicates, each a design and a number; under ``error`` where the engine gave no posterior."""
        return [self.ranks(design, replicate) for design, replicate in tasks]

    def ranks(self, design: str, replicate: int) -> Ranks:
        """Ranks of one replicate."""
        spec = replace(DESIGNS[design].fitted(self.spec), seed=(self.seed + replicate) % 2**31)
        rng = np.random.default_rng([self.seed, 1_000_003, replicate])
        try:
            truth, data = self._simulated(design, replicate)
            posterior = self._posterior(spec, data)
            asked = [name for name in self.quantities if name in ranked(design)]
            return {name: _rank(name, truth, posterior, rng) for name in asked}
        except EngineError as error:
            return {"error": str(error)}

    def _simulated(self, design: str, replicate: int) -> tuple[Truth, ModelData]:
        if not DESIGNS[design].again:
            return simulate(self.base, self.spec, design, replicate, self.seed)
        assert self.today is not None
        return reported_again(stream_of(design, replicate, self.seed), self.spec, self.today)

    def _posterior(self, spec: ModelSpec, data: ModelData) -> Posterior:
        if self.engine == "quadrature":
            return fit(spec, data)
        _compile_one_at_a_time(spec, data)
        return fit(spec, data, "nuts", sampler())


def sampler() -> Sampler:
    """Settings of NUTS."""
    from reanalysis.engines.nuts.engine import Sampler

    return Sampler(*SAMPLER)


_COMPILED: set[object] = set()


def _compile_one_at_a_time(spec: ModelSpec, data: ModelData) -> None:
    """Processes that compile at once into one cache race, so the first fit of each size takes turns.

    The lock lies in the cache that it guards, which is each user's own.
    """
    import pytensor

    from reanalysis.engines.nuts.kernel import ProgramKey

    key = ProgramKey.for_data(spec, data)
    if key not in _COMPILED:
        with FileLock(Path(pytensor.config.compiledir) / "reanalysis-calibration.lock"):
            fit(spec, data, "nuts", sampler())
        _COMPILED.add(key)


def _rank(name: str, truth: Truth, posterior: Posterior, rng: np.random.Generator) -> float:
    if name == "log likelihood":
        draws = _log_likelihood_draws(posterior)
        thin = THIN if posterior.engine == "nuts" else 1
        return _rank_among(draws[::thin], truth.log_likelihood(posterior.data), rng)
    first, overall = posterior.data.names[0], posterior.overall
    value = {
        "average": truth.mu,
        "heterogeneity": truth.tau,
        "new study": truth.new,
        "risk difference": truth.risk_difference(first),
        "slope": truth.slope,
    }[name]
    if name == "slope":
        marginal = overall[of_moderator(posterior.data.moderators[0].name)]
    else:
        marginal = posterior.study[first]["risk_difference"] if name == "risk difference" else overall[_NAME[name]]
    return _rank_in(marginal, value, rng)


_NAME = {"average": "log_odds_ratio", "heterogeneity": "tau", "new study": "log_odds_ratio_new"}


def _rank_in(marginal: Marginal, value: float, rng: np.random.Generator) -> float:
    if isinstance(marginal, DrawsMarginal):
        return _rank_among(marginal.draws.ravel()[::THIN], value, rng)
    return float(marginal.cdf(value))


def _rank_among(draws: Array, value: float, rng: np.random.Generator) -> float:
    below, tied = int((draws < value).sum()), int((draws == value).sum())
    return (below + float(rng.uniform()) * (tied + 1)) / (draws.size + 1)


def _log_likelihood_draws(posterior: Posterior) -> Array:
    """Log likelihood of all reports, draw by draw."""
    logits = _grid_logits(posterior) if posterior.engine == "quadrature" else _nuts_logits(posterior)
    total = np.zeros(1)
    for place, study in enumerate(posterior.data.studies):
        for arm, logit in logits.items():
            candidates = study.observed(arm)
            if candidates is not None:
                total = total + log_likelihood(candidates, logit[..., place].ravel(), study.rho)
    return total


def _nuts_logits(posterior: Posterior) -> dict[str, Array]:
    found = {}
    for arm in ("control", "treated"):
        marginals = [posterior.study[name][f"{arm}_logit"] for name in posterior.data.names]
        found[arm] = _stacked(marginals)
    if posterior.data.moderators:
        slopes = _stacked([posterior.overall[of_moderator(one.name)] for one in posterior.data.moderators])
        found |= of_parts(found["treated"], slopes, posterior.data)
    return found


def _stacked(marginals: Sequence[Marginal]) -> Array:
    return np.stack([one.draws for one in marginals if isinstance(one, DrawsMarginal)], axis=-1)


def _grid_logits(posterior: Posterior) -> dict[str, Array]:
    """Independent draws of the control and treated logits of all studies, shape (chains, draws, S)."""
    from reanalysis.engines.quadrature.hierarchy import solve
    from reanalysis.engines.quadrature.models import moderated
    from reanalysis.engines.quadrature.sampling import CHAINS, sample
    from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood

    spec, data = posterior.spec, posterior.data
    if spec.moderators:
        return moderated.sample(spec, data, moderated.solved(spec, data), GRID_DRAWS // CHAINS).logits
    studies = [StudyLikelihood.of(study, spec) for study in data.studies]
    joint = solve(studies, spec.priors.mu, spec.priors.tau)
    return sample(spec, data, studies, joint, (), GRID_DRAWS // CHAINS).logits
