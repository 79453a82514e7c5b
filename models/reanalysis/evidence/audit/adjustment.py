"""Rule: the distance between a ratio of rates and an adjusted ratio, and what adjustment can explain of it.

An odds ratio conditional on covariates lies further from 1 than the marginal one even without confounding (Gail,
Wieand and Piantadosi 1984, Biometrika 71:431). With a normal linear predictor of SD sigma the marginal rates are
E expit(a + sigma Z) and E expit(a + beta + sigma Z); the sigma at which they equal the printed rates is what
non-collapsibility alone would need, and its AUC says how well such covariates would predict the event.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from reanalysis.evidence.audit.crude import both_rates, is_unadjusted
from reanalysis.evidence.audit.finding import Finding, Severity, about, rule, used
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.typing import Array

_STRONGEST = 30.0
_IMPLAUSIBLE_AUC = 0.9
_NEAR = 1.25
"""Ratios nearer to each other than this need no explanation."""
_FEW_EVENTS, _TOO_FEW_EVENTS = 10, 5
"""Events per parameter below which a logistic regression is biased (Peduzzi 1996, J Clin Epidemiol 49:1373)."""


@dataclass(frozen=True)
class CovariateStrength:
    """Strength of covariates that non-collapsibility alone would need."""

    sd: float
    """SD of the linear predictor, log odds scale."""
    auc: float
    """Area under the ROC curve of that predictor among controls."""


@lru_cache(maxsize=1)
def _nodes() -> tuple[Array, Array]:
    z = np.linspace(-8.5, 8.5, 2001)
    density = np.exp(-0.5 * z**2)
    return z, density / density.sum()


def marginal_rate(intercept: float, sd: float) -> float:
    """E expit(intercept + sd Z)."""
    z, weight = _nodes()
    return float(weight @ expit(intercept + sd * z))


def _intercept(rate: float, sd: float) -> float:
    reach = 40 + 9 * sd
    return float(brentq(lambda a: marginal_rate(a, sd) - rate, -reach, reach))


def covariate_strength(
    control_rate: float, treated_rate: float, conditional_odds_ratio: float
) -> CovariateStrength | None:
    """SD and AUC of the linear predictor that turns a conditional odds ratio into the printed rates.

    Returns
    -------
    CovariateStrength or None
        None where no strength does: the conditional ratio lies on the other side of 1, or nearer to it than the
        marginal.
    """
    beta = math.log(conditional_odds_ratio)
    marginal = float(logit(treated_rate) - logit(control_rate))
    if beta * marginal <= 0 or abs(beta) < abs(marginal):
        return None

    def excess(sd: float) -> float:
        return marginal_rate(_intercept(control_rate, sd) + beta, sd) - treated_rate

    if excess(_STRONGEST) * excess(0.0) > 0:
        return None
    sd = float(brentq(excess, 0.0, _STRONGEST))
    return CovariateStrength(sd, predictor_auc(_intercept(control_rate, sd), sd))


def predictor_auc(intercept: float, sd: float) -> float:
    """Probability that a patient with the event has a higher linear predictor than one without."""
    z, weight = _nodes()
    rate = expit(intercept + sd * z)
    events, others = weight * rate, weight * (1 - rate)
    below = np.cumsum(others) - 0.5 * others
    return float(events @ below / (events.sum() * others.sum()))


@rule("adjustment", "events-per-parameter")
def check_adjustment(evidence: Evidence) -> Iterator[Finding]:
    """Marginal against adjusted ratio, the covariates their distance would need, and events per parameter."""
    for row in evidence.contrasts:
        if not row.estimate or row.measure == "RR" or row.use == "excluded":
            continue
        rates = both_rates(evidence, row.study, row.endpoint)
        if rates is None or is_unadjusted(row, rates[0].weighting == "iptw"):
            continue
        control, p0, _, p1 = rates
        used_as = used(row, "one route or the other, never both")
        if p0.inside and p1.inside:
            yield _distance(row, p0.middle, p1.middle, used_as)
        yield from _events_per_parameter(evidence, row, p0.middle * p0.n + p1.middle * p1.n, used_as, control)


def _distance(row: ContrastRow, p0: float, p1: float, used_as: str) -> Finding:
    marginal = math.exp(float(logit(p1) - logit(p0)))
    adjusted, unadjusted = math.log(float(row.estimate)), math.log(marginal)
    strength = covariate_strength(p0, p1, float(row.estimate))
    message = (
        f"the rates give an odds ratio of {marginal:.2f}, the adjusted ratio is {row.estimate}: different estimands"
    )
    severity: Severity = "info"
    if strength is not None:
        message += (
            "; non-collapsibility alone would need covariates with a linear predictor of SD "
            f"{strength.sd:.1f} (AUC {strength.auc:.2f})"
        )
        distant = abs(adjusted - unadjusted) > math.log(_NEAR)
        severity = "warning" if distant and strength.auc > _IMPLAUSIBLE_AUC else "info"
    elif abs(adjusted) > abs(unadjusted) or adjusted * unadjusted < 0:
        message += "; non-collapsibility alone cannot explain it"
        beyond = abs(adjusted - unadjusted) > math.log(_NEAR) and _beyond_chance(row, unadjusted)
        severity = "warning" if beyond else "info"
        if adjusted * unadjusted < 0:
            message += ": it is on the other side of 1" + (", are control and treated swapped?" if beyond else "")
    return about(row, "adjustment", severity, message, used_as)


def _beyond_chance(row: ContrastRow, unadjusted: float) -> bool:
    """Whether the unadjusted ratio lies outside the interval of the adjusted one; so if none is printed."""
    return not row.has_interval or not math.log(float(row.lower)) <= unadjusted <= math.log(float(row.upper))


def _events_per_parameter(
    evidence: Evidence, row: ContrastRow, events: float, used_as: str, control: ArmRow
) -> Iterator[Finding]:
    match = re.search(r"(?:\bon\b|\bfor\b|:)(.*)", row.adjustment)
    if match is None:
        return
    parameters = 1 + len([c for c in match[1].split(",") if c.strip()])
    k = evidence.study(row.study).k if control.weighting == "iptw" else None
    per = events / parameters
    if per < _FEW_EVENTS:
        what = "events" if control.weighting == "none" else "pseudo-events"
        each = f"{per:.1f} each" + (f", {k * per:.1f} at the effective size, k = {k:g}" if k else "")
        message = (
            f"about {events:.0f} {what} for at least {parameters} parameters ({each}): the adjusted ratio is fragile"
        )
        yield about(row, "events-per-parameter", "warning" if per < _TOO_FEW_EVENTS else "info", message, used_as)
