"""What do values at Gauss-Legendre nodes say of the polynomial through them?"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from reanalysis.typing import Array


@lru_cache(maxsize=8)
def legendre_nodes(count: int) -> tuple[Array, Array]:
    """Nodes and weights on [-1, 1], each of shape (count,)."""
    return np.polynomial.legendre.leggauss(count)


@lru_cache(maxsize=8)
def to_coefficients(count: int) -> Array:
    """Matrix (count, count) from values at Gauss-Legendre nodes to coefficients of Legendre polynomials."""
    node, weight = legendre_nodes(count)
    values = np.polynomial.legendre.legvander(node, count - 1) * weight[:, None] * (np.arange(count) + 0.5)
    return np.asarray(values.T)


@lru_cache(maxsize=8)
def legendre_interpolation(count: int, fine: int) -> Array:
    """Matrix (fine, count) from values at Gauss-Legendre nodes to values at uniform points of [-1, 1]."""
    at = np.linspace(-1.0, 1.0, fine)
    return np.asarray(np.polynomial.legendre.legvander(at, count - 1) @ to_coefficients(count))
