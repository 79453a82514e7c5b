"""Predictions of what was reported: of every arm while it is hidden, and of every study from all others.

Predictive checks are mid-p values, P(X < x) + P(X = x) / 2 for the count x among n that was reported, under a
predictive distribution:

- ``other_arm``: the other arm of its study observed, and nothing else but the priors. (Given nothing at all a vague
  prior of the baselines allows any rate, so a check of that would say nothing by design.)
- ``left_out``: the other arm of its study and all other studies observed;
- ``in_sample``: everything observed, the arm itself included, which makes it look too good.

Where a report allows several counts the value is averaged over them by their posterior weights. A weighted arm counts
at its effective size, rounded to whole patients. Values near 0 or 1 are surprising; in sample they are pulled to 1/2
(Gelman, Meng and Stern 1996, Stat Sinica 6:733).

The log predictive density of a left-out study, log p(y_s | all others), is the difference of two log marginal
likelihoods, with and without the study, both exact by quadrature. Importance sampling from the full posterior
(PSIS-LOO) is not used: with few studies every one of them is influential and its Pareto k is above 0.7. For the limits
of cross-validation with few observations see Sivula et al. 2022 (arXiv:2008.10296).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import betaincc, expit, softmax

from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal, resolved
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.likelihood import log_pmf, width
from reanalysis.model.spec import ArmName, ModelSpec, Pooling
from reanalysis.typing import Array

ARM_NAMES: tuple[ArmName, ...] = ("control", "treated")
POOLINGS: tuple[Pooling, ...] = ("partial", "complete", "none")

_NOBODY = Candidates.count(0, 0)
"""An arm of which nothing is known."""

_FEW = 10
"""Studies below which a standard error of the sum means nothing."""


def logit_unseen(
    spec: ModelSpec, data: ModelData, study: str, arm: ArmName = "treated", others: bool = True
) -> Marginal:
    """Posterior of a study's logit of an arm given all but that arm, by quadrature.

    Parameters
    ----------
    spec : ModelSpec
        Of a model of contrasts.
    study : str
        Its id. What is known of its other arm is used: its counts, a benchmark, or the prior alone.
    arm : {"control", "treated"}
        The arm that is hidden.
    others : bool
        Whether the other studies are seen too, or the priors alone.
    """
    shown = tuple(_without(one, arm) if one.study == study else one for one in data.studies)
    if not others:
        shown = tuple(one for one in shown if one.study == study)
    return fit(spec, ModelData(data.endpoint, shown)).study[study][f"{arm}_logit"]


def _without(study: StudyData, arm: ArmName) -> StudyData:
    if arm == "control":
        return replace(study, control=None if study.treated else _NOBODY)
    known = study.control is not None or study.benchmark is not None
    return replace(study, treated=None, control=study.control if known else _NOBODY)


def predictive_checks(spec: ModelSpec, data: ModelData) -> CheckResult:
    """Mid-p values of every arm, by quadrature; reported, not gated.

    Parameters
    ----------
    spec : ModelSpec
        Of a model of contrasts.
    data : ModelData
        Studies; those that enter by an adjusted ratio have no arms to predict.

    Returns
    -------
    CheckResult
        Table with a row an arm: study, arm, rate (as reported, in per cent), other_arm, left_out, in_sample.
    """
    if all(study.adjusted is not None for study in data.studies):
        return _result([])
    posterior, rows = fit(spec, data), []
    for study in data.studies:
        if study.adjusted is not None:
            continue
        for arm in ARM_NAMES:
            candidates = getattr(study, arm)
            if candidates is None:
                continue
            value = partial(_expected, candidates, study.rho)
            rows.append(
                {
                    "study": study.study,
                    "arm": arm,
                    "rate": 100 * candidates.proportion(),
                    "other_arm": value(logit_unseen(spec, data, study.study, arm, others=False)),
                    "left_out": value(logit_unseen(spec, data, study.study, arm)),
                    "in_sample": value(posterior.study[study.study][f"{arm}_logit"]),
                }
            )
    return _result(rows)


def _result(rows: list[dict[str, object]]) -> CheckResult:
    table = pd.DataFrame(rows, columns=["study", "arm", "rate", "other_arm", "left_out", "in_sample"])
    text = "mid-p value of each arm's count: near 0 or 1 where it surprises the model"
    return CheckResult("Predictive checks", None, text, table)


def _expected(candidates: Candidates, rho: float, logit: Marginal) -> float:
    """Mid-p value averaged over a distribution of the arm's logit."""
    nodes, mass = resolved(logit, width(float(candidates.size.max()), rho))
    return float(mass @ _mid_p(candidates, nodes, rho))


def _mid_p(candidates: Candidates, logits: Array, rho: float) -> Array:
    """Mid-p value at each logit, shape (L,)."""
    pairs = list(zip(candidates.x, candidates.size, strict=True))
    log_weight = np.stack([log_pmf(x, n, logits, rho) for x, n in pairs]) + candidates.log_weight[:, None]
    values = np.stack([_mid_p_of(round(float(x)), round(float(n)), logits, rho) for x, n in pairs])
    return np.asarray((softmax(log_weight, axis=0) * values).sum(axis=0))


def _mid_p_of(x: int, n: int, logits: Array, rho: float) -> Array:
    if rho == 0:
        below = betaincc(x, n - x + 1, expit(logits)) if x else 0.0
    else:
        below = np.exp(log_pmf(np.arange(x)[:, None], n, logits, rho)).sum(axis=0)
    return np.asarray(below + 0.5 * np.exp(log_pmf(x, n, logits, rho)))


def left_out_prediction(spec: ModelSpec, data: ModelData) -> CheckResult:
    """Log predictive density of each study given the others, under each pooling; reported, not gated.

    Returns
    -------
    CheckResult
        Table with a row a study and a last row ``all``, their sum; columns study, partial, complete, none.
    """
    rows = [
        {"study": study.study}
        | {pooling: _density(replace(spec, pooling=pooling), data, place) for pooling in POOLINGS}
        for place, study in enumerate(data.studies)
    ]
    table = pd.DataFrame(rows)
    total = {"study": "all"} | {pooling: float(table[pooling].sum()) for pooling in POOLINGS}
    return CheckResult("Leave-one-study-out prediction", None, _limits(len(data.studies)), pd.DataFrame([*rows, total]))


def left_out_density(spec: ModelSpec, data: ModelData) -> float:
    """Sum over studies of the log predictive density of each given the others, under one specification.

    Raises
    ------
    EngineError
        If quadrature does not have the model, or its prior is improper and gives no evidence.
    """
    return sum(_density(spec, data, place) for place in range(len(data.studies)))


def _density(spec: ModelSpec, data: ModelData, place: int) -> float:
    study = data.studies[place]
    rest = tuple(one for one in data.studies if one is not study)
    alone = ModelData(data.endpoint, (study,))
    if spec.pooling == "none" or not rest:
        # its effect has the prior of mu (and tau), whatever other studies say
        return _log_evidence(spec if spec.pooling == "partial" else replace(spec, pooling="complete"), alone)
    return _log_evidence(spec, data) - _log_evidence(spec, ModelData(data.endpoint, rest))


def _log_evidence(spec: ModelSpec, data: ModelData) -> float:
    value = fit(spec, data).log_evidence
    if value is None:
        raise EngineError(f"{spec.model} has no log evidence")
    return value


def _limits(count: int) -> str:
    if count == 1:
        return "with one study the prior alone predicts it: this rates the prior and not the pooling"
    if count < _FEW:
        return (
            f"with {count} studies each is predicted by {count - 1} others and by the prior: the sums have {count} "
            "terms, no standard error worth stating, and differences of a few units decide nothing between poolings"
        )
    return f"sums over {count} studies; a difference between poolings is worth its paired standard error"
