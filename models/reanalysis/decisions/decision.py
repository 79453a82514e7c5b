"""The decision on one body of evidence: certainty, net benefit with its trade-offs, and what confounding explains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from typing import Any

import pandas as pd

from reanalysis.alternatives.weighed_ledger import weigh
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
from reanalysis.decisions.effects import (
    OWN_CONTROLS,
    ControlRisk,
    EndpointEffect,
    endpoint_effect,
    sampled_effects,
    scenarios,
)
from reanalysis.decisions.grade import RULE
from reanalysis.decisions.joint_model import JointModel, joint_data, joint_model
from reanalysis.decisions.joint_outcome import AnyOf, frechet_bounds, widest
from reanalysis.decisions.trade_offs import NO_WEIGHTS, Request, request
from reanalysis.decisions.uncertain_risks import uncertain_net_benefit
from reanalysis.decisions.weighted_sum import CELLS
from reanalysis.decisions.worth_of_answers import Worth, worth_of_answers
from reanalysis.estimands.summary import LEVEL
from reanalysis.estimands.uncertain_control import UncertainControl, at_uncertain_control, control_rate
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.candidates.narrowing import wholes_of
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, printable
from reanalysis.model.selection import NothingLeft
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification


@dataclass(frozen=True)
class Decision:
    """What follows for the next patient; each part is worked out when it is first asked for.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification, under which every endpoint is fitted by quadrature.
    request : Request
        Trade-offs, correlation, joint outcome.
    joint : bool
        Whether the joint model is sampled as well, for the net benefit of correlations that are learnt.
    """

    evidence: Evidence
    spec: ModelSpec
    request: Request
    joint: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """What crosses to another process: what was asked, without what was worked out."""
        return {name: self.__dict__[name] for name in ("evidence", "spec", "request", "joint")}

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome that is compared."""
        return modelled_endpoints(self.evidence)

    @cached_property
    def effects(self) -> dict[str, EndpointEffect]:
        """Headline effects of the outcomes, and of what is weighed."""
        weighed = (one.endpoint for one in self.request.trade_offs)
        names = dict.fromkeys([*self.outcomes, *weighed, *self.request.any_of])
        return {name: endpoint_effect(self.evidence, name, self.spec) for name in names}

    @cached_property
    def _weighed(self) -> dict[str, EndpointEffect]:
        return {one.endpoint: self.effects[one.endpoint] for one in self.request.trade_offs}

    @cached_property
    def _events(self) -> dict[str, EndpointEffect]:
        return {name: self.effects[name] for name in widest(self.evidence, self.request.any_of)[0]}

    @cached_property
    def _control_risks(self) -> dict[str, dict[str, ControlRisk]]:
        return scenarios(self._weighed | self._events)

    def _at_each[T](self, made: Callable[..., T]) -> tuple[T, ...]:
        """One thing a set of control risks, of the endpoints that are weighed; nothing where none are."""
        asked = self.request
        if not asked.trade_offs:
            return ()
        return tuple(
            made(
                self._weighed, asked.trade_offs, {name: risks[name] for name in self._weighed}, label, asked.correlation
            )
            for label, risks in self._control_risks.items()
        )

    @cached_property
    def certainty(self) -> tuple[Certainty, ...]:
        """Of every outcome that is compared."""
        return tuple(certainty(self.effects[name], self.new_populations.get(name)) for name in self.outcomes)

    @cached_property
    def new_populations(self) -> dict[str, UncertainControl]:
        """Risks of every outcome averaged over the control rate of a new population, where controls say what it is."""
        found = {}
        for name in self.outcomes:
            try:
                control = control_rate(self.evidence, name)
            except NothingLeft:  # ratios alone
                continue
            effect = self.effects[name]
            found[name] = at_uncertain_control(effect.head.log_odds_ratio, control, effect.settings)
        return found

    @cached_property
    def net_benefits(self) -> tuple[NetBenefit, ...]:
        """One a set of control risks, the last averaged over what cohorts leave open of them; none without weights."""
        if not self.request.trade_offs:
            return ()
        uncertain = uncertain_net_benefit(self._weighed, self.request.trade_offs, self.request.correlation)
        return (*self._at_each(net_benefit), uncertain)

    @cached_property
    def trade_off_lines(self) -> tuple[TradeOffLine, ...]:
        """Of every set of control risks; empty with one endpoint weighed."""
        return tuple(line for lines in self._at_each(trade_off_lines) for line in lines)

    @cached_property
    def acceptabilities(self) -> tuple[Acceptability, ...]:
        """One a set of control risks; none without weights."""
        if not self.request.trade_offs:
            return ()
        draws = sampled_effects(self._weighed, self.request.correlation, self.spec.seed)
        return self._at_each(partial(acceptability, draws=draws, seed=self.spec.seed))

    @cached_property
    def joint_model(self) -> JointModel | None:
        """The same under the joint model, by NUTS; None where it is not asked for."""
        if not self.joint:
            return None
        risks = {label: {e: one[e] for e in self._weighed} for label, one in self._control_risks.items()}
        return joint_model(self.evidence, self.request.trade_offs, risks)

    @cached_property
    def any_of(self) -> tuple[AnyOf, ...]:
        """One a set of control risks; empty where no joint outcome is asked for."""
        names, parts = widest(self.evidence, self.request.any_of)
        if not names:
            return ()
        draws = sampled_effects(self._events, self.request.correlation, self.spec.seed)
        return tuple(
            frechet_bounds(self._events, names, risks, label, draws, parts)
            for label, risks in self._control_risks.items()
        )

    @cached_property
    def confounding(self) -> tuple[Confounding, ...]:
        """Of every outcome that is compared."""
        return tuple(confounding(self.effects[name]) for name in self.outcomes)

    @cached_property
    def questions(self) -> tuple[Worth, ...]:
        """Questions to the authors by what an answer is worth, at the control risks of these studies."""
        self.require_weights()
        asked = weigh(self.evidence, audit(self.evidence), self.spec).questions
        risks = self._control_risks[OWN_CONTROLS]
        return tuple(worth_of_answers(asked, self._weighed, self.request.trade_offs, risks))

    def require_weights(self) -> None:
        """Refuse what only weights answer.

        Raises
        ------
        InvalidInput
            Where none are declared or given.
        """
        if not self.request.trade_offs:
            raise InvalidInput([BadChoice("weights", NO_WEIGHTS)])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the weights."""
        weighed = {one.endpoint for one in self.request.trade_offs}
        found = [] if weighed else [f"net benefit is left out, as weights{NO_WEIGHTS}"]
        for name in weighed:
            for whole in wholes_of(self.evidence, name):
                if whole in weighed:
                    found.append(f"{name} is part of {whole}: an event of it counts in both weights")
        if self.request.any_of:
            parts = widest(self.evidence, self.request.any_of)[1]
            found += [f"{name} is part of another event of the joint outcome" for name in parts]
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

    def __repr__(self) -> str:
        columns = ["endpoint", "control_per_1000", "treated_per_1000", "difference_per_1000", "certainty"]
        decimals = max((row.decimals for one in self.certainty for row in one.findings), default=0)
        findings = self.to_frame().drop_duplicates("endpoint")[columns].round(decimals).to_string(index=False)
        told = [self.evidence.title, findings]
        if self.net_benefits:
            net = self.net_benefit_frame.query("correlation == @self.request.correlation")
            net = net[["baseline", "median", "lower", "upper", "probability_better"]].round(3)
            told += [f"Net benefit, weights {self._weights}", net.to_string(index=False)]
        return "\n".join(printable(line) for text in told for line in text.splitlines())

    @property
    def _weights(self) -> str:
        return ", ".join(f"{one.endpoint} {one.weight:g}" for one in self.request.trade_offs)

    def _repr_html_(self) -> str:
        findings = self.to_frame().to_html(index=False, float_format="{:.3g}".format)
        found = f"<p><b>{escape(self.evidence.title)}</b></p>{findings}"
        if not self.net_benefits:
            return found
        net = self.net_benefit_frame.to_html(index=False, float_format="{:.3f}".format)
        return f"{found}<p>{escape(CONVENTION)} Weights: {escape(self._weights)}.</p>{net}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of ``reanalysis decide``."""
        return {
            "interval": LEVEL,
            "convention": CONVENTION,
            "weights": {one.endpoint: {"weight": one.weight, "reason": one.reason} for one in self.request.trade_offs},
            "correlation": self.request.correlation,
            "net_benefit": {one.baseline: one.as_dict() for one in self.net_benefits},
            "tradeoff": [point for line in self.trade_off_lines for point in line.as_dict()],
            "weight_share_better": next((one.share_better for one in self.acceptabilities), None),
            "acceptability": {one.baseline: one.as_dict() for one in self.acceptabilities},
            "joint_model": None if self.joint_model is None else self.joint_model.as_dict(),
            "any_of": {one.baseline: one.as_dict() for one in self.any_of} or None,
            "certainty_rule": RULE,
            "certainty": {one.endpoint: one.as_dict() for one in self.certainty},
            "new_population": {name: one.as_dict() for name, one in self.new_populations.items()},
            "confounding": {one.endpoint: one.as_dict() for one in self.confounding},
            "notes": list(self.notes),
            "spec": self.spec.as_dict()
            | {
                "engine": "quadrature",
                "dependence": "Gaussian copula of the log odds ratios, one correlation of every two endpoints",
                "correlations": sorted({*CORRELATIONS, self.request.correlation}),
                "cells": CELLS,
                "accuracy": "net benefit on a grid: probabilities to 1e-6, to 1e-4 at uncertain control risks; "
                "acceptability and joint outcomes by "
                "quasi-random points of a fixed seed: standard errors beside them",
            },
        }


def decide(
    evidence: Evidence,
    weights: str | Mapping[str, float] | Iterable[str] | None = None,
    correlation: float | None = None,
    any_of: str | Iterable[str] | None = None,
    joint: bool = False,
) -> Decision:
    """What follows for the next patient: certainty, net benefit with its trade-offs, and what confounding explains.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    weights : str, mapping or iterable of str, optional
        What one event of an endpoint weighs, by endpoint or as ``"death=1,relapse=0.5"``: above 0 where an event
        harms, below 0 where it helps; by default the weights of analysis.toml, without which net benefit is left
        out.
    correlation : float, optional
        Of the log odds ratios of every two endpoints in the published net benefit, from 0 to 0.99; by default 0.
    any_of : str or iterable of str, optional
        Endpoints of a joint outcome, a patient with any of them, whose risk is bounded.
    joint : bool
        Whether to sample the joint model as well, for net benefit with correlations that are learnt: minutes.

    Returns
    -------
    Decision
        ``.to_frame()`` is the table of findings per 1,000 patients, ``.net_benefit_frame`` net benefit by control risks
        and correlation, ``.questions`` what answers of the authors are worth (seconds), ``.as_dict()`` all else.

    Raises
    ------
    InvalidInput
        If the request cannot be answered, with everything that is wrong, or the folder's reports contradict each other.
    EngineError
        If a posterior cannot be computed.

    Examples
    --------
    >>> decision = ra.decide(ra.load("anakinra"), weights={"icans_any": 1, "infection_g3": 2})
    >>> findings = decision.to_frame()
    >>> net_benefit = decision.net_benefit_frame
    """
    found = Decision(evidence, specification(evidence), request(evidence, weights, correlation, any_of), joint)
    if joint:
        found.require_weights()
        joint_data(evidence, found.request.trade_offs)  # what it does not hold is refused here
    found.effects  # noqa: B018  # what cannot be fitted is refused here
    return found
