"""The verdict on ranks and the coverage of intervals: every quantity of every design against its simultaneous band."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reanalysis.typing import Array
from reanalysis.validation.calibration.bands import bands, covered_limits

LEVEL = 0.95
"""Probability that a correct computation passes all checks of a run at once."""

INTERVALS = (0.5, 0.8, 0.95)

PER_QUANTITY = 1 + len(INTERVALS)
"""Checks of one quantity: its ranks, and the coverage of three intervals."""


def level_of_each(checks: int) -> float:
    """Level of one check among many, so that all together have :data:`LEVEL` (Bonferroni)."""
    return 1 - (1 - LEVEL) / checks


def judge(ranks: pd.DataFrame, checks: int | None = None) -> pd.DataFrame:
    """Verdict on each quantity of each design and engine.

    Parameters
    ----------
    ranks : DataFrame
        Columns engine, design, replicate and one a quantity; missing where the engine gave no posterior or the quantity
        was not ranked.
    checks : int, optional
        Checks that divide the level among them; by default those of this table.

    Returns
    -------
    DataFrame
        One row a quantity of a design and engine: replicates, largest (difference of the distribution functions, in
        half-widths of its band), ranks_inside; for each interval the proportion that covers and its bounds; inside
        (all of it).
    """
    quantities = [name for name in ranks.columns if name not in ("engine", "design", "replicate", "error")]
    used = [
        (engine, design, name, values.to_numpy(dtype=float))
        for (engine, design), part in ranks.groupby(["engine", "design"], sort=False)
        for name in quantities
        if len(values := part[name].dropna())
    ]
    each = level_of_each(checks or PER_QUANTITY * len(used))
    return pd.DataFrame(
        [
            {"engine": engine, "design": design, "quantity": name} | _one(values, each)
            for engine, design, name, values in used
        ]
    )


def _one(ranks: Array, level: float) -> dict[str, object]:
    band = bands(len(ranks), level)
    difference = band.difference(ranks)
    room = np.where(difference > 0, band.upper - band.nodes, band.nodes - band.lower)
    row: dict[str, object] = {
        "replicates": len(ranks),
        "largest": float(np.max(np.abs(difference) / room)),
        "ranks_inside": (inside := band.inside(ranks)),
    }
    for interval in INTERVALS:
        covered = int((np.abs(ranks - 0.5) <= interval / 2).sum())
        low, high = covered_limits(len(ranks), interval, level)
        name = f"covered_{100 * interval:g}"
        row |= {name: covered / len(ranks), f"{name}_low": low / len(ranks), f"{name}_high": high / len(ranks)}
        inside &= low <= covered <= high
    return row | {"inside": bool(inside)}
