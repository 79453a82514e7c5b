"""Which counts does a posterior expect of a cohort that it has not seen?

The treated logit of a new study is its baseline plus a new effect. Both densities are known on lattices of one step, so
that of their sum is a convolution, and the probability of a count the integral of its beta-binomial probability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature.lattice import Lattice
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import log_likelihood

Array = NDArray[np.float64]

_TAIL = 1e-12
"""Probability of a new effect that is left out on either side."""


def treated_logit(study: StudyData, baseline: Distribution, new_effect: Marginal) -> tuple[Array, Array]:
    """Distribution of the treated logit of a new study before its treated arm is seen.

    Parameters
    ----------
    study : StudyData
        The new study; what is known of its control (its arm, or a benchmark) is used, its treated arm is not.
    baseline : Distribution
        Prior of a control logit.
    new_effect : Marginal
        Posterior predictive distribution of a new study's log odds ratio.

    Returns
    -------
    nodes, mass : ndarray, shape (N,)
        Logits and their probabilities.
    """
    before = StudyLikelihood(study, baseline)  # of which only the control factor is used
    step = 0.1 * min(before.width(), new_effect.sd(), 1.0)
    control = before.baseline_lattice(step)
    log_density = before.control_factor(control)
    low, high = (float(x) for x in new_effect.quantile([_TAIL, 1 - _TAIL]))
    effect = Lattice.covering(low, high, step)
    # mass by cell from the distribution function: right for any shape of the effect's density
    edges = np.append(effect.points - step / 2, effect.points[-1] + step / 2)
    mass = np.diff(new_effect.cdf(edges))
    both = control.plus(effect)
    density = np.maximum(fftconvolve(np.exp(log_density - log_density.max()), mass), 0.0)
    return both.points, density / density.sum()


def count_probabilities(nodes: Array, mass: Array, n: int, rho: float) -> Array:
    """Probability of each count of ``n`` patients, shape (n + 1,), given the distribution of their logit."""
    used = mass > 1e-14 * mass.max()
    return np.array(
        [mass[used] @ np.exp(log_likelihood(Candidates.count(x, n), nodes[used], rho)) for x in range(n + 1)]
    )
