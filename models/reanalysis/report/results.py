"""What does a program read of a report? results.json and results.csv."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reanalysis.effects.number_needed import NumberNeeded
from reanalysis.report.analysis import Analysis
from reanalysis.report.endpoint import BaselineEffect, EndpointAnalysis
from reanalysis.sensitivity.scenario import Outcome, as_table


def results(analysis: Analysis) -> dict[str, Any]:
    """Everything reported, as plain values."""
    return {
        "title": analysis.evidence.title,
        "engine": analysis.engine,
        "spec": analysis.spec.as_dict(),
        "coverage": analysis.ledger.as_dict()["coverage"],
        "endpoints": {e.id: _endpoint(e) for e in analysis.endpoints},
        "passed": not analysis.failures,
    }


def results_table(analysis: Analysis) -> pd.DataFrame:
    """Tidy table: one row a quantity of an endpoint."""
    rows = []
    for e in analysis.endpoints:
        found = e.fit.as_dict()["estimates"]
        quantities = {("", name): value for name, value in found.items() if name != "study"}
        for study, values in found["study"].items():
            quantities |= {(study, name): value for name, value in values.items()}
        for (study, name), value in quantities.items():
            if value is not None:
                rows.append({"endpoint": e.id, "study": study, "quantity": name, **value})
    return pd.DataFrame(rows)


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
        },
        "new_study": {
            "p_below_0": e.new_direction.below,
            "p_benefit": e.new_direction.benefit,
            "baselines": [_baseline(b) for b in e.new_baselines],
        },
        "sensitivity": {group: _outcomes(found) for group, found in e.sensitivity.items()},
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
