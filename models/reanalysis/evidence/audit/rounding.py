"""Bounds of the numbers that round to a printed one, half a unit either way."""

from __future__ import annotations

import math

from scipy.stats import norm

from reanalysis.evidence.reading.contrasts import ContrastRow, p_number

PRECISE = 1 + 1e-9
"""Relative slack of comparisons of numbers worked out from printed ones."""


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
    z_level = float(norm.ppf(0.5 + row.level / 2))
    (l0, l1), (u0, u1) = rounded(row.lower), rounded(row.upper)
    return max((math.log(u0) - math.log(l1)) / (2 * z_level), 0.0), (math.log(u1) - math.log(l0)) / (2 * z_level)
