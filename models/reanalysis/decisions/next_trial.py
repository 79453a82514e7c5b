"""Operating characteristics of a two-arm trial with a binary endpoint, by enumeration of all its outcomes.

The trial concludes that the treatment is beneficial where P(effect beyond a margin | y0, y1) > threshold. Over all
outcomes (y0, y1), each with its exact probability: the decision boundary, the type I error at an effect equal to the
margin, the power at stated truths, the assurance (the power averaged over a design prior), the predictive distribution
of that posterior probability, the expected width of the interval, and the expected value of sample information.

Source: Spiegelhalter, Abrams and Myles 2004, Bayesian Approaches to Clinical Trials, chapter 6; O'Hagan, Stevens and
Campbell 2005, Pharm Stat 4:187 (assurance); Schmidli et al. 2014, Biometrics 70:1023 (robust MAP priors).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import logit

from reanalysis.decisions.interval_width import widths
from reanalysis.decisions.logit_nodes import count_probabilities
from reanalysis.decisions.logit_pairs import LogitPairs, Outcomes, Scale
from reanalysis.decisions.trial_design import Design, Rule, Side, Truth, nulls
from reanalysis.decisions.trial_priors import TrialPrior
from reanalysis.decisions.value_of_information import perfect_information, sample_information, value_of_outcomes
from reanalysis.typing import Array, Flags

_REMEMBERED = 40_000
"""Outcomes of a trial up to which its posterior probabilities are kept: designs of a grid share them."""

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BINS = 20


@dataclass(frozen=True)
class Operating:
    """What a design does."""

    n_control: int
    n_treated: int
    """Patients of each arm."""
    threshold: float
    """Of the rule."""
    assurance: float
    """Probability of success under the design prior."""
    type_1_error: float
    """Probability of success where the effect equals the margin at the baseline; the larger of two where an effect
    counts on either side."""
    power: dict[str, float]
    """Probability of success by truth."""
    boundary: list[Any]
    """By control count 0, 1, ..., the largest treated count with which the trial succeeds (-1 for none) where fewer
    events are looked for, the smallest (n_treated + 1 for none) where more are, and both in a list for either."""
    no_go_boundary: list[int] | None
    """By control count, the treated count nearest to success with which it says no."""
    conclusions: dict[str, dict[str, float]]
    """Probability of each conclusion: of the design prior, and by truth."""
    predictive: dict[str, Any]
    """Predictive distribution of the posterior probability beyond the margin: what it is ``of``, its mean, quantiles
    and a histogram of equal bins from 0 to 1."""
    expected_width: float | None
    """Expected width of the 95 % interval of the risk difference, or of the log odds ratio where the margin is an odds
    ratio; None where it was not asked for."""
    evsi: float | None
    """Expected value of sample information, in events per patient; None without a good side."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def probability_above(design: Design, margin: float) -> Array:
    """Posterior probability after each outcome of an effect above a margin, shape (n_control + 1, n_treated + 1)."""
    compute = _probability_above if design.outcomes <= _REMEMBERED else _probability_above.__wrapped__
    return compute(design.analysis, design.n_control, design.n_treated, design.rule.scale, margin)


@lru_cache(maxsize=64)
def _probability_above(prior: TrialPrior, n_control: int, n_treated: int, scale: Scale, margin: float) -> Array:
    return Outcomes(LogitPairs.of(prior, n_control, n_treated), n_control, n_treated).probability_above(scale, margin)


@lru_cache(maxsize=64)
def _widths(prior: TrialPrior, n_control: int, n_treated: int, scale: Scale) -> Array:
    return widths(prior, n_control, n_treated, scale)


@lru_cache(maxsize=64)
def _value(prior: TrialPrior, n_control: int, n_treated: int, sign: int, worthwhile: float) -> tuple[Array, float]:
    """Predictive probability of each outcome, and EVSI."""
    outcomes = Outcomes(LogitPairs.of(prior, n_control, n_treated), n_control, n_treated)
    evsi = sample_information(value_of_outcomes(outcomes, sign, worthwhile)) if sign else np.nan
    return outcomes.probability / outcomes.probability.sum(), evsi


def predicted(design: Design) -> tuple[Array, float]:
    """Probability of each outcome under the design prior, and EVSI (NaN without a good side)."""
    compute = _value if design.outcomes <= _REMEMBERED else _value.__wrapped__
    return compute(design.design_prior, design.n_control, design.n_treated, design.rule.sign, design.worthwhile)


def beyond(design: Design) -> dict[str, Array]:
    """Posterior probability after each outcome of an effect beyond the margin, by side."""
    return {
        side: 1 - probability_above(design, margin) if side == "lower" else probability_above(design, margin)
        for side, margin in design.rule.margins.items()
    }


def successes(design: Design) -> dict[str, Flags]:
    """Outcomes with which the trial succeeds, by side."""
    return {side: chance > design.rule.threshold for side, chance in beyond(design).items()}


def under(design: Design, truth: Truth, outcomes: Flags) -> float:
    """Probability of a set of outcomes where the truth holds."""
    control, treated = _arm(truth.control, design.n_control), _arm(truth.treated, design.n_treated)
    return float(np.clip(control @ outcomes @ treated, 0.0, 1.0))


def _arm(risk: float, n: int) -> Array:
    with np.errstate(divide="ignore"):
        return count_probabilities(np.array([logit(risk)]), n)[:, 0]


def evaluate(design: Design) -> Operating:
    """Operating characteristics of a design.

    Parameters
    ----------
    design : Design
        With any number of patients in either arm: with none, what is known before the trial.
    """
    rule = design.rule
    chances = beyond(design)
    found = {side: chance > rule.threshold for side, chance in chances.items()}
    success = np.logical_or.reduce(list(found.values()))
    main = {-1: "lower", 1: "higher", 0: "higher"}[rule.sign]
    chance = chances.get(main, next(iter(chances.values())))
    predictive, evsi = predicted(design)
    sets = dict(found) if rule.side == "both" else {"success": success}
    if rule.no_go is not None:
        sets["no_go"] = chance < rule.no_go
    sets["grey_zone" if rule.side == "both" or rule.no_go is not None else "no_success"] = ~np.logical_or.reduce(
        list(sets.values())
    )
    width = None
    if design.width:
        compute = _widths if design.outcomes <= _REMEMBERED else _widths.__wrapped__
        each: Array = compute(design.analysis, design.n_control, design.n_treated, rule.scale)
        width = float((predictive * each).sum())
    return Operating(
        n_control=design.n_control,
        n_treated=design.n_treated,
        threshold=rule.threshold,
        assurance=assurance(design, success),
        type_1_error=max(under(design, null, success) for null in nulls(design)),
        power={truth.text: under(design, truth, success) for truth in design.truths},
        boundary=_boundary(found, rule.side),
        no_go_boundary=None if rule.no_go is None else _edge(sets["no_go"], "higher" if main == "lower" else "lower"),
        conclusions={"design prior": {name: float((predictive * of).sum()) for name, of in sets.items()}}
        | {truth.text: {name: under(design, truth, of) for name, of in sets.items()} for truth in design.truths},
        predictive=_distribution(chance, predictive, rule, main),
        expected_width=width,
        evsi=evsi if rule.sign else None,
    )


def assurance(design: Design, success: Flags | None = None) -> float:
    """Probability under the design prior that the trial succeeds."""
    if success is None:
        success = np.logical_or.reduce(list(successes(design).values()))
    return float(np.clip((predicted(design)[0] * success).sum(), 0.0, 1.0))


def power(design: Design, truth: Truth) -> float:
    """Probability of success at a stated truth."""
    return under(design, truth, np.logical_or.reduce(list(successes(design).values())))


def evpi(design: Design) -> float | None:
    """Expected value of perfect information under the design prior, in events per patient."""
    if not design.rule.sign:
        return None
    pairs = LogitPairs.of(design.design_prior, max(design.n_control, 50), max(design.n_treated, 50))
    return perfect_information(pairs, design.rule.sign, design.worthwhile)


def _edge(outcomes: Flags, side: str) -> list[int]:
    """By control count, the treated count from which on (``higher``) or up to which (``lower``) all outcomes are in."""
    along = outcomes[:, ::-1] if side == "higher" else outcomes
    run = np.where(along.all(axis=1), along.shape[1], np.argmin(along, axis=1))
    return [int(x) for x in (outcomes.shape[1] - run if side == "higher" else run - 1)]


def _boundary(found: dict[str, Flags], side: Side) -> list[Any]:
    edges = {of: _edge(outcomes, of) for of, outcomes in found.items()}
    if side != "both":
        return edges[side]
    return [[low, high] for low, high in zip(edges["lower"], edges["higher"], strict=True)]


def _distribution(chance: Array, predictive: Array, rule: Rule, side: str) -> dict[str, Any]:
    """Distribution of a posterior probability over outcomes."""
    value, mass = chance.ravel(), predictive.ravel()
    order = np.argsort(value)
    cumulative = np.cumsum(mass[order])
    at = np.minimum(np.searchsorted(cumulative, np.array(_QUANTILES) * cumulative[-1]), len(order) - 1)
    histogram, _ = np.histogram(value, bins=_BINS, range=(0.0, 1.0), weights=mass)
    name = {"rd": "risk difference", "or": "odds ratio"}[rule.scale]
    margin = rule.margins[side if side in rule.margins else rule.side]
    return {
        "of": f"P({name} {'<' if side == 'lower' else '>'} {margin:g})",
        "mean": float(value @ mass),
        "quantiles": {f"{q:g}": float(value[order[i]]) for q, i in zip(_QUANTILES, at, strict=True)},
        "histogram": histogram.tolist(),
    }
