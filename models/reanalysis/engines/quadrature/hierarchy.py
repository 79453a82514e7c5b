"""What exchangeable studies say together: the posterior of the average mu and the heterogeneity tau.

The model is delta_s ~ Normal(mu, tau^2) with an arbitrary likelihood L_s(delta_s) per study, so

    p(mu, tau | y)  is proportional to  p(mu) p(tau) prod_s M_s(mu, tau),    M_s = L_s * Normal(0, tau^2)

where * is convolution (`spectra`). Of one set of studies M_s is shared by any number of priors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior, normalised
from reanalysis.engines.quadrature.lattice import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.legendre import legendre_nodes, to_coefficients
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE, REACH, ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import Priors, Surface
from reanalysis.engines.quadrature.tau_scale import TauScale
from reanalysis.engines.quadrature.window import MOST_NUMBERS, ZOOM_NODES, Window, zoom
from reanalysis.model.distributions import Distribution

Array = NDArray[np.float64]

_TAILS = (1e-10, 1e-20, 1e-40)
"""Prior mass left outside the first window on each side: less where the data push the posterior to its edge."""

_EDGE = 1e-7
"""Density at the edge of a window, as a share of its maximum, that sends for a wider one."""

_ALIASED = 1e-6
"""Largest share of a density that its grid may leave unresolved."""

_BLURRED = 30.0
"""How much wider than the blur of a grid too coarse for the likelihoods a posterior must be: 1e-3 SD."""

_TAU_NODES = (40, 80, 160)


class AtEdge(QuadratureError):
    """Posterior mass reaches the edge of the first window."""


def solve(
    studies: Sequence[StudyLikelihood],
    mu_prior: Distribution,
    tau_prior: Distribution,
    share: float = 1.0,
    log_apart: Array | None = None,
) -> HierarchyPosterior:
    """Posterior of the normal hierarchy over studies with arbitrary likelihoods.

    Parameters
    ----------
    studies : sequence of StudyLikelihood
        At least one.
    mu_prior, tau_prior : Distribution
        Priors of the average and of the heterogeneity.
    share : float
        Prior probability that a study belongs to the hierarchy.
    log_apart : ndarray, shape (S,), optional
        Log probability of what each study printed if it does not: M_s becomes share M_s + (1 - share) exp(log_apart).

    Raises
    ------
    QuadratureError
        If mass reaches the edge of a grid, a grid cannot resolve the posterior, or the studies conflict beyond what
        double precision resolves.
    """
    return solve_each(studies, ((mu_prior, tau_prior),), share, log_apart)[0]


def solve_each(
    studies: Sequence[StudyLikelihood],
    priors: Sequence[Priors],
    share: float = 1.0,
    log_apart: Array | None = None,
    without: bool = True,
) -> list[HierarchyPosterior]:
    """Posteriors of the same studies under several pairs of priors, which share the studies' terms.

    Parameters
    ----------
    studies, share, log_apart
        As of :func:`solve`.
    priors : sequence of (Distribution, Distribution)
        Priors of the average and of the heterogeneity, one pair or more.
    without : bool
        Whether the posteriors given all studies but one are held to be resolved too: what a study's own effect needs,
        and an average does not.

    Raises
    ------
    QuadratureError
        As :func:`solve`, if any of the posteriors fails.
    """
    for tail in _TAILS[:-1]:
        try:
            return _solve(studies, tuple(priors), tail, share, log_apart, without)
        except AtEdge:
            continue
    return _solve(studies, tuple(priors), _TAILS[-1], share, log_apart, without)


def _solve(
    studies: Sequence[StudyLikelihood],
    priors: tuple[Priors, ...],
    tail: float,
    share: float,
    log_apart: Array | None,
    without: bool,
) -> list[HierarchyPosterior]:
    of_mu, of_tau = (tuple(dict.fromkeys(pair[i] for pair in priors)) for i in (0, 1))
    # linear in tau where the prior is flat near 0, logarithmic down to its smallest values where it vanishes there
    usual = min(t.quantile(0.25 if np.isfinite(t.logpdf(0.0)) else 1e-6) for t in of_tau)
    step = nice_step(min(s.step() for s in studies))
    mu_low, mu_high = min(m.quantile(tail) for m in of_mu), max(m.tail(tail) for m in of_mu)
    tau_end = max(t.tail(0.0) for t in of_tau)
    most = min(LARGEST_LATTICE, 32 * LARGEST_LATTICE / len(studies)) * step
    if mu_high - mu_low > 0.5 * most:
        raise QuadratureError(f"a prior of mu this wide needs too large a grid for arms this large ({step=:.2g})")
    tau_top = min(tau_end, max(t.tail(tail) for t in of_tau), (most - (mu_high - mu_low)) / (2 * REACH))
    whole = (mu_high - mu_low + 2 * REACH * tau_top) / step
    by_mu = ZOOM_NODES * len(studies) * (mu_high - mu_low) / step
    coarser = finer_by(max(whole * len(studies) / (2 * LARGEST_LATTICE), by_mu / (4 * MOST_NUMBERS)), 1.0)
    spectra, log_scale = ladder(studies, mu_low, mu_high, tau_top, step, coarser)
    step *= coarser
    log_constant = float(log_scale.sum())
    apart = None if log_apart is None or share == 1 else np.log1p(-share) + log_apart - log_scale
    scale = TauScale(max(min(min(s.effect_width(0.0) for s in studies), usual), spectra.blur))
    surface = Surface(spectra, tuple(studies), log_scale, priors, scale, share, apart)
    first = Window(
        Lattice.covering(mu_low, mu_high, step / finer_by(step, 0.5 * min(m.sd for m in of_mu))),
        float(scale.coordinate(min(t.quantile(0.0) for t in of_tau))),
        float(scale.coordinate(tau_top)),
    )
    window, smallest_tau = zoom(surface, first)
    least = smallest_tau**2 + spectra.blur**2
    narrow = sum(1 / (s.effect_width(0.0) ** 2 + least) for s in studies) + min(m.sd for m in of_mu) ** -2
    mu = window.mu.at_step(step * 2.0 ** np.floor(np.log2(narrow**-0.5 / (1.7 * step))))
    for count in _TAU_NODES:
        _require_room(len(studies), mu, count)
        found, lost = _on_grid(surface, mu, window, count, log_constant)
        while not all(_mu_resolved(one, without) for one in found) and mu.size < LARGEST_LATTICE // 64:
            mu = mu.at_step(mu.step / 2)
            _require_room(len(studies), mu, count)
            found, lost = _on_grid(surface, mu, window, count, log_constant)
        if all(_tau_resolved(one, without) for one in found):
            break
    for one, (_, tau_prior) in zip(found, priors, strict=True):
        _require_sound(one, lost, window, float(scale.coordinate(tau_prior.tail(0.0))), without)
        _require_sharp(one, spectra.blur)
    return found


def _require_room(studies: int, mu: Lattice, count: int) -> None:
    if studies * count * mu.size > MOST_NUMBERS:
        raise QuadratureError(
            f"the posterior of (mu, tau) needs too large a grid: {studies} studies, {count} x {mu.size} nodes"
        )


def _require_sharp(found: HierarchyPosterior, blur: float) -> None:
    """Raise where a posterior is not much wider than the blur that made its grid affordable."""
    if blur == 0:
        return
    narrowest = min(found.average().sd(), found.heterogeneity().sd(), *(found.spread(m) for m in found.mass_without))
    if narrowest < _BLURRED * blur:
        raise QuadratureError(
            "the posterior is too narrow for the grid that priors this wide need; narrow the priors of mu and tau"
        )


def _on_grid(
    surface: Surface, mu: Lattice, window: Window, count: int, log_constant: float
) -> tuple[list[HierarchyPosterior], NDArray[np.bool_]]:
    """The posteriors on the nodes of mu and ``count`` Gauss-Legendre nodes of the coordinate of tau.

    Also marks, by (S, T, U), the study terms that rounding has swallowed.
    """
    node, weight = legendre_nodes(count)
    half = 0.5 * (window.u_high - window.u_low)
    u, u_weight = window.u_low + half * (node + 1), half * weight
    every, log_each, lost = surface(mu, u)
    log_weight = np.log(u_weight)[:, None] + np.log(mu.step)
    bounds = (window.u_low, window.u_high)
    found = []
    for log_all in every:
        log_mass = log_all + log_weight
        mass, log_total = normalised(log_mass)
        grid = (mu, u, u_weight, bounds, surface.scale)
        found.append(HierarchyPosterior(*grid, log_mass, log_each, mass, log_total + log_constant))
    return found, lost


def _mu_resolved(found: HierarchyPosterior, without: bool) -> bool:
    """Whether sums over every second node agree for every tau, with and without any study.

    Their difference is the density's spectrum at the grid's highest frequency: the error of a value between nodes. That
    of a sum over all nodes is its fourth power.
    """
    if np.abs(found.mass[:, ::2].sum(axis=1) - found.mass[:, 1::2].sum(axis=1)).sum() >= _ALIASED:
        return False
    if not without:
        return True
    difference = found.mass_without[:, :, ::2].sum(axis=2) - found.mass_without[:, :, 1::2].sum(axis=2)
    return bool(np.abs(difference).sum(axis=1).max() < _ALIASED)


def _tau_resolved(found: HierarchyPosterior, without: bool) -> bool:
    """Whether the polynomial through the nodes of tau has converged, for the posterior with and without any study."""
    masses = [found.mass.sum(axis=1)[None], *([found.mass_without.sum(axis=2)] if without else [])]
    by_tau = np.concatenate(masses) / found.u_weight
    coefficients = np.abs(by_tau @ to_coefficients(len(found.u)).T)
    return bool(np.all(coefficients[:, -3:].max(axis=1) < 1e-5 * coefficients.max(axis=1)))


def _require_sound(
    found: HierarchyPosterior, lost: NDArray[np.bool_], window: Window, support_end: float, without: bool
) -> None:
    """Raise where a grid does not hold the posterior, given all studies or all but one."""
    if not (_mu_resolved(found, without) and _tau_resolved(found, without)):
        raise QuadratureError("the grid of (mu, tau) does not resolve the posterior; narrow the priors of mu and tau")
    edges = {"mu": found.mass[:, [0, -1]].sum(axis=0).max() / found.mass.sum(axis=0).max()}
    if window.u_high < support_end:  # a prior that ends there may have mass at its end
        by_tau = found.mass.sum(axis=1) / found.u_weight
        edges["tau"] = by_tau[-1] / by_tau.max()
    for name, edge in edges.items():
        if edge > _EDGE:
            raise AtEdge(f"the posterior reaches the edge of the largest grid of {name}; narrow its prior")
    if not lost.any():
        return
    by_number = lost.sum(axis=0)
    for study, mass in ((None, found.mass), *enumerate(found.mass_without if without else ())):
        others = by_number if study is None else by_number - lost[study]
        if float(mass[others > 0].sum()) > 1e-6:
            raise QuadratureError(
                "the studies conflict by more than double precision resolves under these priors; "
                "widen the prior of tau, or leave a study out"
            )
