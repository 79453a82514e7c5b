"""Power scaling: prior or likelihood raised to a power near 1, and how far the posterior follows.

Power-scaling sensitivity (Kallioinen et al. 2023, Stat Comput 34:57), by ArviZ on the draws of a posterior: the rate of
change of the posterior's distance from itself per doubling of the power. Of a hierarchy only the priors of its
hyperparameters are scaled, one at a time and together; the distribution of effects given them is the model, not a
prior. The diagnosis that ArviZ attaches is left out: it is not reliable for a heterogeneity of three studies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.result import CheckResult

if TYPE_CHECKING:
    from xarray import DataTree

_REPORTED = (
    "log_odds_ratio", "log_odds_ratio_new", "logit_rate", "logit_rate_new", "tau", "study_log_odds_ratio",
    "study_logit_rate", "study_risk_difference",
)  # fmt: skip
_PRIORS = {"prior of mu": ("mu",), "prior of tau": ("tau",), "both": ("mu", "tau"), "prior of baselines": ("baseline",)}

PRIORS = {
    "average effect": "prior of mu",
    "heterogeneity": "prior of tau",
    "baselines": "prior of baselines",
}
"""Columns of the table by what they are priors of."""

LIMIT = 0.05
"""Sensitivity from which a prior is said to decide (Kallioinen et al. 2023)."""


def power_scaling(posterior: Posterior) -> CheckResult:
    """Sensitivity of every reported quantity to each prior and to the likelihood; reported, not gated.

    Returns
    -------
    CheckResult
        Table with a row a quantity: study (empty for overall ones), a column a prior, and ``likelihood``. What a
        pooling does not have is absent.
    """
    tree = posterior.tree()
    known = set(tree["log_prior"].data_vars)
    columns = {}
    for name, parts in _PRIORS.items():
        used = [part for part in parts if part in known]
        if used and len(used) == len(parts):
            columns[name] = _sensitivity(tree, "prior", used)
    columns["likelihood"] = _sensitivity(tree, "likelihood", [str(name) for name in tree["log_likelihood"].data_vars])
    table = pd.DataFrame(columns).rename_axis(["quantity", "study"]).reset_index()
    text = (
        "Cumulative Jensen-Shannon distance per doubling of the power of a prior or of the likelihood: near 0 where a "
        "quantity does not depend on it; 0.05 is the authors' rule of thumb"
    )
    return CheckResult("Power-scaling sensitivity", None, text, table)


def _sensitivity(tree: DataTree, group: str, names: list[str]) -> pd.Series[float]:
    from arviz_stats import psense

    present = [name for name in _REPORTED if name in tree["posterior"].data_vars]
    found = psense(tree, var_names=present, group=group, group_var_names=names)
    values = {}
    for name in present:
        one = found[name]
        if "study" in one.dims:
            for study in one["study"].values:
                values[name.removeprefix("study_"), str(study)] = float(one.sel(study=study))
        else:
            values[name, ""] = float(one)
    series = pd.Series(values, dtype=float)
    series.index = pd.MultiIndex.from_tuples(list(values))
    return series.where(np.isfinite(series))
