"""Would the model have printed what was printed? Mid-p values of every arm, before, with and without its own data.

The mid-p value is P(X < x) + P(X = x) / 2 for the count x among n that was printed, under a predictive distribution:

- ``prior``: nothing observed;
- ``in_sample``: everything observed, the arm itself included, which makes it look too good;
- ``left_out``: of the treated arm, its own control arm and all other studies observed; of the control arm, its prior
  alone, because no study shares its baseline with another.

Where a print allows several counts the value is averaged over them by their posterior weights. A weighted arm counts
at its effective size, rounded to whole patients. Values near 0 or 1 are surprising; in sample they are pulled to 1/2
(Gelman, Meng and Stern 1996, Stat Sinica 6:733).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reanalysis.checks.result import CheckResult
from reanalysis.engines.fit import fit
from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.likelihood import log_pmf
from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]

_TAU_NODES = 200
_NORMAL_NODES, _NORMAL_WEIGHTS = np.polynomial.hermite_e.hermegauss(64)


def predictive_checks(spec: ModelSpec, data: ModelData) -> CheckResult:
    """Prior, in-sample and leave-out mid-p value of every arm, by quadrature; reported, not gated.

    Parameters
    ----------
    spec : ModelSpec
        Of a model of contrasts.
    data : ModelData
        Studies; those that enter by an adjusted ratio have no arms to predict.

    Returns
    -------
    CheckResult
        Table with a row an arm: study, arm, rate (as printed, in per cent), prior, in_sample, left_out.
    """
    posterior, rows = fit(spec, data), []
    for place, study in enumerate(data.studies):
        if study.adjusted is not None:
            continue
        for arm in ("control", "treated"):
            candidates = getattr(study, arm)
            if candidates is None:
                continue
            value = _mid_p(candidates, study.rho)
            before = _prior_mean(spec, study, arm, value)
            left_out = before if arm == "control" else _without_treated(spec, data, place, value)
            rows.append(
                {
                    "study": study.study,
                    "arm": arm,
                    "rate": 100 * candidates.proportion(),
                    "prior": before,
                    "in_sample": posterior.study[study.study][f"{arm}_logit"].mean(value),
                    "left_out": left_out,
                }
            )
    table = pd.DataFrame(rows, columns=["study", "arm", "rate", "prior", "in_sample", "left_out"])
    text = "mid-p value of each arm's count: near 0 or 1 where it surprises the model"
    return CheckResult("Predictive checks", None, text, table)


def _mid_p(candidates: Candidates, rho: float) -> Callable[[Array], Array]:
    """From logits, shape (L,), to mid-p values."""

    def value(logits: Array) -> Array:
        logits = np.atleast_1d(np.asarray(logits, dtype=float))
        log_weight = np.stack(
            [w + log_pmf(x, n, logits, rho) for x, n, w in
             zip(candidates.x, candidates.size, candidates.log_weight, strict=True)]
        )  # fmt: skip
        weight = np.exp(log_weight - log_weight.max(axis=0))
        values = np.stack(
            [_one(round(float(x)), round(float(n)), logits, rho)
             for x, n in zip(candidates.x, candidates.size, strict=True)]
        )  # fmt: skip
        return np.asarray((weight * values).sum(axis=0) / weight.sum(axis=0))

    return value


def _one(x: int, n: int, logits: Array, rho: float) -> Array:
    below = np.arange(x + 1)[:, None]
    pmf = np.exp(log_pmf(below, n, logits, rho))
    return np.asarray(pmf[:-1].sum(axis=0) + 0.5 * pmf[-1])


def _prior_mean(spec: ModelSpec, study: StudyData, arm: str, value: Callable[[Array], Array]) -> float:
    """Mean over the prior of the arm's logit, a normal whose variance depends on tau."""
    priors = spec.priors
    mean, variance = priors.baseline.mean, np.array([priors.baseline.sd**2])
    if arm == "treated":
        mean += priors.mu.mean
        variance = variance + priors.mu.sd**2 + study.bias**2
        if spec.pooling == "partial":
            tau = [priors.tau.quantile((i + 0.5) / _TAU_NODES) for i in range(_TAU_NODES)]
            variance = variance + np.square(tau)
    logits = mean + np.sqrt(variance)[:, None] * _NORMAL_NODES
    by_tau = value(logits.ravel()).reshape(logits.shape) @ (_NORMAL_WEIGHTS / _NORMAL_WEIGHTS.sum())
    return float(by_tau.mean())


def _without_treated(spec: ModelSpec, data: ModelData, place: int, value: Callable[[Array], Array]) -> float:
    study = data.studies[place]
    if study.control is None and study.benchmark is None:
        without = ModelData(data.endpoint, tuple(s for s in data.studies if s is not study))
        return float("nan") if not without.studies else _prior_mean(spec, study, "treated", value)
    rest = tuple(replace(s, treated=None) if s is study else s for s in data.studies)
    found = fit(spec, ModelData(data.endpoint, rest))
    return found.study[study.study]["treated_logit"].mean(value)
