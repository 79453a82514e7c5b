"""Predictive checks: mid-p values of every arm's count given its other arm, all other studies, and its own data.

The mid-p value is P(X < x) + P(X = x) / 2 for the count x among n that was printed, under a predictive distribution:

- ``other_arm``: the other arm of its study observed, and nothing else but the priors. (Given nothing at all a vague
  prior of the baselines allows any rate, so a check of that would say nothing by design.)
- ``left_out``: the other arm of its study and all other studies observed;
- ``in_sample``: everything observed, the arm itself included, which makes it look too good.

Where a print allows several counts the value is averaged over them by their posterior weights. A weighted arm counts
at its effective size, rounded to whole patients. Values near 0 or 1 are surprising; in sample they are pulled to 1/2
(Gelman, Meng and Stern 1996, Stat Sinica 6:733).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from scipy.stats import binom

from reanalysis.alternatives.unseen import logit_unseen
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal, resolved
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.likelihood import log_pmf, width
from reanalysis.model.spec import ArmName, ModelSpec
from reanalysis.typing import Array

ARM_NAMES: tuple[ArmName, ...] = ("control", "treated")


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
        Table with a row an arm: study, arm, rate (as printed, in per cent), other_arm, left_out, in_sample.
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
    log_share = np.stack([log_pmf(x, n, logits, rho) for x, n in pairs]) + candidates.log_weight[:, None]
    values = np.stack([_one(round(float(x)), round(float(n)), logits, rho) for x, n in pairs])
    return np.asarray((softmax(log_share, axis=0) * values).sum(axis=0))


def _one(x: int, n: int, logits: Array, rho: float) -> Array:
    if rho == 0:
        below = binom.cdf(x - 1, n, expit(logits))
    else:
        below = np.exp(log_pmf(np.arange(x)[:, None], n, logits, rho)).sum(axis=0)
    return np.asarray(below + 0.5 * np.exp(log_pmf(x, n, logits, rho)))
