"""What exchangeable studies say together: the posterior of the average mu and the heterogeneity tau.

The model is delta_s ~ Normal(mu, tau^2) with an arbitrary likelihood L_s(delta_s) per study, so

    p(mu, tau | y)  is proportional to  p(mu) p(tau) prod_s M_s(mu, tau),    M_s = L_s * Normal(0, tau^2)

where * is convolution (`spectra`). Of one set of studies M_s is shared by any number of priors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.grids import Lattice, TauScale, finer_by, legendre_nodes, nice_step, to_coefficients
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior, normalised
from reanalysis.engines.quadrature.pooled import stands_alone
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE, REACH, Ladder, ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import MOST_NUMBERS, ZOOM_NODES, Priors, Surface, Window, zoom
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import REMEMBERED
from reanalysis.typing import Array, Flags

_TAILS = (1e-10, 1e-20, 1e-40)
"""Prior mass left outside the first window on each side: less where the data push the posterior to its edge."""

_REACHES = dict(zip(_TAILS, (60.0, 1200.0, 6000.0), strict=True))
"""The same of a prior with heavy tails: logits within which it is looked for. Its own mass ends nowhere."""

EDGE = 1e-7
"""Density at the edge of a window, as a share of its maximum, that sends for a wider one."""

_LAST_EDGE = 1e-5
"""The same for a heterogeneity whose prior has heavy tails in the last window: its posterior falls as a power too."""

_WITHOUT = 0.1
"""How much less that edge matters of the posterior without a study, which the study itself multiplies."""

_CUT_VARIANCE = 1e-2
"""How much less the same of the integrand of a variance matters."""

_UPHILL = 6.0
"""Log likelihood by which a study may still rise beyond the averages: at REACH SDs from them it counts for 1e-7."""

_FARTHEST = 300.0
"""Logit beyond which a rate is 0 or 1 in double precision, and a likelihood that depends on it no longer moves."""

ALIASED = 1e-6
"""Largest share of a density that its grid may leave unresolved."""

_BLURRED = 30.0
"""How much wider than the blur of a grid too coarse for the likelihoods a posterior must be: 1e-3 SD."""

TAU_NODES = (40, 80, 160)


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
        Log probability of what each study reported if it does not: M_s becomes share M_s + (1 - share) exp(log_apart).

    Raises
    ------
    QuadratureError
        If mass reaches the edge of a grid, a grid cannot resolve the posterior, or the studies conflict beyond what
        double precision resolves.
    """
    return solve_each(studies, ((mu_prior, tau_prior),), share, log_apart)[0]


def solve_each(
    studies: Sequence[StudyLikelihood], priors: Sequence[Priors], share: float = 1.0, log_apart: Array | None = None
) -> list[HierarchyPosterior]:
    """Posteriors of the same studies under several pairs of priors, which share the studies' terms.

    Parameters
    ----------
    studies, share, log_apart
        As of :func:`solve`.
    priors : sequence of (Distribution, Distribution)
        Priors of the average and of the heterogeneity, one pair or more.

    Raises
    ------
    QuadratureError
        As :func:`solve`, if any of the posteriors fails.
    """
    return without_an_edge(lambda tail: _solve(studies, tuple(priors), tail, share, log_apart))


def without_an_edge[R](solved: Callable[[float], R]) -> R:
    """What is solved in the first window whose edges have no mass, given the prior mass that it leaves out."""
    for tail in _TAILS[:-1]:
        try:
            return solved(tail)
        except AtEdge:
            continue
    return solved(_TAILS[-1])


def prepared(
    studies: Sequence[StudyLikelihood], priors: tuple[Priors, ...], tail: float, share: float,
    log_apart: Array | None, without: Sequence[int] = (),
) -> tuple[Surface, Window, Lattice, float]:  # fmt: skip
    """The surface, where it has mass, nodes of mu that should resolve it, and the log of the surface's constant."""
    of_mu, of_tau = (tuple(dict.fromkeys(pair[i] for pair in priors)) for i in (0, 1))
    # linear in tau where the prior is flat near 0, logarithmic down to its smallest values where it vanishes there
    usual = min(t.quantile(0.25 if np.isfinite(t.logpdf(0.0)) else 1e-6) for t in of_tau)
    step = nice_step(min(s.step() for s in studies))
    reach = _REACHES[tail]
    mu_low = min(max(m.quantile(tail), m.quantile(0.5) - reach) if m.heavy else m.quantile(tail) for m in of_mu)
    mu_high = max(min(m.tail(tail), m.quantile(0.5) + reach) if m.heavy else m.tail(tail) for m in of_mu)
    tau_end = max(t.tail(0.0) for t in of_tau)
    most = min(LARGEST_LATTICE, 32 * LARGEST_LATTICE / len(studies)) * step
    if mu_high - mu_low > 0.5 * most:
        raise QuadratureError(f"a prior of mu this wide needs too large a grid for arms this large ({step=:.2g})")
    tau_top = max(min(t.tail(tail), t.quantile(0.5) + reach) if t.heavy else t.tail(tail) for t in of_tau)
    tau_top = min(tau_end, tau_top, (most - (mu_high - mu_low)) / (2 * REACH))
    whole = (mu_high - mu_low + 2 * REACH * tau_top) / step
    by_mu = ZOOM_NODES * len(studies) * (mu_high - mu_low) / step
    coarser = finer_by(max(whole * len(studies) / (2 * LARGEST_LATTICE), by_mu / (4 * MOST_NUMBERS)), 1.0)
    spectra, log_scale = _holding(studies, mu_low, mu_high, tau_top, step, coarser, most)
    step *= coarser
    apart = None if log_apart is None or share == 1 else np.log1p(-share) + log_apart - log_scale
    scale = TauScale(max(min(min(s.effect_width(0.0) for s in studies), usual), spectra.blur))
    surface = Surface(spectra, tuple(studies), log_scale, priors, scale, share, apart, tuple(without))
    narrowest = min(m.width for m in of_mu)
    first = Window(
        Lattice.covering(mu_low, mu_high, step / finer_by(step, 0.5 * narrowest)),
        float(scale.coordinate(min(t.quantile(0.0) for t in of_tau))),
        float(scale.coordinate(tau_top)),
    )
    window, smallest_tau = zoom(surface, first)
    least = smallest_tau**2 + spectra.blur**2
    narrow = sum(1 / (s.effect_width(0.0) ** 2 + least) for s in studies) + narrowest**-2
    mu = window.mu.at_step(step * 2.0 ** np.floor(np.log2(narrow**-0.5 / (1.7 * step))))
    return surface, window, mu, float(log_scale.sum())


def _solve(
    studies: Sequence[StudyLikelihood], priors: tuple[Priors, ...], tail: float, share: float, log_apart: Array | None
) -> list[HierarchyPosterior]:
    surface, window, mu, log_constant = prepared(studies, priors, tail, share, log_apart, range(len(studies)))
    for count in TAU_NODES:
        require_room(len(studies), mu, count)
        found, lost = _on_grid(surface, mu, window, count, log_constant)
        for one, pair in zip(found, priors, strict=True):  # a density cut at an edge is not resolved by any grid
            alone = len(studies) == 1 and log_apart is None and stands_alone(pair[0])
            _require_held(one, window, pair[1], not alone, tail)
        while not (of_mu := all(map(_mu_resolved, found))) and mu.size < LARGEST_LATTICE // 64:
            mu = mu.at_step(mu.step / 2)
            require_room(len(studies), mu, count)
            found, lost = _on_grid(surface, mu, window, count, log_constant)
        if of_tau := all(map(_tau_resolved, found)):
            break
    if not (of_mu and of_tau):
        raise QuadratureError("the grid of (mu, tau) does not resolve the posterior; narrow the priors of mu and tau")
    for one in found:
        _require_sound(one, lost)
        _require_sharp(one, surface.spectra.blur)
    return found


def _holding(
    studies: Sequence[StudyLikelihood],
    low: float,
    high: float,
    tau_top: float,
    step: float,
    coarser: int,
    most: float,
) -> tuple[Ladder, Array]:
    """Transforms on a stretch that holds the likelihoods too, where the prior of mu lies far from them.

    REACH SDs of the heterogeneity from an average no effect matters, unless a study is so much more probable there
    that it does: the stretch then grows towards it.
    """
    while True:
        spectra, log_scale = ladder(studies, low, high, tau_top, step, coarser)
        first, size = spectra.lattice.first * coarser, spectra.lattice.size * coarser
        margin = round(REACH * tau_top / step)
        left, right = False, False
        for study in studies:
            (at_left, low_end), (high_end, at_right) = (
                _log_at(study, Lattice(step, first, size), *places) for places in ((0, margin), (-1 - margin, -1))
            )
            # both may be minus infinity
            left, right = left or at_left > low_end + _UPHILL, right or at_right > high_end + _UPHILL
        if not (left or right):
            return spectra, log_scale
        if 2 * size * step > most:
            raise QuadratureError("the prior of mu lies too far from what the studies say; widen or move it")
        low, high = low - size * step * left, high + size * step * right


def _log_at(study: StudyLikelihood, lattice: Lattice, *places: int) -> list[float]:
    """Log likelihood of effects at a few nodes, from all of them where those are known anyway."""
    found = []
    for place in places:
        node = place % lattice.size
        whole = lattice.size <= REMEMBERED
        values, log_factor = study.on(lattice if whole else Lattice(lattice.step, lattice.first + node, 1))
        with np.errstate(divide="ignore"):
            found.append(float(np.log(values[node if whole else 0])) + log_factor)
    return found


def require_room(studies: int, mu: Lattice, count: int) -> None:
    """Raise where a grid would be too large."""
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
) -> tuple[list[HierarchyPosterior], Flags]:
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


def _mu_resolved(found: HierarchyPosterior) -> bool:
    """Whether sums over every second node agree for every tau, with and without any study.

    Their difference is the density's spectrum at the grid's highest frequency: the error of a value between nodes. That
    of a sum over all nodes is its fourth power.
    """
    if np.abs(found.mass[:, ::2].sum(axis=1) - found.mass[:, 1::2].sum(axis=1)).sum() >= ALIASED:
        return False
    difference = found.mass_without[:, :, ::2].sum(axis=2) - found.mass_without[:, :, 1::2].sum(axis=2)
    return bool(np.abs(difference).sum(axis=1).max() < ALIASED)


def _tau_resolved(found: HierarchyPosterior) -> bool:
    """Whether the polynomial through the nodes of tau has converged, for the posterior with and without any study."""
    coefficients = np.abs(found.by_tau / found.u_weight @ to_coefficients(len(found.u)).T)
    return bool(np.all(coefficients[:, -3:].max(axis=1) < 1e-5 * coefficients.max(axis=1)))


def _require_held(
    found: HierarchyPosterior, window: Window, tau_prior: Distribution, without: bool, tail: float
) -> None:
    """Raise where a posterior, given all studies or, where these are used, all but one, has mass at a window's edge."""
    by_mu, by_tau = found.mass.sum(axis=0)[None], found.by_tau[:1] / found.u_weight
    if without:
        by_mu = np.concatenate([by_mu, found.mass_without.sum(axis=1)])
        by_tau = found.by_tau / found.u_weight
    counts = np.where(np.arange(len(by_mu)) > 0, _WITHOUT, 1.0)
    edges = {"mu": (counts * by_mu[:, [0, -1]].max(axis=1) / by_mu.max(axis=1)).max()}
    if window.u_high < float(found.scale.coordinate(tau_prior.tail(0.0))):  # where a prior ends it may have mass
        edges["tau"] = (counts * by_tau[:, -1] / by_tau.max(axis=1)).max()
        if tau_prior.heavy and tail > _TAILS[-1]:  # nor may the variance be cut, as long as there is more to see
            second = by_tau[0] * found.tau**2
            edges["tau"] = max(edges["tau"], _CUT_VARIANCE * second[-1] / second.max())
    limits = {"mu": EDGE, "tau": _LAST_EDGE if tau_prior.heavy and tail == _TAILS[-1] else EDGE}
    for name, edge in edges.items():
        if edge > limits[name]:
            raise AtEdge(f"the posterior reaches the edge of the largest grid of {name}; narrow its prior")


def _require_sound(found: HierarchyPosterior, lost: Flags) -> None:
    """Raise where a posterior, given all studies or all but one, lies beyond what double precision resolves."""
    if float(found.mass[:, np.abs(found.mu.points) > _FARTHEST].sum()) > 1e-6:
        raise QuadratureError(
            f"the posterior lies beyond logits of {_FARTHEST:g}, where rates are 0 or 1; move the prior of mu"
        )
    if not lost.any():
        return
    by_number = lost.sum(axis=0)
    for study, mass in ((None, found.mass), *enumerate(found.mass_without)):
        others = by_number if study is None else by_number - lost[study]
        if float(mass[others > 0].sum()) > 1e-6:
            raise QuadratureError(
                "the studies conflict by more than double precision resolves under these priors; "
                "widen the prior of tau, or leave a study out"
            )
