"""What does a program read of a report? results.json and results.csv."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reanalysis.alternatives.multiverse.summary import summary
from reanalysis.alternatives.outcome import Outcome, as_table
from reanalysis.alternatives.scrutiny import Scrutiny
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.risks import BaselineEffect, NumberNeeded
from reanalysis.estimands.table import flat
from reanalysis.evidence.candidates.observation import sizes_told
from reanalysis.gates.convergence import monte_carlo


def results(analysis: Analysis) -> dict[str, Any]:
    """Everything reported, as plain values."""
    return {
        "title": analysis.evidence.title,
        "engine": "quadrature",
        "checked_by": analysis.engine if analysis.engine == "nuts" else None,
        "spec": analysis.spec.as_dict(),
        "coverage": analysis.ledger.as_dict()["coverage"],
        "endpoints": {e.id: _endpoint(e) for e in analysis.endpoints},
        "failed": [{"endpoint": f.endpoint, "label": f.label, "reason": f.reason} for f in analysis.failed],
        "passed": not analysis.failures,
    }


def results_table(analysis: Analysis) -> pd.DataFrame:
    """Tidy table: one row a quantity of an endpoint, with the sizes assumed where n is not printed.

    ``study`` is empty for what all studies share; a study may be called ``NA``, so read it without default missing
    values (``keep_default_na=False`` in pandas).
    """
    rows = []
    for e in analysis.endpoints:
        sizes = "; ".join(sizes_told(e.fit.selection.observations))
        for (study, quantity), value in flat(e.fit.as_dict()["estimates"]).items():
            rows.append({"endpoint": e.id, "study": study, "quantity": quantity, **value, "assumed": sizes})
    return pd.DataFrame(rows)


def table_text(table: pd.DataFrame) -> str:
    """A table as CSV in which no text can act as a formula: a spreadsheet runs what begins with = + - or @."""
    safe = table.apply(lambda column: column.map(lambda cell: f"'{cell}" if _acts(cell) else cell))
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _acts(cell: object) -> bool:
    return isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "|", "%"))


def _endpoint(e: EndpointAnalysis) -> dict[str, Any]:
    return e.fit.as_dict() | {
        "label": e.label,
        "better": e.better,
        "headline": {
            "kind": e.headline.kind,
            "study": e.headline.study,
            "comparative_studies": list(e.headline.comparative),
            "log_odds_ratio": e.log_odds_ratio.as_dict(),
            "odds_ratio": e.odds_ratio.as_dict(),
            "p_below_0": e.direction.below,
            "p_benefit": e.direction.benefit,
            "p_harm": e.direction.harm,
            "baselines": [_baseline(b) for b in e.baselines],
            "monte_carlo": monte_carlo(e.headline.log_odds_ratio),
        },
        "new_study": {
            "p_below_0": e.new_direction.below,
            "p_benefit": e.new_direction.benefit,
            "baselines": [_baseline(b) for b in e.new_baselines],
            "monte_carlo": monte_carlo(e.fit.posterior.overall["log_odds_ratio_new"]),
        },
        "sensitivity": {group: _outcomes(found) for group, found in e.sensitivity.items()},
        "alarms": [alarm.as_dict() for alarm in e.alarms],
        "scrutiny": _scrutiny(e.scrutiny),
        "models": [model.as_dict() for model in e.models],
    }


def _scrutiny(found: Scrutiny | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "tipping_points": [point.as_dict() for point in found.tipping],
        "predictive_checks": found.predictive.table.to_dict("records"),
        "power_scaling": found.power.table.to_dict("records"),
        "multiverse": summary(found.multiverse),
    }


def _baseline(at: BaselineEffect) -> dict[str, Any]:
    return {
        "label": at.baseline.label,
        "control_risk": at.baseline.percent / 100,
        "treated_risk": at.treated_risk.as_dict(),
        "risk_difference": at.risk_difference.as_dict(),
        "risk_ratio": at.risk_ratio.as_dict(),
        "number_needed": _needed(at.needed),
        "beyond": [{"points": b.margin, "p_fewer": b.fewer, "p_more": b.more} for b in at.beyond],
        "rope_points": at.rope,
        "p_within_rope": at.within_rope,
    }


def _needed(needed: NumberNeeded | None) -> dict[str, Any] | None:
    if needed is None:
        return None
    return {
        "side": needed.side,
        "median": needed.median,
        "pieces": [{"side": p.side, "low": p.low, "high": p.high} for p in needed.pieces],
    }


def _outcomes(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    table = as_table(outcomes).drop(columns=["group"])
    return table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[return-value]
