"""The sampling engine: NUTS on the compiled model, with one predeclared rerun where it diverges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reanalysis.engines.batches import available_workers
from reanalysis.engines.errors import EngineError
from reanalysis.engines.nuts.kernel import ProgramKey
from reanalysis.engines.nuts.models import nuts_models
from reanalysis.engines.nuts.program import program
from reanalysis.engines.nuts.sampled import Sampled
from reanalysis.engines.nuts.words import words_arrays
from reanalysis.engines.posterior import Posterior, Run, Sampling
from reanalysis.engines.streams import sampler_seed
from reanalysis.model.claims import log_said
from reanalysis.model.data import JointData, ModelData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.stages import stage

_STATS = ("diverging", "energy", "depth", "n_steps", "step_size", "mean_tree_accept")


@dataclass(frozen=True)
class Sampler:
    """Settings of the sampler."""

    chains: int = 4
    tune: int = 1000
    draws: int = 4000
    """Chains, and tuning and kept draws of each."""
    target_accept: float = 0.95
    """Target acceptance of the step-size adaptation."""

    @property
    def careful(self) -> Sampler:
        """The one rerun declared in advance for a run with divergences."""
        return replace(self, tune=2 * self.tune, target_accept=0.99)


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
    model, compiled = nuts_models()[spec.model], program(ProgramKey.for_data(spec, data))
    arrays = model.arrays(spec, data, compiled.key.slots) | words_arrays(data, compiled.key.slots)
    ready = compiled.with_data({name: arrays[name] for name in compiled.shapes})
    runs: list[Run] = []
    for settings in (sampler, sampler.careful):
        trace = _sample(ready, settings, sampler_seed(spec, data))
        divergences = int(trace.sample_stats["diverging"].sum())
        runs.append(Run(settings.target_accept, settings.tune, settings.draws, settings.chains, divergences))
        if divergences == 0:
            break
    stats = {name: trace.sample_stats[name].values for name in _STATS if name in trace.sample_stats}
    return model.posterior(Sampled(spec, data, trace.posterior, stats, Sampling(tuple(runs), stats["energy"])))


def _sample(ready: Any, sampler: Sampler, seed: int) -> Any:
    """The trace, whole; an interruption ends the sampling and stays one, where nutpie would return what there was."""
    import nutpie

    sampling = nutpie.sample(
        ready,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=min(sampler.chains, available_workers()),
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
    if not spec.family.ratios and any(study.adjusted for study in data.studies):
        raise EngineError(f"model {spec.model} needs the counts of every study, not an adjusted ratio")
    effect = spec.priors.mu.quantile(0.5)
    control = spec.priors.baseline.quantile(0.5) - spec.below * effect
    logits = {"control": control, "treated": control + effect} if not spec.rates else {spec.arm: effect}
    for study in data.studies:
        if study.told is not None:
            own = np.array(study.told.baseline.quantile(0.5) - study.told.below * effect)
            if not np.isfinite(log_said(study, own, own + effect)):
                raise EngineError(f"what {study.study} says in words has no finite probability at the start value")
            continue
        for arm, logit in logits.items():
            candidates = getattr(study, arm)
            if candidates is not None and not np.isfinite(log_likelihood(candidates, logit, study.rho)):
                raise EngineError(f"{study.study}/{arm} has no finite probability at the start value")
