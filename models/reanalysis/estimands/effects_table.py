"""Odds ratios, risks, risk differences and probabilities of one posterior in one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.baselines import named_baselines
from reanalysis.estimands.headline import headline
from reanalysis.estimands.probabilities import direction
from reanalysis.estimands.rates import rate
from reanalysis.estimands.ratios import new_ratio_moments, odds_ratio
from reanalysis.estimands.risk_difference import risk_difference, risk_ratio_at, treated_risk
from reanalysis.estimands.summary import summarise
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput

_INDEX = ["of", "quantity", "control risk"]


def effects_table(evidence: Evidence, posterior: Posterior) -> pd.DataFrame:
    """Odds ratios, risks, risk differences and probabilities of a fitted endpoint.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    posterior : Posterior
        Of a model of contrasts with partial pooling.

    Returns
    -------
    DataFrame
        One row a quantity: of what (average, new study, a study), at which control risk; mean, SD, median and 95 %
        interval (risks as proportions); P(fewer events), and P(benefit) where a good side is declared.

    Raises
    ------
    InvalidInput
        If the posterior has no average effect.
    """
    if "log_odds_ratio_new" not in posterior.overall:
        spec = posterior.spec
        raise InvalidInput([f"effects: {spec.model} with {spec.pooling} pooling has no average effect; see .table()"])
    better = evidence.endpoint(posterior.endpoint).better
    average, new = posterior.overall["log_odds_ratio"], posterior.overall["log_odds_ratio_new"]
    head = headline(posterior)
    of = "average" if head.study is None else evidence.study_label(head.study)
    rows = [
        _row("average", "odds ratio", odds_ratio(average), effect=average, better=better),
        _row(
            "new study", "odds ratio", odds_ratio(new), effect=new, better=better,
            moments=new_ratio_moments(posterior.spec.priors.tau),
        ),
        _row("heterogeneity", "tau", posterior.overall["tau"]),
    ]  # fmt: skip
    for study, marginals in posterior.study.items():
        label, effect = evidence.study_label(study), marginals["log_odds_ratio"]
        rows.append(_row(label, "odds ratio", odds_ratio(effect), effect=effect, better=better))
        if "control_logit" in marginals:
            rows.append(_row(label, "control risk", rate(marginals["control_logit"])))
            rows.append(_row(label, "treated risk", rate(marginals["treated_logit"])))
            rows.append(_row(label, "risk difference", marginals["risk_difference"]))
    for name, effect in ((of, head.log_odds_ratio), ("new study", new)):
        for baseline in named_baselines(evidence, posterior):
            at = f"{baseline.label}, {baseline.percent:g} %"
            rows += [_row(name, quantity, risk, at) for quantity, risk in _risks(effect, baseline.percent / 100)]
    found = pd.DataFrame(rows)
    for level in _INDEX:  # sorted in the order of reading, so that any part can be looked up
        found[level] = pd.Categorical(found[level], list(dict.fromkeys(found[level])), ordered=True)
    return found.set_index(_INDEX).sort_index()


def _risks(log_odds_ratio: Marginal, control_risk: float) -> Iterator[tuple[str, Marginal]]:
    yield "treated risk", treated_risk(log_odds_ratio, control_risk)
    yield "risk difference", risk_difference(log_odds_ratio, control_risk)
    yield "risk ratio", risk_ratio_at(log_odds_ratio, control_risk)


def _row(
    of: str, quantity: str, marginal: Marginal, at: str = "", *,
    effect: Marginal | None = None, better: str | None = None, moments: int = 2,
) -> dict[str, Any]:  # fmt: skip
    sides = None if effect is None else direction(effect, better)
    return (
        dict(zip(_INDEX, (of, quantity, at), strict=True))
        | summarise(marginal, moments=moments).as_dict()
        | {"P(fewer events)": sides and sides.below, "P(benefit)": sides and sides.benefit}
    )
