"""What a multiverse comes to: its counts and quantiles, and the variance of its answers by choice.

In a balanced factorial the variance of the answers is the sum of the parts of each choice and of their interactions
(ANOVA; Sobol 1993). ``main`` is the part of a choice by itself, the variance of the means of its levels; ``total``
adds every interaction it takes part in, the mean variance over its levels with all other choices fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from reanalysis.alternatives.multiverse.multiverse import Multiverse, Varied
from reanalysis.typing import Array

_SURE = 1e-12
"""Probabilities are kept this far from 0 and 1 before their probit is taken."""

_NUMBERS = ("mean", "sd", "median", "lower", "upper", "p_below_0", "p_benefit")
_QUANTILES = {"lowest": 0.0, "lower_quartile": 0.25, "middle": 0.5, "upper_quartile": 0.75, "highest": 1.0}


def summary(found: Multiverse) -> dict[str, Any]:
    """Plain values for JSON.

    Returns
    -------
    dict
        endpoint, better; combinations, specifications, infeasible (by reason) and held (choices not varied); choices
        with their levels; primary (its numbers); shares of specifications above each probability; odds_ratio (quantiles
        of the specifications' medians); odds_ratio_below_1 (proportion of specifications with a median odds ratio below
        1); variance (a row a choice, largest first).
    """
    table = found.table
    medians = np.exp(table["median"].to_numpy(dtype=float))
    primary = table.loc[table["primary"], [*_NUMBERS]]
    return {
        "endpoint": found.endpoint,
        "better": found.better,
        "combinations": found.combinations,
        "specifications": len(table),
        "infeasible": [{"reason": reason, "combinations": count} for reason, count in found.infeasible.items()],
        "held": list(found.held),
        "choices": [{"name": choice.name, "levels": list(choice.labels)} for choice in found.choices],
        "primary": _answer(plain_rows(primary)[0]) if len(primary) else None,
        "probability": "P(log odds ratio < 0)" if found.better is None else "P(benefit)",
        "shares": {f"above_{threshold:g}": share for threshold, share in found.shares().items()},
        "odds_ratio": {name: float(np.quantile(medians, q)) for name, q in _QUANTILES.items()},
        "odds_ratio_below_1": float((medians < 1).mean()),
        "variance": plain_rows(variance_decomposition(found)),
    }


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    sides = ("p_below_0", "p_benefit")
    return {"log_odds_ratio": {name: row[name] for name in _NUMBERS if name not in sides}} | {s: row[s] for s in sides}


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values, None where one is missing."""
    return [
        {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def variance_decomposition(found: Multiverse) -> pd.DataFrame:
    """Part of the variance of the mean log odds ratio, and of the probit of P(benefit), by choice.

    Decomposed is the largest complete factorial that is left when levels with undefined combinations are dropped, the
    emptiest first; ``levels`` says how many stayed of each choice. A combination counts once, so a specification that
    several come to counts as often as they do.

    Returns
    -------
    DataFrame
        One row a choice, largest main part of the mean first: choice, levels, then for ``mean`` and ``probit``: main,
        total, and ``from`` and ``to``, the levels with the lowest and highest mean with ``low`` and ``high``,
        the mean log odds ratio there; and ``dropped``, the levels that did not stay. The attributes ``variance_mean``
        and ``variance_probit`` have the variances.
    """
    cells, every = complete(found)
    chance = ndtri(np.clip(found.chance.to_numpy(dtype=float), _SURE, 1 - _SURE))
    answers = {"mean": found.table["mean"].to_numpy(dtype=float)[cells], "probit": chance[cells]}
    rows = []
    for axis, (choice, labels) in enumerate(every):
        by_level = answers["mean"].mean(axis=tuple(i for i in range(cells.ndim) if i != axis))
        low, high = int(by_level.argmin()), int(by_level.argmax())
        row: dict[str, object] = {"choice": choice.name, "levels": len(labels)}
        for name, values in answers.items():
            row[f"{name}_main"], row[f"{name}_total"] = _parts(values, axis)
        row |= {"from": labels[low], "to": labels[high], "low": float(by_level[low]), "high": float(by_level[high])}
        row["dropped"] = ", ".join(label for label in choice.labels if label not in labels)
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("mean_main", ascending=False, kind="stable", ignore_index=True)
    table.attrs = {f"variance_{name}": float(values.var()) for name, values in answers.items()}
    return table


def complete(found: Multiverse) -> tuple[NDArray[np.intp], list[tuple[Varied, tuple[str, ...]]]]:
    """The complete factorial: rows of the table by level, and the levels that stayed of each choice."""
    cells = found.cells
    kept = [list(range(size)) for size in cells.shape]
    while (cells < 0).any():
        empty = [
            (float((np.take(cells, [i], axis) < 0).mean()), axis, i)
            for axis, size in enumerate(cells.shape)
            if size > 1
            for i in range(size)
        ]
        _, axis, i = max(empty, key=lambda one: (one[0], -one[1], -one[2]))
        cells = np.delete(cells, i, axis)
        del kept[axis][i]
    return cells, [
        (choice, tuple(choice.labels[i] for i in levels)) for choice, levels in zip(found.choices, kept, strict=True)
    ]


def _parts(values: Array, axis: int) -> tuple[float, float]:
    variance = float(values.var())
    if values.max() == values.min():  # the variance itself may be off by rounding
        return 0.0, 0.0
    others = tuple(i for i in range(values.ndim) if i != axis)
    return float(values.mean(axis=others).var()) / variance, float(values.var(axis=axis).mean()) / variance
