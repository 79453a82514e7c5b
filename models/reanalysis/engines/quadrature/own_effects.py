"""Posteriors of one study's own effect alone, of one set of studies under many pairs of priors.

The likelihood L of the effect is the same under all priors, and what the priors and the other studies say of it is one
density q of each pair of priors, so the posteriors are the rows of one matrix q times L. Among several studies q is a
mixture over (mu, tau) of Normal(mu, tau^2), whose transform every prior of tau sums over the same rows of tau.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.fft import next_fast_len

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.averages import rows_of_tau
from reanalysis.engines.quadrature.grids import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.hierarchy import ALIASED, EDGE, AtEdge, prepared, require_room, without_an_edge
from reanalysis.engines.quadrature.pooled import Alone, SeparateEffects, stands_alone
from reanalysis.engines.quadrature.risk_grid import KEPT
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE, NOISE, REACH
from reanalysis.engines.quadrature.study_effects import LOST
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import Priors
from reanalysis.typing import Array

Mixing = Callable[[Lattice, Array], tuple[Lattice, Array]]
"""From the density of an exchangeable effect to that of one that may stand alone."""

_BY_WIDTH = 3.0
"""Steps in the narrowest of the likelihood and the densities that multiply it."""

_LARGEST_TRANSFORM = 2**14
_FAINT = 1e-9
"""Share of the largest mass by tau from which a heterogeneity counts."""


def alone(
    study: StudyLikelihood, priors: Sequence[Priors], pooled: bool, mixing: Mixing | None = None, finest: float = np.inf
) -> list[GridMarginal | None]:
    """Effect of a study that no other lends strength, under each pair of priors.

    Parameters
    ----------
    study : StudyLikelihood
        The study.
    priors : sequence of (Distribution, Distribution)
        Of the average and the heterogeneity.
    pooled : bool
        Whether the effect is that of a hierarchy; without, its prior is that of the average.
    mixing : callable, optional
        What a model makes of the density of an exchangeable effect.
    finest : float
        Step that resolves what ``mixing`` adds.

    Returns
    -------
    list of GridMarginal or None
        None where the grids of a whole posterior are needed.
    """
    asked = [pair for pair in dict.fromkeys(priors) if not pooled or stands_alone(pair[0])]
    if not asked:
        return [None] * len(priors)
    step = nice_step(min(study.width(), min(mu.width for mu, _ in asked), finest) / _BY_WIDTH)
    each = [
        (Alone(mu, tau) if pooled else SeparateEffects(mu)).effect_given_others(0, step) for mu, tau in asked
    ]  # fmt: skip
    found = dict(zip(asked, _posteriors(study, [mixing(*one) if mixing else one for one in each]), strict=True))
    return [found.get(pair) for pair in priors]


def among_others(
    studies: Sequence[StudyLikelihood], index: int, priors: Sequence[Priors], share: float = 1.0,
    log_apart: Array | None = None, mixing: Mixing | None = None, finest: float = np.inf,
) -> list[GridMarginal | None]:  # fmt: skip
    """Effect of one of several studies in a hierarchy, under each pair of priors.

    Parameters
    ----------
    studies, priors, share, log_apart
        As of :func:`reanalysis.engines.quadrature.hierarchy.solve_each`.
    index : int
        Which study.
    mixing, finest
        As of :func:`alone`.

    Returns
    -------
    list of GridMarginal or None
        None where rounding hides what the others say of the effect, and the grids of a whole posterior are needed.

    Raises
    ------
    QuadratureError
        If a grid cannot hold or resolve any of the posteriors.
    """
    pairs = tuple(dict.fromkeys(priors))

    def solved(tail: float) -> list[GridMarginal | None]:
        lattice, crossed, q = _given_others(studies, index, pairs, tail, share, log_apart, finest)
        wanted = q[[crossed.index(pair) for pair in pairs]]
        return _posteriors(studies[index], [mixing(lattice, one) if mixing else (lattice, one) for one in wanted])

    found = dict(zip(pairs, without_an_edge(solved), strict=True))
    return [found[pair] for pair in priors]


def _posteriors(study: StudyLikelihood, given: Sequence[tuple[Lattice, Array]]) -> list[GridMarginal | None]:
    """Densities q times the likelihood, on the lattice of one step that holds all of them."""
    first, last = min(one.first for one, _ in given), max(one.last for one, _ in given)
    lattice = Lattice(given[0][0].step, first, last - first + 1)
    if lattice.size > LARGEST_LATTICE:
        raise QuadratureError("priors this wide need too large a grid for the effect of a study")
    q = np.zeros((len(given), lattice.size))
    for row, (part, density) in zip(q, given, strict=True):
        row[part.first - first : part.last - first + 1] = density
    values, _ = study.on(lattice)
    density = q * values
    total, top = density.sum(axis=1), density.max(axis=1)
    parts = [slice(one.first - first, one.last - first + 1) for one, _ in given]
    rounding = NOISE * q.max(axis=1) * np.array([values[part].sum() for part in parts])
    ends = np.array([row[part][[0, -1]].max() for row, part in zip(density, parts, strict=True)])
    sound = (top > 0) & (rounding <= LOST * total) & (ends <= 1e-6 * top)
    if not sound.any():
        return [None] * len(given)
    kept = np.flatnonzero((density[sound] > KEPT * top[sound, None]).any(axis=0))
    used = slice(int(kept[0]), int(kept[-1]) + 1)
    marginals = iter(GridMarginal.from_densities(lattice.points[used], density[sound, used]))
    return [next(marginals) if one else None for one in sound]


def _given_others(
    studies: Sequence[StudyLikelihood], index: int, priors: tuple[Priors, ...], tail: float, share: float,
    log_apart: Array | None, finest: float,
) -> tuple[Lattice, list[Priors], Array]:  # fmt: skip
    """Densities of the effect given all other studies, shape (P, D), and the pairs of priors they belong to."""
    of_mu, of_tau = (tuple(dict.fromkeys(pair[i] for pair in priors)) for i in (0, 1))
    crossed = [(mu_prior, tau_prior) for mu_prior in of_mu for tau_prior in of_tau]
    surface, window, mu, _ = prepared(studies, tuple(crossed), tail, share, log_apart, (index,))
    if surface.spectra.blur > 0:
        raise QuadratureError("priors this wide need a grid of their own")
    rows = rows_of_tau(surface, window, of_tau)
    while True:
        require_room(len(studies), mu, len(rows.u))
        log_terms, lost = surface.terms(mu, rows.u)
        log_rest = log_terms.sum(axis=0) - log_terms[index]
        by_mu = np.exp(np.stack([m.logpdf(mu.points) for m in of_mu]))
        by_tau = np.exp(np.stack([t.logpdf(surface.scale.tau(rows.u)) for t in of_tau])) * rows.weight
        rest, every = (np.exp(log - log.max()) for log in (log_rest, log_rest + log_terms[index]))
        both = np.stack([rest, every])
        along_tau = (by_mu @ both.transpose(0, 2, 1))[:, :, None] * by_tau  # (2, priors of mu, priors of tau, T)
        density = (by_tau @ both)[:, None] * by_mu[:, None]  # (2, priors of mu, priors of tau, U)
        total = density.sum(axis=-1)
        aliased = np.abs(density[..., ::2].sum(axis=-1) - density[..., 1::2].sum(axis=-1)) / total
        if aliased.max() >= ALIASED and mu.size < LARGEST_LATTICE // 64:
            mu = mu.at_step(mu.step / 2)
        elif (resolved := rows.resolved(along_tau)) or not rows.refine():
            break
    edge = float((density[..., [0, -1]] / density.max(axis=-1, keepdims=True)).max())
    ends = np.array([window.u_high < float(surface.scale.coordinate(t.tail(0.0))) for t in of_tau])
    if ends.any():
        by_u = along_tau / rows.weight
        edge = max(edge, float((by_u[..., -1] / by_u.max(axis=-1))[..., ends].max()))
    if edge > EDGE:
        raise AtEdge("the posterior reaches the edge of the largest grid")
    if not resolved or aliased.max() >= ALIASED:
        raise QuadratureError("the grid of (mu, tau) does not resolve the posterior; narrow the priors of mu and tau")
    if lost.any():
        gone = np.stack([np.delete(lost, index, axis=0).any(axis=0), lost.any(axis=0)])
        swallowed = (by_tau @ np.where(gone, both, 0.0)) @ by_mu.T  # (2, priors of tau, priors of mu)
        if (swallowed.transpose(0, 2, 1) / total).max() > 1e-6:
            raise QuadratureError("the studies conflict by more than double precision resolves under these priors")
    tau = surface.scale.tau(rows.u)
    mass, at = density[0] / total[0][..., None], mu.points
    mean = mass @ at
    narrow = np.sqrt((mass @ at**2 - mean**2 + (along_tau[0] @ tau**2) / total[0]).min())
    step = min(narrow / _BY_WIDTH, studies[index].width() / _BY_WIDTH, finest)
    counts = along_tau[0] > _FAINT * along_tau[0].max(axis=-1, keepdims=True)
    far = float(tau[counts.any(axis=(0, 1))][-1])
    lattice, q = _mixtures(mu, by_mu[:, None] * rest, by_tau, tau, far, step)
    return lattice, crossed, q.reshape(len(crossed), -1)


def _mixtures(
    mu: Lattice, mass: Array, by_tau: Array, tau: Array, far: float, step: float
) -> tuple[Lattice, Array]:  # fmt: skip
    """Mixtures over (mu, tau) of Normal(mu, tau^2), their rounding cut off.

    Parameters
    ----------
    mu : Lattice
        U nodes.
    mass : ndarray, shape (M, T, U)
        Masses under each prior of mu, that of tau left out.
    by_tau : ndarray, shape (N, T)
        Weights of the heterogeneities under each of its priors.
    tau : ndarray, shape (T,)
        The heterogeneities.
    far : float
        Largest that counts.
    step : float
        The lattice of the result is no coarser.

    Returns
    -------
    lattice : Lattice
        D nodes.
    density : ndarray, shape (M, N, D)
    """
    margin = int(np.ceil(REACH * max(far, float(tau[0])) / mu.step)) + 1
    finer = finer_by(mu.step, step)
    length = int(next_fast_len(mu.size + 2 * margin, real=True))
    if length > _LARGEST_TRANSFORM or length * finer > LARGEST_LATTICE:
        raise QuadratureError("the effect of a study given the others needs too large a grid")
    transform = np.fft.rfft(mass, length, axis=-1)
    if length % 2 == 0:
        transform[..., -1] *= 0.5  # shared between the two ends of a finer spectrum
    omega = 2 * np.pi * np.arange(transform.shape[-1]) / (length * mu.step)
    transform *= np.exp(-0.5 * np.outer(tau**2, omega**2))
    density = np.fft.irfft(by_tau @ transform, length * finer, axis=-1)
    size, before = min((mu.size + 2 * margin) * finer, length * finer), margin * finer
    density = np.concatenate((density[..., density.shape[-1] - before :], density[..., : size - before]), axis=-1)
    density[density < NOISE * density.max(axis=-1, keepdims=True)] = 0.0
    return Lattice(mu.step / finer, (mu.first - margin) * finer, size), density
