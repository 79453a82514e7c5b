"""The sampling engine: NUTS on the compiled model, with one predeclared rerun where it diverges."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from reanalysis.engines.arm_rates import arm_rates_prior
from reanalysis.engines.arrays import padded_arrays, padded_studies
from reanalysis.engines.draws import Draws, prior_draws
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.nuts.assembly import assembled
from reanalysis.engines.nuts.joint_assembly import joint_assembled
from reanalysis.engines.nuts.joint_program import joint_arrays
from reanalysis.engines.nuts.program import Program, ProgramKey, program
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.streams import sampler_seed
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import JointData, ModelData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.stages import stage
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree

_PRIORS = {"arm-beta-binomial": arm_rates_prior, "beta-rates": None}
"""Who draws from the prior where the hierarchical model does not; nobody from an improper one."""

_STATS = ("diverging", "energy", "depth", "n_steps", "step_size", "mean_tree_accept")


@dataclass(frozen=True)
class Sampler:
    """Settings of the sampler.

    Parameters
    ----------
    chains, tune, draws : int
        Chains, and tuning and kept draws of each.
    target_accept : float
        Target acceptance of the step-size adaptation.
    """

    chains: int = 4
    tune: int = 1000
    draws: int = 4000
    target_accept: float = 0.95

    @property
    def careful(self) -> Sampler:
        """The one rerun declared in advance for a run with divergences."""
        return replace(self, tune=2 * self.tune, target_accept=0.99)


@dataclass(frozen=True)
class SampledTree:
    """The DataTree of sampled draws, when it is asked for.

    Parameters
    ----------
    spec, data : ModelSpec, ModelData
        What was fitted to what.
    draws : Draws
        From the posterior.
    chains : int
        Chains of the prior draws beside them.
    stats : dict of str to ndarray, shape (chains, draws)
        What the sampler says of each draw.
    """

    spec: ModelSpec
    data: ModelData
    draws: Draws
    chains: int
    stats: dict[str, Array]

    def __call__(self) -> DataTree:
        """Build it."""
        drawn = _PRIORS.get(self.spec.model, prior_draws)
        prior = drawn and drawn(self.spec, self.data, self.chains, 1000)
        return to_tree(self.spec, self.data, "nuts", self.draws, prior, self.stats)


@dataclass(frozen=True)
class JointTree:
    """The DataTree of one endpoint, with those of the endpoints modelled with it below ``endpoints``."""

    own: Posterior
    parts: dict[str, Posterior]

    def __call__(self) -> DataTree:
        """Build it."""
        tree = self.own.tree()
        for name, part in self.parts.items():
            tree[f"endpoints/{name}"] = part.tree()
        return tree


def fit(spec: ModelSpec, data: ModelData, sampler: Sampler | None = None) -> Posterior:
    """Posterior by NUTS.

    Parameters
    ----------
    spec : ModelSpec
        Of any model.
    data : ModelData
        Studies.
    sampler : Sampler, optional
        4 chains of 1,000 + 4,000 by default.

    Raises
    ------
    EngineError
        If there is no compiled model for the specification, or the start value has no finite density.
    """
    sampler = sampler or Sampler()
    _require_finite_start(spec, data)
    compiled, arrays = _program_for(spec, data)
    ready = compiled.with_data({name: arrays[name] for name in compiled.shapes})
    runs = []
    for settings in (sampler, sampler.careful):
        trace = _sample(ready, settings, sampler_seed(spec, data))
        divergences = int(trace.sample_stats["diverging"].sum())
        runs.append(
            {
                "target_accept": settings.target_accept,
                "tune": settings.tune,
                "draws": settings.draws,
                "chains": settings.chains,
                "divergences": divergences,
            }
        )
        if divergences == 0:
            break
    stats = {name: trace.sample_stats[name].values for name in _STATS if name in trace.sample_stats}
    about = {"runs": runs, "energy": stats["energy"]}
    if isinstance(data, JointData):
        return _joint_posterior(spec, data, sampler, trace.posterior, stats, about)
    draws, found = assembled(spec, data, trace.posterior)
    return _posterior(spec, data, draws, sampler, stats, about | found)


def _program_for(spec: ModelSpec, data: ModelData) -> tuple[Program, dict[str, Array]]:
    """The compiled model of a specification and the arrays it takes."""
    if isinstance(data, JointData):
        slots = padded_studies(len(data.all_studies))
        return program(ProgramKey.of(spec, slots, len(data.parts))), joint_arrays(spec, data, slots)
    slots = padded_studies(len(data.studies))
    return program(ProgramKey.of(spec, slots)), padded_arrays(spec, data, slots)


def _posterior(
    spec: ModelSpec,
    data: ModelData,
    draws: Draws,
    sampler: Sampler,
    stats: dict[str, Array],
    diagnostics: dict[str, Any],
) -> Posterior:
    return Posterior(
        spec=spec,
        data=data,
        engine="nuts",
        overall=Marginals({n: partial(DrawsMarginal, v) for n, v in draws.overall.items()}),
        study={
            one.study: Marginals(
                {
                    name: partial(DrawsMarginal, values[..., index])
                    for name, values in draws.study.items()
                    if one.adjusted is None or name == spec.effect
                }
            )
            for index, one in enumerate(data.studies)
        },
        make_tree=SampledTree(spec, data, draws, sampler.chains, stats),
        diagnostics=diagnostics,
    )


def _joint_posterior(
    spec: ModelSpec,
    data: JointData,
    sampler: Sampler,
    posterior: Any,
    stats: dict[str, Array],
    diagnostics: dict[str, Any],
) -> Posterior:
    """The posterior of the endpoint asked for, with those of the others and the correlations beside it."""
    draws, correlations = joint_assembled(spec, data, posterior)
    parts = {
        part.endpoint: _posterior(spec, part, draws[part.endpoint], sampler, stats, diagnostics) for part in data.parts
    }
    own = parts.pop(data.endpoint)
    beside = Marginals({name: partial(DrawsMarginal, value) for name, value in correlations.items()})
    return replace(own, data=data, parts=parts, correlations=beside, make_tree=JointTree(own, parts))


def _sample(ready: Any, sampler: Sampler, seed: int) -> Any:
    """The trace, whole; an interruption ends the sampling and stays one, where nutpie would return what there was."""
    import nutpie

    sampling = nutpie.sample(
        ready,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=min(
            sampler.chains,
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        ),
        seed=seed,
        target_accept=sampler.target_accept,
        progress_bar=False,
        save_warmup=False,
        blocking=False,
    )
    try:
        with stage("sample"):
            return sampling.wait()
    except BaseException:
        sampling.cancel()
        raise


def _require_finite_start(spec: ModelSpec, data: ModelData) -> None:
    """A sampler that finds no start can take the process with it, so the start is checked before."""
    if isinstance(data, JointData):
        for part in data.parts:
            _require_finite_start(spec, part)
        return
    if spec.model in ("joint", "arm-beta-binomial") and any(study.adjusted for study in data.studies):
        raise EngineError(f"model {spec.model} needs the counts of every study, not an adjusted ratio")
    effect = spec.priors.mu.mean
    control = spec.priors.baseline.mean - spec.below * effect
    logits = {"control": control, "treated": control + effect} if not spec.rates else {spec.arm: effect}
    for study in data.studies:
        for arm, logit in logits.items():
            candidates = getattr(study, arm)
            if candidates is not None and not np.isfinite(log_likelihood(candidates, logit, study.rho)):
                raise EngineError(f"{study.study}/{arm} has no finite probability at the start value")
