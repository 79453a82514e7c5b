"""results.json and its tables: what a program reads of a report, each part from the section that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd

from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import LEVEL
from reanalysis.estimands.table import tidy
from reanalysis.evidence.candidates.observation import sizes_told
from reanalysis.files import as_json
from reanalysis.reporting import contents

SCHEMA_VERSION = "1.0"
"""Of results.json, described by results.schema.json: the first number changes where a reader of the old one fails."""

FIELDS = {
    "endpoint": "Id of the endpoint.",
    "label": "Its name for readers.",
    "scenario_group": "The choice that is varied: primary, or a group of alternatives.",
    "scenario": "The level it is set to.",
    "primary": "Whether the row is of the primary analysis.",
    "estimand": "average, new_study, heterogeneity, or study:ID for a study's own.",
    "headline": "Whether it is the published number: one row an endpoint and quantity.",
    "quantity": "What is estimated: odds_ratio, log_odds_ratio, tau, control_rate, treated_risk, risk_difference, ...",
    "baseline": "Name of the control risk; empty where a quantity needs none or a study's own is meant.",
    "control_risk": "That risk, a proportion.",
    "median": "Posterior median; risks are proportions.",
    "lower": "Lower end of the equal-tailed interval.",
    "upper": "Upper end of it.",
    "level": "Probability of the interval.",
    "p_below_0": "Probability that the log odds ratio is below 0: fewer events with treatment.",
    "p_benefit": "Probability of the declared good side; empty where none is declared.",
    "engine": "What computed it: quadrature or nuts.",
    "assumed": "Sizes assumed where n is not reported.",
}
"""Columns of results.csv; those of :data:`MARGINS` stand before the last two."""

MARGINS = {
    "p_fewer_": "Probability that the risk difference lies below minus so many percentage points.",
    "p_more_": "Probability that the risk difference lies above so many percentage points.",
    "p_within_": "Probability that the risk difference lies within so many percentage points of 0.",
}
"""Beginnings of the columns that end with a margin in percentage points."""


def results(analysis: Analysis) -> dict[str, Any]:
    """Everything reported, as plain values."""
    whole: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "reanalysis", "version": version("reanalysis")},
        "title": analysis.evidence.title,
        "engine": "quadrature",
        "checked_by": analysis.engine if analysis.engine == "nuts" else None,
        "spec": analysis.spec,
        "endpoints": {e.id: _endpoint(e) for e in analysis.endpoints},
        "failed": analysis.failed,
        "passed": not analysis.failures,
    }
    for section in (*contents.FRONT, *contents.BODY):
        whole = merged(whole, section.results(analysis))
    for e in analysis.endpoints:
        for part in contents.CARD:
            whole["endpoints"][e.id] = merged(whole["endpoints"][e.id], part.results(e))
    found: dict[str, Any] = as_json(whole)
    return found


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both contributions; where both have a key, what is within is merged.

    Raises
    ------
    ValueError
        If two sections contribute different values of one key.
    """
    found = dict(one)
    for key, value in other.items():
        if isinstance(found.get(key), dict) and isinstance(value, dict):
            found[key] = merged(found[key], value)
        elif key in found and found[key] is not value:
            raise ValueError(f"two sections contribute {key!r} to results.json")
        else:
            found[key] = value
    return found


def _endpoint(endpoint: EndpointAnalysis) -> dict[str, Any]:
    """The published fit, its probabilities under the one name that they have everywhere in results."""
    found = endpoint.fit.as_dict()
    below = found.pop("probabilities")
    found["p_below_0"] = {
        "average": below["log_odds_ratio_below_0"],
        "new_study": below["log_odds_ratio_new_below_0"],
        "study": below["study_log_odds_ratio_below_0"],
    }
    return found | {"label": endpoint.label, "better": endpoint.better}


# ---- the tables -----------------------------------------------------------------------------------------------------


def results_table(analysis: Analysis) -> pd.DataFrame:
    """Tidy table: one row an endpoint, scenario, estimand and quantity, in the order of the report.

    The primary analysis first, in full; then the effect under every other choice and model that has one.
    :data:`FIELDS` says what each column holds. ``headline`` marks exactly one row an
    endpoint and quantity: the published number.
    """
    tables = []
    for e in analysis.endpoints:
        sizes = "; ".join(sizes_told(e.fit.selection.observations))
        primary = tidy(e.fit.evidence, e.fit.posterior)
        own = primary["estimand"] == "study"
        primary["estimand"] = primary["estimand"].str.replace(" ", "_").where(~own, "study:" + primary["study"])
        of: dict[str, Any] = {"scenario_group": "primary", "primary": True, "engine": e.fit.posterior.engine}
        others = [_scenario_row(one, quantity) for one in _others(e) for quantity in ("log_odds_ratio", "odds_ratio")]
        both = pd.concat([primary.assign(**of), *([pd.DataFrame(others)] if others else [])], ignore_index=True)
        tables.append(both.assign(endpoint=e.id, label=e.label, level=LEVEL, assumed=sizes))
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    margins = sorted((c for c in map(str, found) if c.startswith(tuple(MARGINS))), key=_in_order)
    columns = [c for c in FIELDS if c not in ("engine", "assumed")] + margins + ["engine", "assumed"]
    return found.reindex(columns=columns)


def _in_order(column: str) -> tuple[int, float]:
    start = next(one for one in MARGINS if column.startswith(one))
    return [*MARGINS].index(start), float(column.removeprefix(start))


def _others(endpoint: EndpointAnalysis) -> Iterator[Outcome]:
    """Outcomes other than the primary analysis that have an effect; of other models under the group ``model``."""
    every = (one for group in endpoint.sensitivity.values() for one in group)
    yield from (one for one in every if not one.primary and one.log_odds_ratio is not None)
    for one in endpoint.models:
        if one.model != endpoint.fit.spec.model and one.log_odds_ratio is not None:
            yield replace(one, group="model", label=one.model)


def _scenario_row(one: Outcome, quantity: Literal["log_odds_ratio", "odds_ratio"]) -> dict[str, Any]:
    summary = getattr(one, quantity)
    return {
        "scenario_group": one.group,
        "scenario": one.label,
        "primary": False,
        "estimand": "average" if one.study is None else f"study:{one.study}",
        "headline": False,
        "quantity": quantity,
        "baseline": "",
        **{name: getattr(summary, name) for name in ("median", "lower", "upper")},
        "p_below_0": one.below,
        "p_benefit": one.benefit,
        "engine": one.engine,
    }


def specifications_table(analysis: Analysis) -> pd.DataFrame:
    """Every combination of choices of every endpoint that is scrutinised, one row a specification.

    Columns: endpoint, primary, effect (whose), ``log_odds_ratio_`` and ``odds_ratio_`` median, lower and upper,
    p_below_0, p_benefit, and a column a choice, ``choice_`` and its name.
    """
    tables = []
    for e in analysis.endpoints:
        if e.scrutiny is None:
            continue
        found = e.scrutiny.multiverse
        one = pd.DataFrame({"endpoint": e.id} | {name: found.table[name] for name in ("primary", "effect")})
        for name in ("median", "lower", "upper"):
            one[f"log_odds_ratio_{name}"] = found.table[name]
            one[f"odds_ratio_{name}"] = np.exp(found.table[name])
        one[["p_below_0", "p_benefit"]] = found.table[["p_below_0", "p_benefit"]]
        names = {choice.name: f"choice_{choice.name}" for choice in found.choices}
        tables.append(one.join(found.table[[*names]].rename(columns=names)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def table_text(table: pd.DataFrame) -> str:
    """A table as CSV in which no text can act as a formula: a spreadsheet runs what begins with = + - or @."""
    safe = table.apply(lambda column: column.map(_cell))
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _cell(cell: object) -> object:
    if isinstance(cell, (bool, np.bool_)):
        return str(cell).lower()  # as R and Frictionless write it
    acts = isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "|", "%"))
    return f"'{cell}" if acts else cell
