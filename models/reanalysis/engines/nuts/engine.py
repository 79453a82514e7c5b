"""The sampling engine: NUTS on the compiled model, with one predeclared rerun where it diverges."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.arrays import padded_arrays, padded_studies
from reanalysis.engines.draws import prior_draws
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.nuts.assembly import assembled
from reanalysis.engines.nuts.program import ProgramKey, program
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import ModelData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]

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


def fit(spec: ModelSpec, data: ModelData, sampler: Sampler | None = None) -> Posterior:
    """Posterior by NUTS.

    Parameters
    ----------
    spec : ModelSpec
        Of any model but ``beta-rates``.
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
    if "nuts" not in spec.family.engines:
        raise EngineError(f"model {spec.model} has the quadrature engine only")
    _require_finite_start(spec, data)
    slots = padded_studies(len(data.studies))
    compiled = program(ProgramKey.of(spec, slots))
    arrays = padded_arrays(spec, data, slots)
    ready = compiled.with_data({name: arrays[name] for name in compiled.shapes})
    runs = []
    for settings in (sampler, sampler.careful):
        trace = _sample(ready, settings, spec.seed)
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
    draws, found = assembled(spec, data, trace.posterior)
    stats = {name: trace.sample_stats[name].values for name in _STATS if name in trace.sample_stats}
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
        make_tree=lambda: to_tree(spec, data, "nuts", draws, prior_draws(spec, data, sampler.chains, 1000), stats),
        diagnostics={"runs": runs, "energy": stats["energy"]} | found,
    )


def _sample(ready: Any, sampler: Sampler, seed: int) -> Any:
    import nutpie

    return nutpie.sample(
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
    )


def _require_finite_start(spec: ModelSpec, data: ModelData) -> None:
    """A sampler that finds no start can take the process with it, so the start is checked before."""
    effect, base = spec.priors.mu.mean, spec.priors.baseline.mean
    logits = {"control": base, "treated": base + effect} if not spec.rates else {spec.arm: effect}
    for study in data.studies:
        for arm, logit in logits.items():
            candidates = getattr(study, arm)
            if candidates is not None and not np.isfinite(log_likelihood(candidates, logit, study.rho)):
                raise EngineError(f"{study.study}/{arm} has no finite probability at the start value")
