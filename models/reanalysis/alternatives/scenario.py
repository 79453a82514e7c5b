"""What if one choice had been another? One alternative specification, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pandas as pd

from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import headline
from reanalysis.estimands.summary import QuantileTable, Summary, direction, summarise, tabulate
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class Scenario:
    """An alternative to the primary specification.

    Parameters
    ----------
    group : str
        Which choice it varies: ``leave one out``, ``pooling``, ``weighting`` ...
    label : str
        What it sets that choice to, for readers.
    spec : ModelSpec
        The whole specification.
    primary : bool
        Whether it is the primary specification itself.
    """

    group: str
    label: str
    spec: ModelSpec
    primary: bool = False


@dataclass(frozen=True)
class Outcome:
    """Result of a scenario.

    Parameters
    ----------
    summary : Summary or None
        Headline log odds ratio; None where it is not defined.
    below : float or None
        P(log odds ratio < 0).
    benefit : float or None
        P(benefit), None where no side is declared good.
    studies : tuple of str
        Studies that entered.
    note : str
        Why there is no result, or whose effect it is.
    table : QuantileTable or None
        The whole distribution of that log odds ratio.
    """

    scenario: Scenario
    summary: Summary | None
    below: float | None
    benefit: float | None
    studies: tuple[str, ...]
    note: str = ""
    table: QuantileTable | None = field(default=None, repr=False)


def run(evidence: Evidence, endpoint: str, scenarios: Iterable[Scenario]) -> list[Outcome]:
    """Headline effect of each scenario, by quadrature."""
    return [outcome for scenario in scenarios for outcome in _run_one(evidence, endpoint, scenario)]


def _run_one(evidence: Evidence, endpoint: str, scenario: Scenario) -> list[Outcome]:
    try:
        data = select(evidence, scenario.spec, endpoint).data
    except InvalidInput:
        return [Outcome(scenario, None, None, None, (), "not defined: no comparison is left")]
    try:
        posterior = fit(scenario.spec, data)
    except EngineError as error:
        return [Outcome(scenario, None, None, None, data.names, f"not computed: {error}")]
    better = evidence.endpoint(endpoint).better
    if scenario.spec.pooling == "none":
        return _each_study(evidence, scenario, posterior, better)
    found = headline(posterior)
    note = "average effect" if found.study is None else f"{evidence.study_label(found.study)}'s own effect"
    return [_outcome(scenario, found.log_odds_ratio, better, posterior.data.names, note)]


def _each_study(evidence: Evidence, scenario: Scenario, posterior: Posterior, better: str | None) -> list[Outcome]:
    outcomes = []
    for study in posterior.data.comparative:
        named = replace(scenario, label=f"{scenario.label}: {evidence.study_label(study)}")
        outcomes.append(_outcome(named, posterior.study[study]["log_odds_ratio"], better, (study,)))
    return outcomes


def _outcome(
    scenario: Scenario, effect: Marginal, better: str | None, studies: tuple[str, ...], note: str = ""
) -> Outcome:
    sides = direction(effect, better)
    return Outcome(scenario, summarise(effect), sides.below, sides.benefit, studies, note, tabulate(effect, [0.0]))


def as_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row an outcome, odds ratios beside log odds ratios."""
    import numpy as np

    rows = []
    for o in outcomes:
        row: dict[str, object] = {
            "group": o.scenario.group,
            "choice": o.scenario.label,
            "primary": o.scenario.primary,
            "studies": len(o.studies),
            "note": o.note,
            "p_below_0": o.below,
            "p_benefit": o.benefit,
        }
        if o.summary is not None:
            row |= {f"log_odds_ratio_{k}": v for k, v in o.summary.as_dict().items()}
            row |= {f"odds_ratio_{k}": float(np.exp(getattr(o.summary, k))) for k in ("median", "lower", "upper")}
        rows.append(row)
    return pd.DataFrame(rows)
