"""How do sampled parameters of several endpoints become the posterior of each, and their correlations?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reanalysis.engines.draws import Draws, hierarchical_draws
from reanalysis.engines.nuts.assembly import located
from reanalysis.engines.nuts.joint_program import cholesky, fixed_cholesky
from reanalysis.engines.streams import stream
from reanalysis.model.data import JointData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def joint_assembled(spec: ModelSpec, data: JointData, posterior: Any) -> tuple[Mapping[str, Draws], dict[str, Array]]:
    """Draws by endpoint, and of the correlations that are learnt, named ``correlation[first, second]``."""
    count = len(data.parts)
    mu, tau, z = (posterior[name].values for name in ("mu", "tau", "z"))
    baseline = located(spec.priors.baseline, posterior["alpha_raw"].values)
    correlation = spec.setting("correlation")
    learnt = correlation is None and count > 1
    factor = cholesky(posterior["u"].values, count) if learnt else fixed_cholesky(correlation or 0.0, count)
    effect = mu[..., None, :] + tau[..., None, :] * (z @ np.swapaxes(factor, -1, -2))
    rng = stream(spec, data, "new-study effects")
    new = mu + tau * (factor @ rng.standard_normal((*mu.shape, 1)))[..., 0]
    studies = data.all_studies
    control = baseline - spec.below * effect
    draws = {}
    for e, part in enumerate(data.parts):
        at = [studies.index(name) for name in part.names]
        draws[part.endpoint] = hierarchical_draws(
            spec, part, effect[..., at, e], control[..., at, e], mu[..., e], tau[..., e], new[..., e]
        )
    if not learnt:
        return draws, {}
    omega = factor @ np.swapaxes(factor, -1, -2)
    names = data.endpoints
    return draws, {f"correlation[{names[j]}, {names[i]}]": omega[..., i, j] for i in range(count) for j in range(i)}
