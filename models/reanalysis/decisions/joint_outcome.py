"""Bounds of a joint outcome, a patient with at least one of several events, which no study reports as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reanalysis.decisions.effects import ControlRisk, EndpointEffect
from reanalysis.estimands.measures import treated_risk
from reanalysis.evidence.candidates.narrowing import wholes_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.typing import Array


@dataclass(frozen=True)
class AnyOf:
    """Bounds of the risk of any of several events.

    Whatever the dependence of the events, P(any) lies from the largest of their risks to their sum or 1 (Frechet). The
    difference between the arms is bounded by the ends of both.
    """

    baseline: str
    endpoints: tuple[str, ...]
    """The events, parts of others among them left out."""
    left_out: tuple[str, ...]
    control: tuple[float, float]
    """Bounds of the control risk."""
    treated: tuple[dict[str, float], dict[str, float]]
    difference: tuple[dict[str, float], dict[str, float]]
    """Posterior of the lower and of the upper bound: mean, median, lower, upper."""
    certainly_better: float
    possibly_better: float
    """P(the upper bound of the difference lies below 0), and P(the lower bound does)."""
    error: float
    """Standard error of these, the larger, from independent sets of quasi-random points."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(vars(self))


def frechet_bounds(
    effects: Mapping[str, EndpointEffect],
    endpoints: Sequence[str],
    control_risks: Mapping[str, ControlRisk],
    baseline: str,
    draws: Mapping[str, Array],
    left_out: Sequence[str] = (),
) -> AnyOf:
    """Frechet bounds of the risk of any of several events, in both arms and of their difference.

    Parameters
    ----------
    effects, control_risks, baseline
        As of :func:`net_benefit`.
    draws : mapping of str to ndarray
        Log odds ratios, of :func:`sampled_effects`.
    left_out : sequence of str
        Events that were asked for and are parts of others.
    """
    risks = np.array([control_risks[e].risk for e in endpoints])
    treated = np.stack(
        [
            treated_risk(effects[e].head.log_odds_ratio, r).forward(draws[e])
            for e, r in zip(endpoints, risks, strict=True)
        ]
    )
    control = float(risks.max()), float(min(risks.sum(), 1.0))
    low, high = treated.max(axis=0), np.minimum(treated.sum(axis=0), 1.0)
    least, most = low - control[1], high - control[0]
    by_set = np.array([[np.mean(one < 0) for one in bound] for bound in (most, least)])
    error = float(by_set.std(axis=1, ddof=1).max() / np.sqrt(by_set.shape[1])) if by_set.shape[1] > 1 else float("nan")
    return AnyOf(
        baseline, tuple(endpoints), tuple(left_out), control, (_summary(low), _summary(high)),
        (_summary(least), _summary(most)), float(np.mean(most < 0)), float(np.mean(least < 0)), error,
    )  # fmt: skip


def _summary(values: Array) -> dict[str, float]:
    lower, median, upper = (float(q) for q in np.quantile(values, [0.025, 0.5, 0.975]))
    return {"mean": float(values.mean()), "median": median, "lower": lower, "upper": upper}


def widest(evidence: Evidence, endpoints: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Endpoints of a joint outcome without those that are parts of others among them, and the parts."""
    parts = tuple(e for e in endpoints if set(wholes_of(evidence, e)) & set(endpoints))
    return tuple(e for e in endpoints if e not in parts), parts
