"""A function known on a grid after a normal heterogeneity is added: three ways of one convolution.

By Fourier transform it is fast and good to 1e-16 of the maximum; by direct sums of positive terms it is slow and good
to 1e-12 of every value, which is what studies in conflict need: they meet in the tails of their likelihoods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.typing import Array

_RESOLVED = 1.2
"""Steps of SD above which a normal density is integrated by the sum over the nodes: the error is 1e-12."""

_BULGE = 0.2
"""How far a log density that its nodes resolve may rise between two of them. A spline rises by nats beside a node whose
value is lost."""

_BLOCK = 2**19
_DEEP = 900.0
"""Log values further below their maximum are as good as lost."""


def log_smoothed(lattice: Lattice, log_values: Array, sd: float, at: Array) -> Array:
    """Log of the integral of exp(log_values(x)) Normal(at; x, sd^2) dx, precise however small it is.

    Parameters
    ----------
    lattice : Lattice
        D nodes that resolve the function.
    log_values : ndarray, shape (D,)
        Its logarithm, minus infinity where it is 0.
    sd : float
        SD of the normal; below the step it is integrated by Gauss-Hermite nodes on the spline through the logarithm.
    at : ndarray, shape (U,)
        Where the result is evaluated.

    Returns
    -------
    ndarray
        Shape (U,).
    """
    top = float(log_values.max())
    if sd <= _RESOLVED * lattice.step:
        node, weight = np.polynomial.hermite_e.hermegauss(24)
        known = np.maximum(log_values, top - _DEEP)
        x = at[:, None] + sd * node
        within = (x >= lattice.points[0]) & (x <= lattice.points[-1])
        cell = np.clip(((x - lattice.points[0]) / lattice.step).astype(np.intp), 0, lattice.size - 2)
        highest = np.maximum(known[cell], known[cell + 1]) + _BULGE
        log_x = np.minimum(CubicSpline(lattice.points, known)(x), highest)
        terms = np.where(within, log_x + np.log(weight / weight.sum()), -np.inf)
        return np.asarray(logsumexp(terms, axis=1))
    used = log_values > top - _DEEP
    part = lattice.part(used)
    log_part = log_values[part.first - lattice.first :][: part.size]
    result = np.empty(len(at))
    rows = max(1, _BLOCK // part.size)
    for start in range(0, len(at), rows):
        block = slice(start, start + rows)
        terms = log_part - 0.5 * ((at[block, None] - part.points) / sd) ** 2
        highest = terms.max(axis=1)
        result[block] = highest + np.log(np.exp(terms - highest[:, None]).sum(axis=1))
    return result + np.log(lattice.step / sd) - 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class SmoothedTotal:
    """Density of mu + sd z, z standard normal, mixed over rows of masses: a convolution by its Fourier transform.

    Frequencies above those that the lattice resolves are absent from the smooth truth and stay out.
    """

    mu: Lattice
    """U nodes."""
    margin: int
    length: int
    """Nodes beyond those of mu on each side, and period of the transform in nodes."""
    transform: NDArray[np.complex128]
    """Transform of the density, shape (F,)."""

    @classmethod
    def of(cls, mu: Lattice, mass: Array, sd: Array, margin: int, times: int = 1) -> SmoothedTotal:
        """From masses at the nodes, shape (T, U), and the SD of each row, shape (T,).

        Where :func:`binned` has put ``times`` nodes on one, what that adds to a variance is taken back.
        """
        length = int(next_fast_len(mu.size + 2 * margin, real=True))
        omega = 2 * np.pi * np.arange(length // 2 + 1) / (length * mu.step)
        transform = np.zeros(len(omega), dtype=complex)
        rows = max(1, 4 * _BLOCK // length)
        for start in range(0, len(mass), rows):
            block = slice(start, start + rows)
            damping = np.exp((sd[block] ** 2)[:, None] * (-0.5 * omega**2))
            transform += (np.fft.rfft(mass[block], length, axis=1) * damping).sum(axis=0)
        if length % 2 == 0:
            transform[-1] *= 0.5  # shared between the two ends of a finer spectrum
        if times > 1:  # transform of the tent that shared each mass between two nodes
            angle = 0.5 * omega[1:] * mu.step
            transform[1:] *= (times * np.sin(angle / times) / np.sin(angle)) ** 2
        return cls(mu, margin, length, transform)

    def density(self, finer: int) -> tuple[Lattice, Array]:
        """Density at D nodes, ``finer`` to a step of mu, rounding of either sign included."""
        mu, margin = self.mu, self.margin
        density = np.fft.irfft(self.transform, self.length * finer)
        density *= finer / mu.step
        size = min((mu.size + 2 * margin) * finer, self.length * finer)
        before = margin * finer
        density = np.concatenate((density[len(density) - before :], density[: size - before]))
        return Lattice(mu.step / finer, (mu.first - margin) * finer, size), density


def binned(lattice: Lattice, mass: Array, times: int) -> tuple[Lattice, Array]:
    """Masses, shape (T, U), shared between the two nearest nodes of a lattice ``times`` as coarse: means are kept."""
    first = lattice.first // times
    size = lattice.last // times - first + 1
    padded = np.zeros((len(mass), size * times))
    start = lattice.first - first * times
    padded[:, start : start + lattice.size] = mass
    cells = padded.reshape(len(mass), size, times)
    result = np.zeros((len(mass), size + 1))
    share = np.arange(times) / times
    result[:, :-1] += cells @ (1 - share)
    result[:, 1:] += cells @ share
    return Lattice(lattice.step * times, first, size + 1), result
