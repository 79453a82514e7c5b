"""What follows when heterogeneity is fixed? Complete pooling (tau = 0) and no pooling (every study on its own)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.lattice import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.distributions import Distribution

Array = NDArray[np.float64]

_CUT = 35.0
_REACH = 8.5


@dataclass(frozen=True)
class CommonEffect:
    """Posterior of one effect shared by all studies.

    Sums of log likelihoods, so that studies in conflict keep their relative weight however far apart they lie.
    """

    lattice: Lattice
    log_density: Array
    log_study: Array
    log_evidence: float

    def average(self) -> GridMarginal:
        """Posterior of the common effect."""
        density = np.exp(self.log_density - self.log_density.max())
        return GridMarginal.from_density(self.lattice.points, density)

    def effect_given_others(self, study: int, step: float) -> tuple[Lattice, Array]:
        """Density of a study's effect given all other studies, up to a factor."""
        log_density = self.log_density - self.log_study[study]
        return _refined(self.lattice, log_density, step)


@dataclass(frozen=True)
class SeparateEffects:
    """Studies that share nothing: each effect has the prior of mu."""

    prior: Distribution

    def effect_given_others(self, study: int, step: float) -> tuple[Lattice, Array]:
        """Prior density of a study's effect."""
        reach = _REACH * self.prior.sd
        lattice = Lattice.covering(
            self.prior.mean - reach, self.prior.mean + reach, nice_step(step)
        )
        return lattice, np.exp(self.prior.logpdf(lattice.points))


def solve_common(studies: Sequence[StudyLikelihood], prior: Distribution) -> CommonEffect:
    """Posterior under complete pooling.

    Raises
    ------
    QuadratureError
        If no effect gives every study a probability that double precision can hold.
    """
    step = nice_step(0.5 * min(s.width for s in studies))
    reach = _REACH * prior.sd
    lattice = Lattice.covering(prior.mean - reach, prior.mean + reach, step)
    with np.errstate(divide="ignore"):
        logs = [np.log(values) + factor for values, factor in (s.on(lattice) for s in studies)]
    log_study = np.stack(logs)
    log_density = prior.logpdf(lattice.points) + log_study.sum(axis=0)
    finite = np.isfinite(log_density)
    if not finite.any():
        raise QuadratureError("no common effect is possible for studies this far apart")
    keep = finite & (log_density > log_density[finite].max() - 4 * _CUT)
    lattice, start = lattice.part(keep), lattice.first
    part = slice(lattice.first - start, lattice.first - start + lattice.size)
    if not finite[part].all() or lattice.size < 4:
        raise QuadratureError("the common effect is too narrow for its grid")
    # log likelihoods are nearly quadratic, so a cubic through their sum loses nothing that matters
    spline = CubicSpline(lattice.points, log_density[part])
    each = CubicSpline(lattice.points, log_study[:, part], axis=1)
    top = lattice.points[int(np.argmax(log_density[part]))]
    curvature = max(-float(spline(top, 2)), prior.sd**-2)
    fine_step = step / finer_by(step, 0.25 * curvature**-0.5)
    fine = Lattice.covering(lattice.points[0], lattice.points[-1] - fine_step, fine_step)
    values = spline(fine.points)
    near = fine.part(values > values.max() - _CUT)
    values = spline(near.points)
    total = values.max() + np.log(np.exp(values - values.max()).sum() * near.step)
    return CommonEffect(near, values, each(near.points), float(total))


def _refined(lattice: Lattice, log_density: Array, step: float) -> tuple[Lattice, Array]:
    finer = finer_by(lattice.step, step)
    density = log_density - log_density.max()
    if finer == 1:
        return lattice, np.exp(density)
    fine = Lattice(lattice.step / finer, lattice.first * finer, (lattice.size - 1) * finer + 1)
    return fine, np.exp(CubicSpline(lattice.points, density)(fine.points))
