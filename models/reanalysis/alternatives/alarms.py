"""Alarms for priors that decide: choices that move the headline, and what power scaling finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from reanalysis.alternatives.choices import BASELINES, MU_PRIOR, TAU_PRIOR
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.power_scaling import LIMIT, PRIORS
from reanalysis.gates.baseline_choice import MOVED

PRIOR_OF = {MU_PRIOR: "average effect", TAU_PRIOR: "heterogeneity", BASELINES: "baselines"}
"""What the choices of each group are priors of."""


@dataclass(frozen=True)
class Alarm:
    """A prior that decides a headline."""

    prior: str
    """What it is a prior of: ``average effect``, ``heterogeneity`` or ``baselines``."""
    primary: float
    """P(benefit) (P(odds ratio < 1) where no side is good) as analysed."""
    low: float
    high: float
    """Smallest and largest under other choices of the prior, and as analysed."""
    lowest: str
    highest: str
    """The choices they belong to."""
    scaling: float | None
    """Power-scaling sensitivity of the headline to the prior, where it is known."""
    moved: bool
    scaled: bool
    """What the alarm is for: a choice that moves the probability by more than 5 points, a sensitivity above 0.05."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def alarms(
    sensitivity: Mapping[str, Sequence[Outcome]], power: pd.DataFrame | None = None, study: str | None = None
) -> tuple[Alarm, ...]:
    """Priors of the average effect, the heterogeneity and the baselines that decide the headline.

    Parameters
    ----------
    sensitivity : mapping of str to sequence of Outcome
        By group.
    power : DataFrame, optional
        Table of :func:`reanalysis.alternatives.power_scaling.power_scaling`.
    study : str, optional
        Study whose own effect is the headline; the average without one.
    """
    found = []
    for group, what in PRIOR_OF.items():
        chances = {o.label: o.chance for o in sensitivity.get(group, ()) if o.chance is not None}
        primary = next((o.chance for o in sensitivity.get(group, ()) if o.primary), None)
        if primary is None:
            continue
        lowest, highest = min(chances, key=chances.__getitem__), max(chances, key=chances.__getitem__)
        scaling = None if power is None else _scaling(power, what, study)
        moved = max(abs(c - primary) for c in chances.values()) > MOVED
        scaled = scaling is not None and scaling > LIMIT
        if moved or scaled:
            ends = (chances[lowest], chances[highest], lowest, highest)
            found.append(Alarm(what, primary, *ends, scaling, moved, scaled))
    return tuple(found)


def _scaling(power: pd.DataFrame, what: str, study: str | None) -> float | None:
    column = PRIORS[what]
    row = power[(power["quantity"] == "log_odds_ratio") & (power["study"] == (study or ""))]
    if column not in power or row.empty or row[column].isna().all():
        return None
    return float(row[column].iloc[0])
