"""Meta-regression of one covariate: average, slope and heterogeneity on one grid.

With the covariate x_s less its centre, delta_s = mu + beta x_s + tau z_s, so that

    p(mu, beta, tau | y)  is proportional to  p(mu) p(beta) p(tau) prod_s M_s(mu + beta x_s, tau)

with the same M_s as without a covariate (`spectra`). The slope's coordinate is linear near its mode and logarithmic
beyond, and the average is taken where it is nearly uncorrelated with the slope, so priors may be wider than what is
learnt by any factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.grids import Lattice, finer_by, legendre_nodes, nice_step, to_coefficients
from reanalysis.engines.quadrature.hierarchy import ALIASED, EDGE
from reanalysis.engines.quadrature.hierarchy_posterior import normalised
from reanalysis.engines.quadrature.regression_posterior import MOST_NODES, RegressionPosterior
from reanalysis.engines.quadrature.regression_terms import TAPS, Regressed
from reanalysis.engines.quadrature.regression_window import Approximation, Window, located
from reanalysis.engines.quadrature.surface import MOST_TERMS
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array, Flags

_BY_WIDTH, _BY_COORDINATE = 0.85, 0.155
"""First steps of the average in its smallest SDs, and of the slope's coordinate."""

_TAU_NODES = (40, 56, 80, 112, 160)
_TAU_RESOLVED = 1e-5
_COARSE, _COARSE_NODES = 2.0, 20
"""How much coarser the grid is that finds where there is mass, and its nodes of the heterogeneity."""

_KEPT = 0.03
"""Share of the density allowed at an edge beyond which a stretch is cut off."""

_FAINT = 20.0
"""Log density below the maximum at which it no longer matters that rounding has swallowed a term."""

_MOST_CELLS = 2**23
_WIDENED = 8
"""Times that a window may be laid anew."""

_FARTHEST = 300.0
"""Logit beyond which a rate is 0 or 1 in double precision."""


@dataclass(frozen=True)
class Priors:
    """Of the average, the slope and the heterogeneity."""

    mu: Distribution
    slope: Distribution
    tau: Distribution


def solve_regression(studies: Sequence[Regressed], priors: Priors) -> RegressionPosterior:
    """Posterior of the meta-regression of studies with arbitrary likelihoods on one covariate.

    Parameters
    ----------
    studies : sequence of Regressed
        At least one.
    priors : Priors
        Of the average at a covariate of 0, the slope and the heterogeneity.

    Raises
    ------
    QuadratureError
        If the posterior does not fit or is not resolved by the largest grid, or studies conflict beyond what double
        precision resolves.
    """
    studies = tuple(studies)
    found = Approximation(
        tuple(one.likelihood for one in studies), np.array([one.x for one in studies]),
        tuple(one.parts for one in studies), priors.mu, priors.slope,
    )  # fmt: skip
    narrowest = min(one.likelihood.effect_width(0.0) for one in studies)
    window = located(found, priors.tau, narrowest)
    _require_within_reach(window, studies, priors)
    steps = (_BY_WIDTH, _BY_COORDINATE)
    coarse, _ = _on_grid(studies, priors, window, _COARSE_NODES, (_COARSE * steps[0], _COARSE * steps[1]))
    window = _trimmed(coarse)
    counts = [count for count in _TAU_NODES if count >= _likely_nodes(coarse)] or _TAU_NODES[-1:]
    for _ in range(_WIDENED):
        for count in counts:
            posterior, lost = _on_grid(studies, priors, window, count, steps, coarse.stretch)
            edges = _edges(posterior)
            if edges or _tau_resolved(posterior):
                break
        unresolved = _unresolved(posterior)
        if not edges and not any(unresolved):
            break
        steps = (steps[0] / (2 if unresolved[0] else 1), steps[1] / (2 if unresolved[1] else 1))
        window = window.wider(edges)
    if edges or any(unresolved) or not _tau_resolved(posterior):
        raise QuadratureError(
            "the grid of (mu, beta, tau) does not hold the posterior; narrow the priors of mu, tau and the moderator"
        )
    if lost:
        raise QuadratureError(
            "the studies conflict by more than double precision resolves under these priors; "
            "widen the prior of tau, or leave a study out"
        )
    return posterior


def _require_within_reach(window: Window, studies: tuple[Regressed, ...], priors: Priors) -> None:
    """Raise where studies that say nothing of one side leave the posterior where rates are 0 or 1."""
    cells = [one.x + d - window.centre for one in studies for d in (one.parts or (0.0,))]
    by_slope = max(abs(end * x) for end in window.slope for x in cells)
    by_mu = max(map(abs, window.mu))
    if by_slope + by_mu <= _FARTHEST:
        return
    name, prior = ("moderator", priors.slope) if by_slope >= by_mu else ("mu", priors.mu)
    most = float(f"{prior.width * 0.8 * _FARTHEST / (by_slope + by_mu):.1g}")
    raise QuadratureError(
        f"the posterior reaches effects of {by_slope + by_mu:.0f} on the logit scale, where rates are 0 or 1 and the "
        f"studies say nothing: narrow the prior of {name}, {prior}, to a scale of {most:g} or less"
    )


def _trimmed(found: RegressionPosterior) -> Window:
    """The window without the stretches at its ends that a coarse grid shows to be empty."""
    window = found.window
    by_slope, by_mu = found.mass.sum(axis=(1, 2)), found.mass.sum(axis=(0, 1))
    by_tau = found.mass.sum(axis=(0, 2)) / found.u_weight

    def stretch(density: Array, at: Array, ends: tuple[float, float]) -> tuple[float, float]:
        kept = np.flatnonzero(density > _KEPT * EDGE * density.max())
        low = float(at[kept[0] - 1]) if kept[0] > 0 else ends[0]
        high = float(at[kept[-1] + 1]) if kept[-1] + 1 < len(at) else ends[1]
        return low, high

    return replace(
        window,
        mu=stretch(by_mu, found.mu.points, window.mu),
        slope=stretch(by_slope, found.slopes, window.slope),
        u=stretch(by_tau, found.u, window.u),
    )


def _edges(found: RegressionPosterior) -> list[str]:
    """Sides at which the posterior has not died away."""
    by_slope, by_mu = found.mass.sum(axis=(1, 2)), found.mass.sum(axis=(0, 1))
    by_tau = found.mass.sum(axis=(0, 2)) / found.u_weight
    ends = {"mu-": by_mu[0], "mu+": by_mu[-1]} | {"slope-": by_slope[0], "slope+": by_slope[-1]}
    tops = {"mu": by_mu.max(), "slope": by_slope.max()}
    sides = [name for name, end in ends.items() if end > EDGE * tops[name[:-1]]]
    (low, high), (first, last) = found.window.u, found.window.support
    if by_tau[-1] > EDGE * by_tau.max() and high < last:
        sides.append("u+")
    if by_tau[0] > EDGE * by_tau.max() and low > first:
        sides.append("u-")
    return sides


def _unresolved(found: RegressionPosterior) -> tuple[bool, bool]:
    """Whether sums over every second node of the average, or of the slope, differ for some values of the others."""
    by_both = found.mass.sum(axis=1)
    along_mu = np.abs(found.mass[..., ::2].sum(axis=-1) - found.mass[..., 1::2].sum(axis=-1)).sum()
    along_slope = np.abs(by_both[::2].sum(axis=0) - by_both[1::2].sum(axis=0)).sum()
    return bool(along_mu >= ALIASED), bool(along_slope >= 10 * ALIASED)


def _tau_resolved(found: RegressionPosterior) -> bool:
    return _unresolved_tau(found) < _TAU_RESOLVED


def _unresolved_tau(found: RegressionPosterior) -> float:
    """Share of the largest in the last coefficients of the polynomial through the nodes of tau."""
    coefficients = np.abs(to_coefficients(len(found.u)) @ (found.mass.sum(axis=(0, 2)) / found.u_weight))
    return float(coefficients[-3:].max() / coefficients.max())


def _likely_nodes(coarse: RegressionPosterior) -> float:
    """Nodes of tau at which its polynomial is likely to converge: the logs of coefficients fall with their squares."""
    fallen = -np.log(_unresolved_tau(coarse))
    return float(len(coarse.u) * (-np.log(_TAU_RESOLVED) / max(fallen, 0.1)) ** 0.5)


def _on_grid(
    studies: tuple[Regressed, ...], priors: Priors, window: Window, count: int, steps: tuple[float, float],
    stretch: tuple[float, float, float] | None = None,
) -> tuple[RegressionPosterior, bool]:  # fmt: skip
    """The posterior on a grid, and whether rounding has swallowed what counts of it."""
    node, weight = legendre_nodes(count)
    half = 0.5 * (window.u[1] - window.u[0])
    u, u_weight = window.u[0] + half * (node + 1), half * weight
    tau = window.scale.tau(u)
    finest = nice_step(min(one.likelihood.step() for one in studies))
    width = min(one.likelihood.effect_width(0.0) for one in studies)
    wanted = steps[0] * window.narrow[0]
    table_step = finest * 2.0 ** max(0, np.floor(np.log2(0.4 * width / finest)))
    table_step /= finer_by(table_step, wanted)
    stride = 2 ** int(np.floor(np.log2(wanted / table_step)))
    mu = Lattice.covering(*window.mu, table_step * stride)
    scale = window.slope_scale
    first, last = (float(scale.coordinate(end)) for end in window.slope)
    v = Lattice.covering(first, last, steps[1])
    slopes = scale.slope(v.points)
    if mu.size * count * v.size > _MOST_CELLS:
        raise QuadratureError(
            f"priors this wide need too large a grid of (mu, beta, tau): {mu.size} x {v.size} x {count} nodes; narrow "
            "the priors of mu and the moderator"
        )
    x = np.array([one.x - window.centre for one in studies])
    ends = np.outer(slopes[[0, -1]], x)
    low, high = mu.points[0] + float(ends.min()), mu.points[-1] + float(ends.max())
    pad = TAPS * table_step
    table = Lattice.covering(low - pad, high + pad, table_step)
    if table.size * count > MOST_NODES:
        raise QuadratureError("priors this wide need too large a grid; narrow the priors of mu and the moderator")
    needed = (float(table.points[0]), float(table.points[-1]), float(tau[-1]))
    found = RegressionPosterior(
        tuple(replace(one, x=float(at)) for one, at in zip(studies, x, strict=True)),
        window, mu, v, u, u_weight, table, _holding(needed, stretch), np.empty(0), np.empty(0), 0.0,
    )  # fmt: skip
    average = mu.points - slopes[:, None] * window.centre
    log_prior = (
        priors.mu.logpdf(average)
        + (priors.slope.logpdf(slopes) + np.log(scale.derivative(v.points) * v.step * mu.step))[:, None]
    )
    by_tau = priors.tau.logpdf(tau) + np.log(window.scale.slope(u) * u_weight)
    log_mass = log_prior[:, None, :] + by_tau[:, None]
    gone: dict[int, list[Flags | None]] = {}
    for index in range(len(studies)):
        gone[index] = []
        for node_, (values, lost) in enumerate(found.term(index).each()):
            log_mass[node_] += values
            gone[index].append(lost)
    return _finished(replace(found, log_mass=log_mass), gone)


def _holding(
    needed: tuple[float, float, float], known: tuple[float, float, float] | None
) -> tuple[float, float, float]:  # fmt: skip
    """A stretch that holds what is needed: the one known if it does, else one with round ends."""
    if known and known[0] <= needed[0] and needed[1] <= known[1] and needed[2] <= known[2]:
        return known
    low, high, tau = needed
    grain = 2.0 ** np.ceil(np.log2(high - low)) / 4
    round_tau = 2.0 ** (np.ceil(2 * np.log2(tau)) / 2)
    return float(grain * np.floor(low / grain)), float(grain * np.ceil(high / grain)), float(round_tau)


def _finished(found: RegressionPosterior, gone: dict[int, list[Flags | None]]) -> tuple[RegressionPosterior, bool]:
    """With terms that rounding has swallowed computed again where they count, and masses that sum to 1."""
    log_mass = found.log_mass
    faint = float(log_mass.max()) - _FAINT
    work = 0
    for index, flags in gone.items():
        term = found.term(index)
        read = None
        for node, lost in enumerate(flags):
            if lost is None or not (wanted := lost & (log_mass[node] > faint)).any():
                continue
            work += int(wanted.sum()) * found.table.size
            if work > MOST_TERMS:
                return replace(found, mass=normalised(log_mass)[0]), True
            read = read or [values for values, _ in term.each()]
            log_mass[node] += np.where(wanted, term.exact(node, wanted) - read[node], 0.0)
    mass, log_evidence = normalised(log_mass)
    return replace(found, mass=mass, log_evidence=log_evidence), False
