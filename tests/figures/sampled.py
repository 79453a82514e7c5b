"""Endpoints as if chains had drawn their posterior too, good ones and bad ones, without a sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from arviz_base import from_dict

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.engines.marginal import DrawsMarginal, Marginal
from reanalysis.engines.posterior import Sampling
from reanalysis.typing import Array


def sampled(
    endpoint: EndpointAnalysis,
    *,
    stuck: Mapping[str, int] | None = None,
    slow: float = 0.5,
    chains: int = 4,
    draws: int = 1000,
) -> EndpointAnalysis:
    """The endpoint, and beside its posterior independent draws of it by inversion.

    Parameters
    ----------
    stuck : mapping of str to int, optional
        By quantity that all studies share: the chain, counted from 1, that keeps to a twentieth of the posterior.
    slow : float
        Correlation of the energies of successive draws; the E-BFMI is about 2 (1 - slow).
    """
    rng = np.random.default_rng(5)

    def drawn(marginal: Marginal, name: str = "") -> DrawsMarginal:
        u = rng.uniform(size=(chains, draws))
        if stuck and name in stuck:
            u[stuck[name] - 1] = 0.1 + 0.05 * u[stuck[name] - 1]
        return DrawsMarginal(marginal.quantile(u))

    exact = endpoint.fit.posterior
    effect = exact.spec.effect
    energy = rng.normal(size=(chains, draws))
    for i in range(1, draws):
        energy[:, i] = slow * energy[:, i - 1] + np.sqrt(1 - slow**2) * energy[:, i]
    posterior = replace(
        exact,
        engine="nuts",
        overall={name: drawn(marginal, name) for name, marginal in exact.overall.items()},
        study={study: {effect: drawn(own[effect])} for study, own in exact.study.items()},
    )
    return with_energy(replace(endpoint, fit=replace(endpoint.fit, sampled=posterior)), 20.0 + 2.0 * energy)


def with_energy(endpoint: EndpointAnalysis, energy: Array) -> EndpointAnalysis:
    """The same chains with other energies, in the tree of the draws too."""
    sampled = endpoint.fit.kept
    posterior = replace(
        sampled,
        sampling=Sampling((), energy),
        make_tree=partial(from_dict, {"posterior": {"tau": np.zeros_like(energy)}, "sample_stats": {"energy": energy}}),
    )
    return replace(endpoint, fit=replace(endpoint.fit, sampled=posterior))
