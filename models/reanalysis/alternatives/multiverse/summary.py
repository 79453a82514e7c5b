"""What does a multiverse come to? Its counts, its spread and the choices that move it, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reanalysis.alternatives.multiverse.multiverse import Multiverse
from reanalysis.alternatives.multiverse.variance import variance_decomposition


def summary(found: Multiverse) -> dict[str, Any]:
    """Plain values for JSON.

    Returns
    -------
    dict
        endpoint, better; combinations, specifications, infeasible (by reason) and held (choices not varied); choices
        with their levels; primary (its numbers); shares of specifications above each probability; odds_ratio (spread of
        the specifications' medians); below_one (share of specifications with a median odds ratio below 1); variance
        (a row a choice, largest first).
    """
    table = found.table
    medians = np.exp(table["median"].to_numpy(dtype=float))
    primary = table.loc[table["primary"], [*_NUMBERS]]
    return {
        "endpoint": found.endpoint,
        "better": found.better,
        "combinations": found.combinations,
        "specifications": len(table),
        "infeasible": found.infeasible,
        "held": list(found.held),
        "choices": {choice.name: list(choice.labels) for choice in found.choices},
        "primary": plain_rows(primary)[0] if len(primary) else None,
        "probability": "P(log odds ratio < 0)" if found.better is None else "P(benefit)",
        "shares": {f"above_{threshold:g}": share for threshold, share in found.shares().items()},
        "odds_ratio": dict(zip(_SPREAD, (float(q) for q in np.quantile(medians, list(_SPREAD.values()))), strict=True)),
        "below_one": float((medians < 1).mean()),
        "variance": plain_rows(variance_decomposition(found)),
    }


_NUMBERS = ("mean", "sd", "median", "lower", "upper", "p_below_0", "p_benefit")
_SPREAD = {"lowest": 0.0, "lower_quartile": 0.25, "middle": 0.5, "upper_quartile": 0.75, "highest": 1.0}


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values, None where one is missing."""
    return [
        {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
