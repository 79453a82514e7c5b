"""Which numbers leave a fit? The estimates and probabilities of the command line's JSON and of results.json."""

from __future__ import annotations

from typing import Any

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.rates import rate
from reanalysis.estimands.ratios import new_ratio_moments, odds_ratio, risk_ratio
from reanalysis.estimands.summary import summarise

Estimates = dict[str, Any]


def estimates(posterior: Posterior) -> Estimates:
    """Summaries of every reported quantity; what does not exist is None."""
    if posterior.parts:
        others = {name: _contrast(part) for name, part in posterior.parts.items()}
        correlations = {name: _summary(marginal) for name, marginal in posterior.correlations.items()}
        return _contrast(posterior) | correlations | {"endpoints": others}
    if not posterior.spec.rates:
        return _contrast(posterior)
    return _rates(posterior) if posterior.spec.family.hierarchy else _shared(posterior)


def flat(found: Estimates) -> dict[tuple[str, str], dict[str, float | None]]:
    """Summaries by (study, quantity), the study empty for what all studies share; what does not exist is left out."""
    rows = {("", name): value for name, value in found.items() if name not in ("study", "endpoints", "map_prior")}
    for study, quantities in found.get("study", {}).items():
        rows |= {(study, name): value for name, value in quantities.items()}
    return {key: value for key, value in rows.items() if isinstance(value, dict)}


def probabilities(posterior: Posterior) -> dict[str, Any]:
    """Probabilities of an effect below 0 (models of contrasts only)."""
    if posterior.spec.rates:
        return {}
    others = {name: probabilities(part) for name, part in posterior.parts.items()}
    return (
        ({"endpoints": others} if others else {})
        | {
            f"{name}_below_0": _below_zero(posterior.overall.get(name))
            for name in ("log_odds_ratio", "log_odds_ratio_new")
        }
        | {
            "study_log_odds_ratio_below_0": {
                study: float(marginals["log_odds_ratio"].cdf(0.0)) for study, marginals in posterior.study.items()
            }
        }
    )


def _below_zero(marginal: Marginal | None) -> float | None:
    return None if marginal is None else float(marginal.cdf(0.0))


def _summary(marginal: Marginal | None, moments: int = 2) -> dict[str, float | None] | None:
    return None if marginal is None else summarise(marginal, moments=moments).as_dict()


def _contrast(posterior: Posterior) -> Estimates:
    average = posterior.overall.get("log_odds_ratio")
    new = posterior.overall.get("log_odds_ratio_new")
    unpaired = not posterior.spec.family.paired
    exists = 0 if unpaired else new_ratio_moments(posterior.spec.priors.tau)
    return {name: _summary(posterior.overall[name]) for name in posterior.spec.family.quantities} | {
        "log_odds_ratio": _summary(average),
        "odds_ratio": _summary(odds_ratio(average)) if average else None,
        "tau": _summary(posterior.overall.get("tau")),
        "log_odds_ratio_new": _summary(new),
        "odds_ratio_new": _summary(odds_ratio(new), exists) if new else None,
        "study": {study: _study(marginals, 0 if unpaired else 2) for study, marginals in posterior.study.items()},
    }


def _study(marginals: Any, moments: int = 2) -> Estimates:
    """Summaries of one study; ratios have no moments where a rate may be arbitrarily close to 0 or 1."""
    log_odds_ratio = marginals["log_odds_ratio"]
    arms = "control_logit" in marginals
    return {
        "log_odds_ratio": _summary(log_odds_ratio),
        "odds_ratio": _summary(odds_ratio(log_odds_ratio), moments),
        "risk_ratio": _summary(risk_ratio(marginals["log_risk_ratio"]), moments) if arms else None,
        "risk_difference": _summary(marginals["risk_difference"]) if arms else None,
        "control_rate": _summary(rate(marginals["control_logit"])) if arms else None,
        "treated_rate": _summary(rate(marginals["treated_logit"])) if arms else None,
    }


def _rates(posterior: Posterior) -> Estimates:
    average = posterior.overall.get("logit_rate")
    new = posterior.overall.get("logit_rate_new")
    return {
        "logit_rate": _summary(average),
        "rate": _summary(rate(average)) if average else None,
        "tau": _summary(posterior.overall.get("tau")),
        "logit_rate_new": _summary(new),
        "rate_new": _summary(rate(new)) if new else None,
        "map_prior": _map_prior(posterior),
        "study": {
            study: {
                "logit_rate": _summary(marginals["logit_rate"]),
                "rate": _summary(rate(marginals["logit_rate"])),
            }
            for study, marginals in posterior.study.items()
        },
    }


def _map_prior(posterior: Posterior) -> dict[str, Any] | None:
    """The rate of a new study in closed form (``rates`` with partial pooling)."""
    new = posterior.overall.get("logit_rate_new")
    if new is None or not posterior.spec.family.map_prior:
        return None
    from reanalysis.estimands.map_prior import map_prior

    arms = [getattr(study, posterior.spec.arm) for study in posterior.data.studies]
    patients = sum(max(arm.n) for arm in arms if arm is not None)
    return map_prior(new, posterior.spec.number("robust"), patients).as_dict()


def _shared(posterior: Posterior) -> Estimates:
    """What all studies share, and the rate of each, of a model without an average."""
    return {name: _summary(posterior.overall[name]) for name in posterior.spec.family.quantities} | {
        "study": {s: {"rate": _summary(m["rate"])} for s, m in posterior.study.items()}
    }
