"""How well is each study predicted by the others? Leave-one-study-out log predictive densities, by refitting.

log p(y_s | all others) is the difference of two log marginal likelihoods, with and without the study, both exact by
quadrature. Importance sampling from the full posterior (PSIS-LOO) is not used: with few studies every one of them is
influential and its Pareto k is above 0.7. For the limits of cross-validation with few observations see Sivula et al.
2022 (arXiv:2008.10296).
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from reanalysis.engines.fit import fit
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec, Pooling

POOLINGS: tuple[Pooling, ...] = ("partial", "complete", "none")

_FEW = 10
"""Studies below which a standard error of the sum means nothing."""


def left_out_prediction(spec: ModelSpec, data: ModelData) -> CheckResult:
    """Log predictive density of each study given the others, under each pooling; reported, not gated.

    Returns
    -------
    CheckResult
        Table with a row a study and a last row ``all``, their sum; columns study, partial, complete, none.
    """
    rows = [
        {"study": study.study} | {pooling: _one(replace(spec, pooling=pooling), data, place) for pooling in POOLINGS}
        for place, study in enumerate(data.studies)
    ]
    table = pd.DataFrame(rows)
    total = {"study": "all"} | {pooling: float(table[pooling].sum()) for pooling in POOLINGS}
    return CheckResult("Leave-one-study-out prediction", None, _limits(len(data.studies)), pd.DataFrame([*rows, total]))


def _one(spec: ModelSpec, data: ModelData, place: int) -> float:
    study = data.studies[place]
    rest = tuple(one for one in data.studies if one is not study)
    alone = ModelData(data.endpoint, (study,))
    if spec.pooling == "none" or not rest:
        # its effect has the prior of mu (and tau), whatever other studies say
        return _log_evidence(spec if spec.pooling == "partial" else replace(spec, pooling="complete"), alone)
    return _log_evidence(spec, data) - _log_evidence(spec, ModelData(data.endpoint, rest))


def _log_evidence(spec: ModelSpec, data: ModelData) -> float:
    value = fit(spec, data).log_evidence
    assert value is not None
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
