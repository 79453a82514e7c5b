"""The rules of a request for a trial, and the designs it asks for; all that is wrong with it is said at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, get_args

from reanalysis.decisions.design_choices import DesignChoices
from reanalysis.decisions.design_grid import MOST_SEARCHED
from reanalysis.decisions.logit_pairs import SCALES
from reanalysis.decisions.prior_text import baseline_prior, effect_prior, rate_prior
from reanalysis.decisions.today import Nothing, Today
from reanalysis.decisions.trial_design import Design, Rule, Side, Truth, treated_risk
from reanalysis.decisions.trial_priors import BaselineAndEffect, ControlAndEffect, Effect, TrialPrior, TwoRates
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.evidence.evidence import Evidence, require_evidence
from reanalysis.evidence.problems import InvalidInput, listed
from reanalysis.model.choices import number

ANALYSES = ("contrast", "arms")
SIDES: tuple[str, ...] = get_args(Side)

PRIORS = {"contrast": ("mu", "baseline"), "arms": ("control", "treated")}
"""Names of the priors of each analysis."""

DESIGN_PRIORS = ("mu", "control", "treated")

_FORM = "NAME=DISTRIBUTION"


@dataclass(frozen=True)
class Request:
    """Designs that are asked for."""

    endpoint: str
    """Endpoint id."""
    designs: tuple[Design, ...]
    """One for each n, ratio and threshold, in that order of nesting."""
    searches: tuple[tuple[Design, float], ...]
    """For each ratio and threshold, a design of any size and its ratio, where a target is asked for."""
    target: float | None
    """What the smallest trial must reach."""
    spec: dict[str, Any]
    """Everything that determines the result, plain values."""


def trial_request(evidence: Evidence, endpoint: str, **choices: Any) -> Request:
    """Read a request for one or more designs.

    Parameters
    ----------
    **choices
        As of :func:`reanalysis.decisions.designs.design`; one that is None is the default.

    Raises
    ------
    InvalidInput
        With everything that is wrong.
    """
    require_evidence(evidence)
    asked = {name: value for name, value in choices.items() if value is not None}
    return _Asked(asked, evidence, endpoint).request()


@dataclass
class _Asked(DesignChoices):
    """Choices on their way to designs."""

    evidence: Evidence
    endpoint: str

    @cached_property
    def today(self) -> Today:
        """What the folder says of the endpoint."""
        return Today(self.evidence, self.endpoint)

    def request(self) -> Request:
        """The designs.

        Raises
        ------
        InvalidInput
            With everything that is wrong.
        """
        self.problems += self.today.unknown()
        analysis, scale = self.word("analysis", ANALYSES), self.word("scale", SCALES)
        sizes, ratios = self.numbers("n", ()), self.numbers("ratio", (1.0,))
        thresholds, target = self.numbers("threshold", (0.95,)), self.number("target", None)
        self.check_sizes(sizes, ratios, thresholds, target)
        margin = self.margin(scale)
        no_go, worthwhile = self.number("no_go", None), self.number("worthwhile", 0.0)
        if no_go is not None and not all(0 < no_go < threshold for threshold in thresholds):
            self.say("no_go", f" {no_go:g}: must lie above 0 and below the threshold")
        if not 0 <= (worthwhile or 0.0) < 1:
            self.say("worthwhile", f" {worthwhile:g}: must be a risk difference from 0 to below 1")
        names = PRIORS.get(analysis, (*PRIORS["contrast"], *PRIORS["arms"]))
        priors = dict(self.pairs("priors", _FORM, names))
        design_priors = dict(self.pairs("design_prior", _FORM, DESIGN_PRIORS))
        if {"mu", "treated"} <= set(design_priors):
            self.say("design_prior", ": mu and treated exclude each other: an effect on the control rate, or a rate")
        width = self.flag("width") if "width" in self.asked else True
        stated = list(self.stated())
        self.stop()
        prior = self._analysis(analysis, priors)
        baseline, source = self._baseline(prior)
        self.stop()
        truths = tuple(self.truths(stated, baseline))
        side = self._side(truths, margin, scale)
        rule = Rule(side, scale, margin, thresholds[0], no_go, self.evidence.endpoint(self.endpoint).better)
        if side == "both" and no_go is not None:
            self.say("no_go", f" {no_go:g}: with side both the grey zone lies between the two thresholds")
        for one in rule.margins.values():
            risk = treated_risk(baseline, scale, one)
            if not 0 <= risk <= 1:
                self.say("margin", f" {one:g}: at a control risk of {baseline:g} the treated risk would be {risk:.3g}")
        known = self._design_prior(design_priors, prior, baseline)
        self.stop()
        assert known is not None
        first = Design(1, 1, prior, rule, known, baseline, truths, worthwhile or 0.0, width)
        each = [(ratio, replace(first, rule=replace(rule, threshold=one))) for ratio in ratios for one in thresholds]
        designs = tuple(design.sized(int(n), ratio) for n in sizes for ratio, design in each)
        searches = tuple((design, ratio) for ratio, design in each) if target is not None else ()
        spec = self._spec(first, analysis, source, ratios, thresholds, target)
        return Request(self.endpoint, designs, searches, target, spec)

    def _side(self, truths: Sequence[Truth], margin: float, scale: str) -> Any:
        if "side" in self.asked:
            return self.word("side", SIDES)
        better = self.evidence.endpoint(self.endpoint).better
        if better:
            self.defaults["side"] = f"{better}, the better one of the endpoint"
            return better
        sides = {"lower" if truth.treated < truth.control else "higher" for truth in truths}
        if len(sides) == 1:
            self.defaults["side"] = f"{next(iter(sides))}, that of the truths; the endpoint declares none"
            return sides.pop()
        self.defaults["side"] = "both, as the endpoint declares no better side"
        return "both"

    def _parsed(self, argument: str, name: str, value: object) -> Any:
        """A prior by its name, None (and a problem) where it cannot be read."""
        try:
            if name in ("control", "treated"):
                return rate_prior(value, getattr(self.today, name))
            if name == "baseline":
                return baseline_prior(value)
            return effect_prior(value, self.today.effect, self.today.spec.priors.mu)
        except ValueError as error:
            if isinstance(error, InvalidInput) and not isinstance(error, Nothing):
                raise
            self.say(argument, f" {name}: {error}")
            return None

    def _analysis(self, analysis: str, given: Mapping[str, Any]) -> TrialPrior:
        own = self.today.spec.priors
        default = {"mu": own.mu, "baseline": own.baseline, "control": "robust", "treated": "beta(1,1)"}
        parts = {}
        for name in PRIORS[analysis]:
            if name not in given:
                self.defaults[f"prior {name}"] = str(default[name])
            parts[name] = self._parsed("priors", name, given.get(name, default[name]))
        self.stop()
        if analysis == "arms":
            return TwoRates(parts["control"], parts["treated"])
        return BaselineAndEffect(parts["baseline"], parts["mu"], self.today.spec.below)

    def _baseline(self, prior: TrialPrior) -> tuple[float, str]:
        """Control risk of the truths and of the type I error, and where it is from."""
        named = {one.label: one.percent / 100 for one in self.evidence.endpoint(self.endpoint).baselines}
        if "baseline" in self.asked:
            asked = self.asked["baseline"]
            if asked in named:
                return named[asked], str(asked)
            risk = number(asked)
            if not 0 < risk < 1:
                labels = f", or one of {listed(repr(name) for name in named)}" if named else ""
                self.say("baseline", f" {asked}: must be a control risk above 0 and below 1{labels}")
            return risk, "stated"
        if named:
            label, risk = next(iter(named.items()))
            self.defaults["baseline"] = f"{risk:g}, {label}"
            return risk, label
        try:
            risk, source = self.today.control().mean(), "mean of the control rate's MAP prior"
        except Nothing as error:
            if not (isinstance(prior, TwoRates) and isinstance(prior.control, BetaMixture)):
                self.say("baseline", f": {error}; name a control risk")
                return math.nan, ""
            risk, source = prior.control.mean(), "mean of the analysis prior of the control rate"
        self.defaults["baseline"] = f"{risk:.4g}, {source}"
        return risk, source

    def _design_prior(self, given: Mapping[str, Any], prior: TrialPrior, baseline: float) -> TrialPrior | None:
        """What is known today: as stated, else the folder's posterior, else the prior of the analysis."""
        parts = {name: self._parsed("design_prior", name, value) for name, value in given.items()}
        if None in parts.values():
            return None
        control: Any = parts.get("control")
        if control is None:
            control = self._design_control(prior, baseline)
        if "treated" in parts:
            return TwoRates(control, parts["treated"])
        effect: Effect | None = parts.get("mu")
        if effect is None:
            try:
                effect = Effect((1.0,), (self.today.effect(),))
                self.defaults["design prior mu"] = str(effect)
            except Nothing as error:
                self.defaults["design prior"] = f"the analysis prior: {error}"
                if isinstance(prior, TwoRates):
                    return TwoRates(control, prior.treated)
                effect = prior.effect  # type: ignore[attr-defined]
        return ControlAndEffect(control, effect)

    def _design_control(self, prior: TrialPrior, baseline: float) -> BetaMixture | float:
        if "baseline" in self.asked:
            self.defaults["design prior control"] = f"{baseline:g}, the baseline"
            return baseline
        try:
            found = self.today.control()
            self.defaults["design prior control"] = "today: the control rate's MAP prior"
            return found
        except Nothing:
            if isinstance(prior, TwoRates):
                self.defaults["design prior control"] = "the analysis prior"
                return prior.control
            self.defaults["design prior control"] = f"{baseline:g}, the baseline"
            return baseline

    def _spec(
        self, design: Design, analysis: str, source: str, ratios: Sequence[float], thresholds: Sequence[float],
        target: float | None,
    ) -> dict[str, Any]:  # fmt: skip
        rule = design.rule
        return {
            "analysis": analysis,
            "priors": design.analysis.as_text(),
            "anchor": self.today.spec.anchor if analysis == "contrast" else None,
            "side": rule.side,
            "better": rule.better,
            "scale": rule.scale,
            "margin": rule.margin,
            "threshold": list(thresholds),
            "no_go": rule.no_go,
            "rule": rule.text,
            "ratio": list(ratios),
            "baseline": design.baseline,
            "baseline_source": source,
            "truths": {t.text: {"control_risk": t.control, "treated_risk": t.treated} for t in design.truths},
            "design_prior": design.design_prior.as_text(),
            "interval": 0.95,
            "interval_of": "risk difference" if rule.scale == "rd" else "log odds ratio",
            "worthwhile": design.worthwhile,
            "value_unit": "events per patient",
            "target": target,
            "most_outcomes_searched": MOST_SEARCHED if target is not None else None,
            "defaults": dict(self.defaults),
        }
