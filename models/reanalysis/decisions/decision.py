"""The decision on one body of evidence: certainty, net benefit with its trade-offs, and what confounding explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from reanalysis.decisions.acceptability import Acceptability, acceptability
from reanalysis.decisions.benefit_risk import (
    CONVENTION,
    CORRELATIONS,
    NetBenefit,
    TradeOffLine,
    net_benefit,
    trade_off_lines,
)
from reanalysis.decisions.certainty import Certainty, certainty, findings_table
from reanalysis.decisions.confounding import Confounding, confounding
from reanalysis.decisions.effects import endpoint_effect, sampled_effects, scenarios
from reanalysis.decisions.grade import RULE
from reanalysis.decisions.joint_outcome import AnyOf, frechet_bounds, widest
from reanalysis.decisions.trade_offs import Request, request
from reanalysis.decisions.weighted_sum import CELLS
from reanalysis.estimands.summary import LEVEL
from reanalysis.evidence.candidates.narrowing import wholes_of
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification


@dataclass(frozen=True)
class Decision:
    """What follows for the next patient.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification, under which every endpoint was fitted by quadrature.
    request : Request
        Trade-offs, correlation, joint outcome.
    certainty : tuple of Certainty
        Every outcome that is compared.
    net_benefits : tuple of NetBenefit
        One a set of control risks.
    trade_off_lines : tuple of TradeOffLine
        Empty with one endpoint weighed.
    acceptabilities : tuple of Acceptability
        One a set of control risks.
    any_of : tuple of AnyOf
        One a set of control risks; empty where no joint outcome is asked for.
    confounding : tuple of Confounding
        Every outcome that is compared.
    """

    evidence: Evidence
    spec: ModelSpec
    request: Request
    certainty: tuple[Certainty, ...]
    net_benefits: tuple[NetBenefit, ...]
    trade_off_lines: tuple[TradeOffLine, ...]
    acceptabilities: tuple[Acceptability, ...]
    any_of: tuple[AnyOf, ...]
    confounding: tuple[Confounding, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the weights."""
        weighed = {one.endpoint for one in self.request.trade_offs}
        found = []
        for name in weighed:
            for whole in wholes_of(self.evidence, name):
                if whole in weighed:
                    found.append(f"{name} is part of {whole}: an event of it counts in both weights")
        if self.request.any_of:
            found += [f"{name} is part of another event of the joint outcome" for name in self.any_of[0].left_out]
        return tuple(sorted(found))

    def to_frame(self) -> pd.DataFrame:
        """The table of findings per 1,000 patients."""
        return findings_table(self.certainty)

    @cached_property
    def net_benefit_frame(self) -> pd.DataFrame:
        """Net benefit by control risks and correlation: mean, SD, median, 95 % interval, P(better)."""
        rows = []
        for one in self.net_benefits:
            for r, told in one.as_dict()["by_correlation"].items():
                rows.append({"baseline": one.baseline, "correlation": float(r), **told})
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        weights = ", ".join(f"{one.endpoint} {one.weight:g}" for one in self.request.trade_offs)
        return (
            f"<p><b>{escape(self.evidence.title)}</b></p>"
            f"{self.to_frame().to_html(index=False, float_format='{:.3g}'.format)}"
            f"<p>{escape(CONVENTION)} Weights: {escape(weights)}.</p>"
            f"{self.net_benefit_frame.to_html(index=False, float_format='{:.3f}'.format)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of ``reanalysis decide``."""
        return {
            "interval": LEVEL,
            "convention": CONVENTION,
            "weights": {one.endpoint: {"weight": one.weight, "reason": one.reason} for one in self.request.trade_offs},
            "correlation": self.request.correlation,
            "net_benefit": {one.baseline: one.as_dict() for one in self.net_benefits},
            "tradeoff": [point for line in self.trade_off_lines for point in line.as_dict()],
            "weight_share_better": self.acceptabilities[0].share_better,
            "acceptability": {one.baseline: one.as_dict() for one in self.acceptabilities},
            "any_of": {one.baseline: one.as_dict() for one in self.any_of} or None,
            "certainty_rule": RULE,
            "certainty": {one.endpoint: one.as_dict() for one in self.certainty},
            "confounding": {one.endpoint: one.as_dict() for one in self.confounding},
            "notes": list(self.notes),
            "spec": self.spec.as_dict()
            | {
                "engine": "quadrature",
                "dependence": "Gaussian copula of the log odds ratios, one correlation of every two endpoints",
                "correlations": sorted({*CORRELATIONS, self.request.correlation}),
                "cells": CELLS,
            },
        }


def decide(
    evidence: Evidence,
    weights: str | Mapping[str, float] | Iterable[str] | None = None,
    correlation: float | None = None,
    any_of: str | Iterable[str] | None = None,
) -> Decision:
    """Certainty of every outcome, net benefit of the treatment, its trade-offs, and E-values.

    Parameters
    ----------
    evidence, weights, correlation, any_of
        As of :func:`reanalysis.decisions.trade_offs.request`.

    Raises
    ------
    InvalidInput
        If the request cannot be answered, or the folder's reports contradict each other.
    EngineError
        If a posterior cannot be computed.
    """
    asked = request(evidence, weights, correlation, any_of)
    spec = specification(evidence)
    outcomes = modelled_endpoints(evidence)
    names = dict.fromkeys([*outcomes, *(one.endpoint for one in asked.trade_offs), *asked.any_of])
    effects = {name: endpoint_effect(evidence, name, spec) for name in names}
    weighed = {one.endpoint: effects[one.endpoint] for one in asked.trade_offs}
    joint, parts = widest(evidence, asked.any_of)
    events = {name: effects[name] for name in joint}
    at = scenarios(weighed | events)
    draws = sampled_effects(weighed, asked.correlation, spec.seed)
    event_draws = sampled_effects(events, asked.correlation, spec.seed) if joint else {}
    used = (weighed, asked.trade_offs)
    where = {label: {name: risks[name] for name in weighed} for label, risks in at.items()}
    return Decision(
        evidence,
        spec,
        asked,
        tuple(certainty(effects[name]) for name in outcomes),
        tuple(net_benefit(*used, risks, label, asked.correlation) for label, risks in where.items()),
        tuple(
            line for label, risks in where.items() for line in trade_off_lines(*used, risks, label, asked.correlation)
        ),
        tuple(
            acceptability(*used, risks, label, asked.correlation, draws, spec.seed) for label, risks in where.items()
        ),
        tuple(frechet_bounds(events, joint, risks, label, event_draws, parts) for label, risks in at.items() if joint),
        tuple(confounding(effects[name]) for name in outcomes),
    )
