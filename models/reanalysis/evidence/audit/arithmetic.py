"""Arithmetic of printed figures: the numbers that round to one, and the tests of two proportions.

Each squared z is proportional to the size of the groups at given rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from reanalysis.evidence.reading.contrasts import ContrastRow, p_number

PRECISE = 1 + 1e-9
"""Relative slack of comparisons of numbers worked out from printed ones."""
_MOST_EXACT = 20_000
"""Patients up to whom Fisher's test is worked out; beyond, it is the corrected chi-square."""


def half_unit(text: str) -> float:
    """Half a unit of the last printed place."""
    return 0.5 * 10 ** -len(text.partition(".")[2])


def rounded(text: str) -> tuple[float, float]:
    """Bounds of the positive numbers that round to this text."""
    return max(float(text) - half_unit(text), 1e-12), float(text) + half_unit(text)


def p_bounds(text: str) -> tuple[float, float]:
    """Bounds of the p-values that round to this text."""
    value, half = p_number(text), half_unit(text)
    low = 0.0 if text.startswith("<") else max(0.0, value - half)
    return low, 1.0 if text.startswith(">") else min(1.0, value + half)


def standard_errors(row: ContrastRow) -> tuple[float, float]:
    """Smallest and largest standard error of the log ratio that the printed interval implies."""
    z_level = float(ndtri(0.5 + row.level / 2))
    (l0, l1), (u0, u1) = rounded(row.lower), rounded(row.upper)
    return max((math.log(u0) - math.log(l1)) / (2 * z_level), 0.0), (math.log(u1) - math.log(l0)) / (2 * z_level)


def pooled_chi_square(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the two-proportion test with pooled variance."""
    p = (n0 * p0 + n1 * p1) / (n0 + n1)
    return (p1 - p0) ** 2 / (p * (1 - p) * (1 / n0 + 1 / n1))


def unpooled_wald(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the risk difference with unpooled variance."""
    return (p1 - p0) ** 2 / (p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)


def log_risk_wald(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the log risk ratio (Katz)."""
    return math.log(p1 / p0) ** 2 / ((1 / p0 - 1) / n0 + (1 / p1 - 1) / n1)


def log_odds_wald(p0: float, n0: float, p1: float, n1: float) -> float:
    """Squared z of the log odds ratio (Woolf)."""
    variance = 1 / (n0 * p0 * (1 - p0)) + 1 / (n1 * p1 * (1 - p1))
    return (math.log(p1 / (1 - p1)) - math.log(p0 / (1 - p0))) ** 2 / variance


def p_values(x0: int, n0: int, x1: int, n1: int) -> Iterator[float]:
    """Two-sided p-values of the tests in use for x0 of n0 against x1 of n1, the laborious ones last."""
    if x0 + x1 in (0, n0 + n1):
        yield 1.0
        return
    r0, r1 = x0 / n0, x1 / n1
    squares = [pooled_chi_square(r0, n0, r1, n1), _corrected(x0, n0, x1, n1), _likelihood_ratio(x0, n0, x1, n1)]
    if 0 < x0 < n0 or 0 < x1 < n1:
        squares.append(unpooled_wald(r0, n0, r1, n1))
    if 0 < x0 < n0 and 0 < x1 < n1:
        squares += [log_odds_wald(r0, n0, r1, n1), log_risk_wald(r0, n0, r1, n1)]
    yield from (math.erfc(math.sqrt(square / 2)) for square in squares)
    if n0 + n1 <= _MOST_EXACT:
        yield from _exact(x0, n0, x1, n1)


def _corrected(x0: int, n0: int, x1: int, n1: int) -> float:
    """Yates's chi-square."""
    n, total = n0 + n1, x0 + x1
    distance = max(0.0, abs(x0 * (n1 - x1) - x1 * (n0 - x0)) - n / 2)
    return n * distance**2 / (n0 * n1 * total * (n - total))


def _likelihood_ratio(x0: int, n0: int, x1: int, n1: int) -> float:
    """G statistic."""
    n, total = n0 + n1, x0 + x1
    cells = [
        (x0, n0 * total / n), (n0 - x0, n0 * (n - total) / n), (x1, n1 * total / n), (n1 - x1, n1 * (n - total) / n),
    ]  # fmt: skip
    return max(0.0, 2 * sum(seen * math.log(seen / expected) for seen, expected in cells if seen))


def _exact(x0: int, n0: int, x1: int, n1: int) -> tuple[float, float]:
    """Fisher's exact p-value and its mid-p form."""
    from scipy.stats import hypergeom  # takes longer to load than most folders to audit

    total = x0 + x1
    low, high = max(0, total - n1), min(n0, total)
    mass = np.asarray(hypergeom.pmf(np.arange(low, high + 1), n0 + n1, total, n0))
    own = mass[x0 - low]
    fisher = float(mass[mass <= own * (1 + 1e-7)].sum())
    return min(1.0, fisher), min(1.0, fisher - 0.5 * float(own))
