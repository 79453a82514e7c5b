"""The headline of a fit under other priors of its baselines; reported, not gated."""

from __future__ import annotations

import math

import pandas as pd

from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.summary import summarise
from reanalysis.gates.result import CheckResult
from reanalysis.model.baselines import baseline_alternatives
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

MOVED = 0.05
"""Change of a headline's probability beyond which a choice of prior is said to decide it."""


def baseline_choice(spec: ModelSpec, data: ModelData) -> CheckResult | None:
    """The headline under other priors of the baselines, by quadrature.

    Returns
    -------
    CheckResult or None
        Table with a row a choice, the primary first: choice, odds_ratio, lower, upper, p_below_0 (missing where it
        could not be computed). ``passed`` is None, and False where a choice moves P(odds ratio < 1) by more than
        :data:`MOVED`. None for a model without baselines, quadrature or a headline.
    """
    if not spec.baselines or "quadrature" not in spec.engines or why_no_headline(spec, data):
        return None
    rows = []
    for label, other in baseline_alternatives(spec, data).items():
        try:
            effect = headline(fit(other, data)).log_odds_ratio
        except EngineError:
            rows.append((label, math.nan, math.nan, math.nan, math.nan))
            continue
        s = summarise(effect)
        rows.append((label, math.exp(s.median), math.exp(s.lower), math.exp(s.upper), float(effect.cdf(0.0))))
    table = pd.DataFrame(rows, columns=["choice", "odds_ratio", "lower", "upper", "p_below_0"])
    chance = table["p_below_0"]
    moved = float((chance - chance[0]).abs().max())
    text = (
        f"P(odds ratio < 1) {chance[0]:.3f} is {chance.min():.3f} to {chance.max():.3f} and the odds ratio "
        f"{table['odds_ratio'][0]:.2f} is {table['odds_ratio'].min():.2f} to {table['odds_ratio'].max():.2f} under "
        f"{len(table) - 1} other baselines"
    )
    if moved > MOVED:
        text += f": the prior of the baselines moves the result by {100 * moved:.0f} points"
    return CheckResult("Prior of the baselines", False if moved > MOVED else None, text, table)
