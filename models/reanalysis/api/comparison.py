"""Fits of the same reports side by side: which model they favour, and what each says."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from reanalysis.alternatives.prediction import left_out_density
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.measures import odds_ratio, rate
from reanalysis.estimands.risks import asked_baselines, at_baseline
from reanalysis.estimands.summary import LEVEL, direction, require_proportions, summarise
from reanalysis.evidence.problems import BadChoice, InvalidInput, Problem
from reanalysis.evidence.reading.settings import Baseline
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.model.data import StudyData


def compared(
    asked: Mapping[str, CheckedFit] | Iterable[CheckedFit],
    baseline: float | None = None,
    level: float = LEVEL,
    loo: bool = True,
) -> pd.DataFrame:
    """One row a fit; see :func:`reanalysis.compare`.

    Raises
    ------
    InvalidInput
        If the fits are not of the same reports.
    """
    fits = _named(asked)
    _require_alike(fits)
    require_proportions(baseline, level)
    first = next(iter(fits.values()))
    at = None if first.spec.rates else asked_baselines(first.evidence, first.posterior, baseline)[0]
    sampled = loo and any(one.kept.engine == "nuts" for one in fits.values())
    rows = {name: _row(one, at, level) | (_predictive(one, sampled) if loo else {}) for name, one in fits.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("fit")
    log_evidence = table["log_evidence"].to_numpy(dtype=float)
    known = ~np.isnan(log_evidence)
    chances = np.full(len(log_evidence), np.nan)
    chances[known] = softmax(log_evidence[known]) if known.any() else []
    table.insert(3, "probability", chances)
    return table


def _named(asked: Mapping[str, CheckedFit] | Iterable[CheckedFit]) -> dict[str, CheckedFit]:
    """Fits by their names, or by what tells each from the others."""
    several = isinstance(asked, Iterable) and not isinstance(asked, str)
    found = (
        dict(asked)
        if isinstance(asked, Mapping)
        else {f"{i}": one for i, one in enumerate(asked, 1)}
        if several
        else {}
    )
    wrong = [
        BadChoice("fits", f" {name!r}: must be a fit, not {type(one).__name__}")
        for name, one in found.items()
        if not isinstance(one, CheckedFit)
    ]
    if not found or wrong:
        raise InvalidInput(wrong or [BadChoice("fits", ": must be several fits")])
    if isinstance(asked, Mapping):
        return found
    plain = [_told(one) for one in found.values()]
    differ = [key for key in plain[0] if len({one[key] for one in plain}) > 1]
    names = [", ".join(filter(None, (one[key] for key in differ))) or one["model"] for one in plain]
    twice = {name for name, count in Counter(names).items() if count > 1}
    numbered = [f"{name} ({i})" if name in twice else name for i, name in enumerate(names, 1)]
    return dict(zip(numbered, found.values(), strict=True))


def _told(fit: CheckedFit) -> dict[str, str]:
    """Choices of a fit, each as a reader would name it; empty where it has no such choice."""
    spec = fit.spec
    used = [name for name in spec.family.priors if name != "tau" or spec.pooling == "partial"]
    return {
        "model": spec.model,
        "pooling": f"{'no' if spec.pooling == 'none' else spec.pooling} pooling",
        **{name: f"{name} {prior}" if name in used else "" for name, prior in spec.priors.as_text().items()},
        "settings": ", ".join(f"{name} {value:g}" for name, value in spec.settings),
        "anchor": f"anchor {spec.anchor}",
        "rho": "rho by design" if spec.rho is None else f"rho {spec.rho:g}",
        "engine": fit.posterior.engine,
    }


def _require_alike(fits: Mapping[str, CheckedFit]) -> None:
    """A log evidence is one of reports: of others, or of others' sizes, it is on another scale."""
    (first, one), *others = fits.items()
    wrong: list[Problem | str] = []
    for name, other in others:
        reason = _different(one, other)
        if reason:
            wrong.append(
                BadChoice(
                    "fits", f" {name!r}: is of other data than {first!r} ({reason}), and cannot be compared with it"
                )
            )
    if wrong:
        hint = "what a study, a reading or a discount changes is told by sensitivity(evidence, endpoint)"
        raise InvalidInput([*wrong, hint])


def _different(one: CheckedFit, other: CheckedFit) -> str:
    if one.endpoint != other.endpoint:
        return f"endpoint {other.endpoint}, not {one.endpoint}"
    mine, theirs = ({s.study: s for s in fit.posterior.data.studies} for fit in (one, other))
    apart = [f"without {study}" for study in mine if study not in theirs]
    apart += [f"with {study}" for study in theirs if study not in mine]
    if apart:
        return ", ".join(apart)
    if (one.spec.anchor == "conditional") != (other.spec.anchor == "conditional"):
        return "one likelihood is conditional on the events of both arms together"
    unlike = [study for study in mine if _reports(mine[study]) != _reports(theirs[study])]
    return f"what is counted of {', '.join(unlike)}" if unlike else ""


def _reports(study: StudyData) -> tuple[object, ...]:
    """What a likelihood is one of: all of a study but its discounts, covariates and the prior of its baseline."""
    parts = tuple((part.subgroup, part.candidates) for part in study.parts)
    told = study.told and (study.told.claims, study.told.alpha, study.told.points)
    return study.control, study.treated, parts, told, study.adjusted, study.benchmark


def _row(fit: CheckedFit, at: Baseline | None, level: float) -> dict[str, Any]:
    spec, posterior, endpoint = fit.spec, fit.posterior, fit.evidence.endpoint(fit.endpoint)
    row: dict[str, Any] = {"model": spec.model, "engine": posterior.engine}
    row["log_evidence"] = _log_evidence(fit)
    row |= dict.fromkeys(("of", "quantity"), "") | dict.fromkeys(("median", "lower", "upper", "tau"), np.nan)
    row |= dict.fromkeys(("P(fewer events)", "P(benefit)"), np.nan)
    effect, row["of"], row["quantity"] = _effect(fit)
    if effect is not None:
        told = summarise(effect, level, moments=0)
        row |= {"median": told.median, "lower": told.lower, "upper": told.upper}
    if "tau" in posterior.overall:
        row["tau"] = float(posterior.overall["tau"].quantile(0.5))
    if at is not None and effect is not None:
        log_odds_ratio = headline(posterior).log_odds_ratio
        side = direction(log_odds_ratio, endpoint.better)
        row |= {"P(fewer events)": side.below, "P(benefit)": np.nan if side.benefit is None else side.benefit}
        row |= {"control_risk": at.percent / 100}
        row["risk_difference"] = at_baseline(log_odds_ratio, at, endpoint, level).risk_difference.median
    return row


def _log_evidence(fit: CheckedFit) -> float:
    """Log marginal likelihood; without pooling the sum of those of single studies. NaN where quadrature has none."""
    found = fit.quadrature.log_evidence
    if found is None and fit.spec.pooling == "none":
        return left_out_density(fit.spec, fit.posterior.data)
    return np.nan if found is None else found


def _effect(fit: CheckedFit) -> tuple[Marginal | None, str, str]:
    """The effect that stands for a fit on its natural scale, whose it is, and what it is."""
    spec, posterior = fit.spec, fit.posterior
    if not why_no_headline(spec, posterior.data):
        head = headline(posterior)
        of = "average" if head.study is None else fit.evidence.study_label(head.study)
        return odds_ratio(head.log_odds_ratio), of, "odds ratio"
    shared = posterior.overall
    if "mean_rate" in shared:
        return shared["mean_rate"], "average", "rate"
    return (rate(shared["logit_rate"]), "average", "rate") if "logit_rate" in shared else (None, "", "")


def _predictive(fit: CheckedFit, sampled: bool) -> dict[str, float]:
    """Log predictive density of studies left out, exact by quadrature, and PSIS-LOO over arms where NUTS has draws."""
    try:
        found = {"left_out": left_out_density(fit.spec, fit.posterior.data)}
    except EngineError:
        found = {"left_out": np.nan}
    names = ("elpd_loo", "elpd_loo_se", "pareto_k")
    if not sampled:
        return found
    if fit.kept.engine != "nuts":
        return found | dict.fromkeys(names, np.nan)
    import arviz

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that k is large is told by its column
        loo = arviz.loo(fit.kept.tree(), pointwise=True)
    return found | dict(zip(names, (float(loo.elpd), float(loo.se), float(np.nanmax(loo.pareto_k))), strict=True))
