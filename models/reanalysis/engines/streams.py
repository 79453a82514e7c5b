"""Random numbers of a fit: a stream of its own for every quantity of every fit, whatever else is drawn.

A stream follows from the seed, the endpoint, the specification, the names of the studies and the name of the quantity:
so the rows of two fits are independent, and a fit made again has the same bits. What the studies reported has no part
in it: a corrected figure keeps its random numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np

from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec


def stream(spec: ModelSpec, data: ModelData, quantity: str) -> np.random.Generator:
    """The stream of one quantity of a fit.

    Parameters
    ----------
    spec : ModelSpec
        What is fitted, with its seed.
    data : ModelData
        To what.
    quantity : str
        What is drawn; quantities of one fit that share a name would share their random numbers.
    """
    return np.random.default_rng(_sequence(spec, data, quantity))


def sampler_seed(spec: ModelSpec, data: ModelData) -> int:
    """Seed of the sampler, from 0 to 2^64 - 1."""
    return int(_sequence(spec, data, "chains").generate_state(1, np.uint64)[0])


def _sequence(spec: ModelSpec, data: ModelData, quantity: str) -> np.random.SeedSequence:
    """Entropy of a stream: Python's own hash differs from process to process."""
    fit = replace(spec, seed=0).as_dict()
    content = json.dumps([data.endpoint, data.names, fit, quantity], sort_keys=True)
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return np.random.SeedSequence([spec.seed, *np.frombuffer(digest, dtype="<u4").tolist()])
