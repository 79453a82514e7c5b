"""The rules of a request for a trial, and the designs it asks for; all that is wrong with it is said at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

from reanalysis.decisions.design_grid import MOST_SEARCHED
from reanalysis.decisions.next_trial import MOST_OUTCOMES, Design, Rule, Side, Truth, treated_patients, treated_risk
from reanalysis.decisions.prior_text import effect_prior, rate_prior
from reanalysis.decisions.today import Nothing, Today
from reanalysis.decisions.trial_priors import BaselineAndEffect, ControlAndEffect, Effect, TrialPrior, TwoRates
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.evidence.evidence import Evidence, require_evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, listed
from reanalysis.model.choices import Choices, not_one_of, whole
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import BASELINES

ANALYSES = ("contrast", "arms")
SCALES = ("rd", "or")
SIDES: tuple[str, ...] = get_args(Side)

PRIORS = {"contrast": ("mu", "baseline"), "arms": ("control", "treated")}
"""Names of the priors of each analysis."""

DESIGN_PRIORS = ("mu", "control", "treated")

_FORM = "NAME=DISTRIBUTION"


@dataclass(frozen=True)
class Request:
    """Designs that are asked for.

    Parameters
    ----------
    endpoint : str
        Endpoint id.
    designs : tuple of Design
        One for each n, ratio and threshold, in that order of nesting.
    searches : tuple of (Design, float)
        For each ratio and threshold, a design of any size and its ratio, where a target is asked for.
    target : float or None
        What the smallest trial must reach.
    spec : dict
        Everything that determines the result, plain values.
    """

    endpoint: str
    designs: tuple[Design, ...]
    searches: tuple[tuple[Design, float], ...]
    target: float | None
    spec: dict[str, Any]


def trial_request(evidence: Evidence, endpoint: str, **choices: Any) -> Request:
    """Read a request for one or more designs.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    **choices
        As of :func:`reanalysis.api.design`; one that is None is the default.

    Raises
    ------
    InvalidInput
        With everything that is wrong.
    """
    require_evidence(evidence)
    asked = {name: value for name, value in choices.items() if value is not None}
    return _Asked(asked, evidence, endpoint).request()


@dataclass
class _Asked(Choices):
    """Choices on their way to designs."""

    evidence: Evidence
    endpoint: str
    defaults: dict[str, str] = field(default_factory=dict, init=False)

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
        analysis, scale = self._word("analysis", ANALYSES), self._word("scale", SCALES)
        sizes, ratios = self._numbers("n", ()), self._numbers("ratio", (1.0,))
        thresholds, target = self._numbers("threshold", (0.95,)), self._number("target", None)
        self._check(sizes, ratios, thresholds, target)
        margin = self._margin(scale)
        no_go, worthwhile = self._number("no_go", None), self._number("worthwhile", 0.0)
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
        stated = list(self._stated())
        self._stop()
        prior = self._analysis(analysis, priors)
        baseline, source = self._baseline(prior)
        self._stop()
        truths = tuple(self._truths(stated, baseline))
        side = self._side(truths, margin, scale)
        rule = Rule(side, scale, margin, thresholds[0], no_go, self.evidence.endpoint(self.endpoint).better)
        if side == "both" and no_go is not None:
            self.say("no_go", f" {no_go:g}: with --side both the grey zone lies between the two thresholds")
        for one in rule.margins.values():
            risk = treated_risk(baseline, scale, one)
            if not 0 <= risk <= 1:
                self.say("margin", f" {one:g}: at a control risk of {baseline:g} the treated risk would be {risk:.3g}")
        known = self._design_prior(design_priors, prior, baseline)
        self._stop()
        assert known is not None
        designs = [
            Design(
                int(n), treated_patients(int(n), ratio), prior,
                Rule(side, scale, margin, threshold, no_go, rule.better), known, baseline, truths, worthwhile or 0.0, width,
            )
            for n in sizes or (1,) for ratio in ratios for threshold in thresholds
        ]  # fmt: skip
        firsts = designs[: len(ratios) * len(thresholds)]
        each = [ratio for ratio in ratios for _ in thresholds]
        return Request(
            self.endpoint,
            tuple(designs) if sizes else (),
            tuple(zip(firsts, each, strict=True)) if target is not None else (),
            target,
            self._spec(designs[0], analysis, source, ratios, thresholds, target),
        )

    def _stop(self) -> None:
        if self.problems:
            raise InvalidInput(self.problems)

    def _word(self, name: str, words: Sequence[str]) -> Any:
        value = self.asked.get(name, words[0])
        if name not in self.asked:
            self.defaults[name] = words[0]
        if value not in words:
            self.problems.append(not_one_of(name, value, words))
        return value

    def _number(self, name: str, default: float | None) -> float | None:
        if name not in self.asked:
            return default
        found = self._numbers(name, ())
        if len(found) > 1:
            self.say(name, f" {self.asked[name]!r}: must be one number")
        return found[0] if found else default

    def _numbers(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """Numbers of a choice that may be one, several, or text with commas."""
        if name not in self.asked:
            if default:
                self.defaults[name] = ",".join(f"{x:g}" for x in default)
            return default
        value = self.asked[name]
        parts = value.split(",") if isinstance(value, str) else value if isinstance(value, Iterable) else [value]
        found = []
        for part in parts:
            try:
                number = math.nan if isinstance(part, bool) else float(part)
            except (TypeError, ValueError):
                number = math.nan
            if math.isfinite(number):
                found.append(number)
            else:
                self.say(name, f" {part!r}: must be a number")
        if not found and not self.problems:
            self.say(name, f" {value!r}: must be a number")
        return tuple(found)

    def _check(
        self, sizes: Sequence[float], ratios: Sequence[float], thresholds: Sequence[float], target: float | None
    ) -> None:
        if "n" not in self.asked and target is None:
            self.say("n", ": name the patients of the control arm, as in 50,100,200, or a target")
        for ratio in ratios:
            if not 0.01 <= ratio <= 100:
                self.say("ratio", f" {ratio:g}: treated patients per control, must lie between 0.01 and 100")
        for n in sizes:
            if n != int(n) or n < 1:
                self.say("n", f" {n:g}: must be a whole number of patients, at least 1")
                continue
            for ratio in ratios:
                treated = treated_patients(int(n), ratio) if 0.01 <= ratio <= 100 else 1
                if treated < 1:
                    self.say("ratio", f" {ratio:g}: leaves no treated patient for {n:g} controls")
                elif (n + 1) * (treated + 1) > MOST_OUTCOMES:
                    self.say("n", f" {n:g}: with {treated:,} treated it has more than {MOST_OUTCOMES:,} outcomes to enumerate")
        for threshold in thresholds:
            if not 0 < threshold < 1:
                self.say("threshold", f" {threshold:g}: is a probability, and must lie above 0 and below 1")
        if target is not None and not 0 < target < 1:
            self.say("target", f" {target:g}: is a probability of success, and must lie above 0 and below 1")

    def _margin(self, scale: str) -> float:
        margin = self._number("margin", None)
        if margin is None:
            self.defaults["margin"] = "no effect"
            return 1.0 if scale == "or" else 0.0
        if scale == "or" and not 1e-3 <= margin <= 1e3:
            self.say("margin", f" {margin:g}: of scale or is an odds ratio, from 0.001 to 1000; no effect is 1")
        if scale == "rd" and not -1 < margin < 1:
            self.say("margin", f" {margin:g}: of scale rd is a risk difference, above -1 and below 1; no effect is 0")
        return margin

    def _stated(self) -> Iterator[tuple[str, str, float]]:
        """Text, scale and value of the truths."""
        asked = self.asked.get("truth", ())
        if isinstance(asked, Mapping) or not isinstance(asked, Iterable):
            self.say("truth", f" {asked!r}: write OR=0.5 or RD=-0.1")
            return
        for text in [asked] if isinstance(asked, str) else asked:
            name, equals, value = str(text).partition("=")
            scale = name.strip().lower()
            try:
                number = float(value) if equals else math.nan
            except ValueError:
                number = math.nan
            if scale not in SCALES or not math.isfinite(number):
                self.say("truth", f" {text!r}: write OR=0.5 or RD=-0.1")
            elif scale == "or" and not 0 < number < math.inf:
                self.say("truth", f" {text!r}: an odds ratio lies above 0")
            elif scale == "rd" and not -1 < number < 1:
                self.say("truth", f" {text!r}: a risk difference lies above -1 and below 1")
            else:
                yield str(text), scale, number

    def _truths(self, stated: Sequence[tuple[str, str, float]], baseline: float) -> Iterator[Truth]:
        for text, scale, value in stated:
            risk = treated_risk(baseline, scale, value)  # type: ignore[arg-type]
            if 0 <= risk <= 1:
                yield Truth(text, baseline, risk)
            else:
                self.say("truth", f" {text!r}: at a control risk of {baseline:g} the treated risk would be {risk:.3g}")

    def _side(self, truths: Sequence[Truth], margin: float, scale: str) -> Any:
        if "side" in self.asked:
            return self._word("side", SIDES)
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
                return rate_prior(value, self.today.control_of(name))
            if name == "baseline":
                found = value if isinstance(value, Distribution) else Distribution.parse(str(value))
                if found.family not in BASELINES:
                    raise ValueError(f"baseline takes normal(mean,sd) or logistic(mean,scale), not {found}")
                return found
            return effect_prior(value, self.today.effect, self.today.priors.mu)
        except ValueError as error:
            if isinstance(error, InvalidInput) and not isinstance(error, Nothing):
                raise
            self.say(argument, f" {name}: {error}")
            return None

    def _analysis(self, analysis: str, given: Mapping[str, Any]) -> TrialPrior:
        own = self.today.priors
        default = {"mu": own.mu, "baseline": own.baseline, "control": "robust", "treated": "beta(1,1)"}
        parts = {}
        for name in PRIORS[analysis]:
            if name not in given:
                self.defaults[f"prior {name}"] = str(default[name])
            parts[name] = self._parsed("priors", name, given.get(name, default[name]))
        self._stop()
        if analysis == "arms":
            return TwoRates(parts["control"], parts["treated"])
        return BaselineAndEffect(parts["baseline"], parts["mu"], 0.5 if self.today.anchor == "midpoint" else 0.0)

    def _baseline(self, prior: TrialPrior) -> tuple[float, str]:
        """Control risk of the truths and of the type I error, and where it is from."""
        named = {one.label: one.percent / 100 for one in self.evidence.endpoint(self.endpoint).baselines}
        if "baseline" in self.asked:
            asked = self.asked["baseline"]
            if asked in named:
                return named[asked], str(asked)
            try:
                risk = math.nan if isinstance(asked, bool) else float(asked)
            except (TypeError, ValueError):
                risk = math.nan
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
            "anchor": self.today.anchor if analysis == "contrast" else None,
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
