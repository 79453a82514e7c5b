"""Every reported quantity of a posterior, listed once: the tidy table, the command line's JSON and ``ra.effects``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from reanalysis.engines.draws import of_moderator
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.threads import one_thread
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.measures import new_ratio_moments, odds_ratio, rate, risk_ratio
from reanalysis.estimands.risks import asked_baselines, at_baseline
from reanalysis.estimands.summary import LEVEL, Summary, direction, require_proportions, summarise
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput

if TYPE_CHECKING:
    from reanalysis.estimands.map_prior import MapPrior

Estimates = dict[str, Any]
Estimand = Literal["average", "new study", "heterogeneity", "study", "parameter"]

COLUMNS = (
    "endpoint", "estimand", "study", "headline", "scenario", "quantity", "baseline", "control_risk",
    "mean", "sd", "median", "lower", "upper", "level", "p_below_0", "p_benefit", "p_harm",
)  # fmt: skip
"""Of the tidy table; probabilities at margins follow them."""


@dataclass(frozen=True)
class Quantity:
    """One reported quantity of a posterior."""

    estimand: Estimand
    """What it is a quantity of."""
    name: str
    """``odds_ratio``, ``control_rate``, ``tau``, ..."""
    marginal: Marginal | None
    """None where model or pooling does not define it."""
    study: str = ""
    """Id, empty for what all studies share."""
    moments: int = 2
    """How many moments exist."""
    effect: Marginal | None = None
    """The log odds ratio that it is, or is the exponential of."""

    @property
    def key(self) -> str:
        """Its name in results."""
        return f"{self.name}_new" if self.estimand == "new study" else self.name

    def summary(self, level: float = LEVEL) -> Summary | None:
        """Moments and interval; None where there is no such quantity."""
        return None if self.marginal is None else summarise(self.marginal, level, self.moments)

    def as_dict(self, level: float = LEVEL) -> dict[str, float | None] | None:
        """The same as plain values for JSON."""
        summary = self.summary(level)
        return None if summary is None else summary.as_dict()


def quantities(posterior: Posterior) -> Iterator[Quantity]:
    """Every reported quantity of one endpoint that needs no named control risk, in the order of results."""
    spec, shared = posterior.spec, posterior.overall
    one_beta = "mean_rate" in shared
    unpaired = "rho" in shared  # rates of an arm may be arbitrarily close to 0 or 1: ratios have no moments
    for name in ("rho", "alpha", "beta"):
        if name in shared:
            yield Quantity("parameter", name, shared[name])
    if one_beta:
        yield Quantity("average", "mean_rate", shared["mean_rate"])
        yield Quantity("new study", "rate", shared["rate_new"])
    else:
        moments = 2 if spec.rates else 0 if unpaired else new_ratio_moments(spec.priors.tau)
        yield from _on_both_scales("average", spec.effect, shared.get(spec.effect))
        yield Quantity("heterogeneity", "tau", shared.get("tau"))
        yield from _on_both_scales("new study", spec.effect, shared.get(f"{spec.effect}_new"), moments)
    for study, own in posterior.study.items():
        if one_beta:
            yield Quantity("study", "rate", own["rate"], study)
            continue
        yield from _on_both_scales("study", spec.effect, own[spec.effect], 0 if unpaired else 2, study)
        if not spec.rates:
            yield from _of_arms(own if "control_logit" in own else None, study, 0 if unpaired else 2)


def _on_both_scales(
    estimand: Estimand, name: str, logarithm: Marginal | None, moments: int = 2, study: str = ""
) -> Iterator[Quantity]:
    """A log odds ratio and its odds ratio, or a logit and its rate."""
    rates = name == "logit_rate"
    natural, back = ("rate", rate) if rates else ("odds_ratio", odds_ratio)
    effect = None if rates else logarithm
    yield Quantity(estimand, name, logarithm, study, effect=effect)
    yield Quantity(estimand, natural, None if logarithm is None else back(logarithm), study, moments, effect)


def _of_arms(own: Any, study: str, moments: int) -> Iterator[Quantity]:
    """Risks of the two arms of a study; ``own`` is None where it has a ratio and no arms."""
    yield Quantity("study", "risk_ratio", own and risk_ratio(own["log_risk_ratio"]), study, moments)
    yield Quantity("study", "risk_difference", own and own["risk_difference"], study)
    yield Quantity("study", "control_rate", own and rate(own["control_logit"]), study)
    yield Quantity("study", "treated_rate", own and rate(own["treated_logit"]), study)


# ---- the JSON of the command line ------------------------------------------------------------------------------------


def summaries(posterior: Posterior) -> dict[tuple[str, str], Summary]:
    """Summaries by (study, name in results), the study empty for what all share; what does not exist is left out."""
    found = {(one.study, one.key): one.summary() for one in quantities(posterior)}
    return {key: summary for key, summary in found.items() if summary is not None}


def estimates(posterior: Posterior) -> Estimates:
    """Summaries of every quantity as plain values, by name and study; what does not exist is None."""
    shared: Estimates = {}
    study: dict[str, Estimates] = {name: {} for name in posterior.study}
    with one_thread():  # once: to set it takes longer than many a summary
        for one in quantities(posterior):
            (study[one.study] if one.study else shared)[one.key] = one.as_dict()
    if posterior.data.moderators:
        shared |= _moderated(posterior)
    if "logit_rate" in shared:
        prior = map_prior_of(posterior)
        shared["map_prior"] = None if prior is None else prior.as_dict()
    found = shared | {"study": study}
    found |= {name: summarise(marginal).as_dict() for name, marginal in posterior.correlations.items()}
    if posterior.parts:
        found["endpoints"] = {name: estimates(part) for name, part in posterior.parts.items()}
    return found


def _moderated(posterior: Posterior) -> Estimates:
    """The slope in each moderator, and the average effect at its named values."""
    slopes: Estimates = {}
    effects: Estimates = {}
    for moderator in posterior.data.moderators:
        slopes[moderator.name] = summarise(posterior.overall[of_moderator(moderator.name)]).as_dict()
        for label, _ in moderator.values:
            effect = posterior.overall[of_moderator(moderator.name, label)]
            pair = {
                "log_odds_ratio": summarise(effect).as_dict(),
                "odds_ratio": summarise(odds_ratio(effect)).as_dict(),
            }
            effects[f"{moderator.name} = {label}"] = pair
    return {"moderators": slopes, "effects_at": effects}


_NESTED = ("study", "endpoints", "map_prior", "moderators", "effects_at")


def flat(found: Estimates) -> dict[tuple[str, str], dict[str, float | None]]:
    """Summaries by (study, quantity), the study empty for what all studies share; what does not exist is left out."""
    rows = {("", name): value for name, value in found.items() if name not in _NESTED}
    rows |= {("", of_moderator(name)): value for name, value in found.get("moderators", {}).items()}
    rows |= {
        ("", f"{scale}[{where}]"): value
        for where, pair in found.get("effects_at", {}).items()
        for scale, value in pair.items()
    }
    for study, own in found.get("study", {}).items():
        rows |= {(study, name): value for name, value in own.items()}
    return {key: value for key, value in rows.items() if isinstance(value, dict)}


def probabilities(posterior: Posterior) -> dict[str, Any]:
    """Probabilities of an effect below 0 (models of contrasts only)."""
    if posterior.spec.rates:
        return {}
    shared = (posterior.overall.get(name) for name in ("log_odds_ratio", "log_odds_ratio_new"))
    average, new = (None if effect is None else float(effect.cdf(0.0)) for effect in shared)
    own = {study: float(marginals["log_odds_ratio"].cdf(0.0)) for study, marginals in posterior.study.items()}
    others = {name: probabilities(part) for name, part in posterior.parts.items()}
    return ({"endpoints": others} if others else {}) | {
        "log_odds_ratio_below_0": average,
        "log_odds_ratio_new_below_0": new,
        "study_log_odds_ratio_below_0": own,
    }


def map_prior_of(posterior: Posterior) -> MapPrior | None:
    """The rate of a new study in closed form; None where the model has no robust version of it, or no new study."""
    new = posterior.overall.get("logit_rate_new")
    if new is None or posterior.spec.family.setting("robust") is None:
        return None
    from reanalysis.estimands.map_prior import map_prior

    arms = [getattr(study, posterior.spec.arm) for study in posterior.data.studies]
    patients = sum(max(arm.n) for arm in arms if arm is not None)
    return map_prior(new, posterior.spec.number("robust"), patients)


# ---- the tidy table, and ra.effects as a part of it ------------------------------------------------------------------


def tidy(
    evidence: Evidence,
    posterior: Posterior,
    scenario: str = "primary",
    baseline: float | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Every estimate of a posterior, one row a quantity.

    Parameters
    ----------
    scenario : str
        What the posterior is called among alternatives.
    baseline : float, optional
        Control risk, a proportion; by default those that the folder names.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`: ``headline`` marks the numbers that stand for the endpoint, one row a quantity: the effect, and
        its risks at the first named control risk; ``baseline`` and ``control_risk`` (a proportion) say at which control
        risk; summaries are of the quantity itself, rates and risks proportions,
        the interval of probability ``level``. ``p_below_0`` is that of the log odds ratio, ``p_benefit`` and
        ``p_harm`` the same by the declared good side. Of risk differences ``p_fewer_M``, ``p_more_M`` and
        ``p_within_M`` are the probabilities of M percentage points. What does not exist is missing.
    """
    require_proportions(baseline, level)
    none = why_no_headline(posterior.spec, posterior.data)
    study = None if none else headline(posterior).study or ""
    found = pd.DataFrame(_rows(evidence, posterior, study, baseline, level))
    found = found.reindex(columns=[*COLUMNS, *(name for name in found if name not in COLUMNS)])
    found["endpoint"], found["scenario"], found["level"] = posterior.endpoint, scenario, level
    tables = [found, *(tidy(evidence, part, scenario, baseline, level) for part in posterior.parts.values())]
    return pd.concat(tables, ignore_index=True) if len(tables) > 1 else found


def _rows(
    evidence: Evidence, posterior: Posterior, head: str | None, baseline: float | None, level: float
) -> Iterator[dict[str, Any]]:
    """Quantities as they are, then the headline and the effect of a new study at each control risk.

    ``head`` is the study that is the headline, empty for the average and None where nothing is.
    """
    endpoint = evidence.endpoint(posterior.endpoint)
    effects: dict[tuple[Estimand, str], Marginal] = {}
    for one in quantities(posterior):
        if one.marginal is None:
            continue
        sides: dict[str, Any] = {"headline": False}
        if one.effect is not None:
            side = direction(one.effect, endpoint.better)
            stands = one.study == head and one.estimand != "new study"
            sides |= {"headline": stands, "p_below_0": side.below, "p_benefit": side.benefit, "p_harm": side.harm}
            if one.study == head or one.estimand == "new study":
                effects[one.estimand, one.study] = one.effect
        of: dict[str, Any] = {"estimand": one.estimand, "study": one.study, "quantity": one.name, "baseline": ""}
        yield of | (one.as_dict(level) or {}) | sides
    for (estimand, study), effect in effects.items() if head is not None else ():
        for place, named in enumerate(asked_baselines(evidence, posterior, baseline)):
            at, risk = at_baseline(effect, named, endpoint, level), named.percent / 100
            of = {"estimand": estimand, "study": study, "baseline": named.label, "control_risk": risk}
            of["headline"] = place == 0 and estimand != "new study"
            chances = {f"p_within_{at.rope:g}": at.within_rope}
            for one_margin in at.beyond:
                chances[f"p_fewer_{one_margin.margin:g}"] = one_margin.fewer
                chances[f"p_more_{one_margin.margin:g}"] = one_margin.more
            yield of | {"quantity": "treated_risk"} | at.treated_risk.as_dict()
            yield of | {"quantity": "risk_difference"} | at.risk_difference.as_dict() | chances
            yield of | {"quantity": "risk_ratio"} | at.risk_ratio.as_dict()


_SHOWN = {
    "odds_ratio": "odds ratio",
    "tau": "tau",
    "control_rate": "control risk",
    "treated_rate": "treated risk",
    "treated_risk": "treated risk",
    "risk_difference": "risk difference",
    "risk_ratio": "risk ratio",
}
"""Quantities of :func:`effects_table` as readers know them, in its order."""


def effects_table(
    evidence: Evidence, posterior: Posterior, baseline: float | None = None, level: float = LEVEL
) -> pd.DataFrame:
    """The part of the tidy table that readers ask for first, in their words; see :func:`reanalysis.effects`.

    Raises
    ------
    InvalidInput
        If the posterior has no headline effect, or ``baseline`` or ``level`` is no proportion.
    """
    reason = why_no_headline(posterior.spec, posterior.data)
    if reason:
        raise InvalidInput([f"effects: {reason}; see .table()"])
    whole = tidy(evidence, replace(posterior, parts={}), baseline=baseline, level=level)
    at_risk = whole["control_risk"].notna()
    rows = whole[whole["quantity"].isin(_SHOWN) & (at_risk | (whole["quantity"] != "risk_ratio"))]
    cells = rows[["study", "estimand", "baseline", "control_risk"]].to_dict("records")
    of = [evidence.study_label(str(row["study"])) if row["study"] else str(row["estimand"]) for row in cells]
    risks = [f"{row['baseline']}, {100 * row['control_risk']:g} %" if row["baseline"] else "" for row in cells]
    levels: dict[str, tuple[list[str], list[str]]] = {
        "of": (of, ["average", "new study", "heterogeneity", *of]),
        "quantity": ([_SHOWN[name] for name in rows["quantity"]], [*_SHOWN.values()]),
        "control risk": (risks, ["", *risks]),
    }
    found = rows[["mean", "sd", "median", "lower", "upper", "p_below_0", "p_benefit"]].copy()
    found = found.rename(columns={"p_below_0": "P(fewer events)", "p_benefit": "P(benefit)"})
    for name, (values, order) in levels.items():  # sorted in the order of reading, so that any part can be looked up
        known = [one for one in dict.fromkeys(order) if one in values]
        found[name] = pd.Categorical(values, known, ordered=True)
    return found.set_index([*levels]).sort_index()
