"""Where the posterior of an average and a heterogeneity has mass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reanalysis.engines.quadrature.lattice import Lattice
from reanalysis.engines.quadrature.surface import Surface, thresholds
from reanalysis.typing import Array, Flags

_CUT = 26.0
"""Log density below the maximum at which the window of (mu, tau) ends."""

MOST_NUMBERS = 2**23
"""Numbers in an array of study terms: 64 MiB."""

ZOOM_NODES = 24


@dataclass(frozen=True)
class Window:
    """Where the posterior, with or without any one study, has mass: nodes of mu, and a stretch of u."""

    mu: Lattice
    u_low: float
    u_high: float


def zoom(surface: Surface, window: Window, rounds: int = 8) -> tuple[Window, float]:
    """Shrink the window to where the posterior, with or without any one study if that is asked for, has mass.

    The nodes of mu are those of the likelihoods' own lattice, so that no peak is lost between them.

    Returns
    -------
    window : Window
        The smaller window.
    smallest_tau : float
        The smallest heterogeneity that has mass: where the posterior of mu given tau is narrowest.
    """
    for _ in range(rounds):
        edges = np.linspace(window.u_low, window.u_high, ZOOM_NODES + 1)
        keep = _with_mass(surface, window.mu, 0.5 * (edges[1:] + edges[:-1]))
        rows, columns = np.flatnonzero(keep.any(axis=1)), np.flatnonzero(keep.any(axis=0))
        first, last = max(columns[0] - 1, 0), min(columns[-1] + 1, window.mu.size - 1)
        smaller = Window(
            Lattice(window.mu.step, window.mu.first + int(first), int(last - first) + 1),
            float(edges[max(rows[0] - 1, 0)]),
            float(edges[min(rows[-1] + 2, len(edges) - 1)]),
        )
        shrunk = (smaller.u_high - smaller.u_low) / (window.u_high - window.u_low)
        window = smaller
        if shrunk > 0.6:
            break
    return window, float(surface.scale.tau(np.array(window.u_low)))


def _with_mass(surface: Surface, mu: Lattice, u: Array) -> Flags:
    """Where a posterior, given all studies or all but one, lies within reach of its maximum, shape (T, U)."""
    rows = max(1, MOST_NUMBERS // (2 * len(surface.studies) * mu.size))
    blocks = [slice(start, start + rows) for start in range(0, len(u), rows)]
    priors = surface.log_priors(mu, u)
    highest = np.empty((len(priors), 1 + surface.without * len(surface.studies), len(u)))
    for block in blocks:
        densities = _densities(surface, mu, u[block])
        for index, density in enumerate(densities):
            for (_, of_mu), by_prior in zip((one for one, _ in priors), highest, strict=True):
                (of_mu + density).max(axis=1, out=by_prior[index, block])
    least = [thresholds(high, of_tau, _CUT) for high, (_, of_tau) in zip(highest, priors, strict=True)]
    keep = np.zeros((len(u), mu.size), dtype=bool)
    for block in blocks:
        if len(blocks) > 1:
            densities = _densities(surface, mu, u[block])
        for index, density in enumerate(densities):
            for ((_, of_mu), _), threshold in zip(priors, least, strict=True):
                keep[block] |= of_mu + density > threshold[index, block, None]
    return keep


def _densities(surface: Surface, mu: Lattice, u: Array) -> list[Array]:
    """Log likelihoods (T, U) of all studies and, where they are asked for, of all but each."""
    log_terms, _ = surface.terms(mu, u)
    together = log_terms.sum(axis=0)
    return [together, *(together - one for one in log_terms)] if surface.without else [together]
