"""What the size, rule and truths of a trial may be, each by itself; a number may be written as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reanalysis.decisions.logit_pairs import SCALES, Scale
from reanalysis.decisions.trial_design import MOST_OUTCOMES, Truth, treated_patients, treated_risk
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.choices import Choices, not_one_of, number

_RATIOS = (0.01, 100.0)
_ODDS_RATIOS = (1e-3, 1e3)


@dataclass
class DesignChoices(Choices):
    """Choices of a design as they were asked for."""

    defaults: dict[str, str] = field(default_factory=dict, init=False)
    """What was not asked for, by name, and what stands in its place; grows while the choices are read."""

    def stop(self) -> None:
        """Go no further with anything that is wrong.

        Raises
        ------
        InvalidInput
            With all of it.
        """
        if self.problems:
            raise InvalidInput(self.problems)

    def word(self, name: str, words: Sequence[str]) -> Any:
        """One of a few words, the first where nothing is asked for."""
        value = self.asked.get(name, words[0])
        if name not in self.asked:
            self.defaults[name] = words[0]
        if value not in words:
            self.problems.append(not_one_of(name, value, words))
        return value

    def number(self, name: str, default: float | None) -> float | None:
        """One number."""
        if name not in self.asked:
            return default
        found = self.numbers(name, ())
        if len(found) > 1:
            self.say(name, f" {self.asked[name]!r}: must be one number")
        return found[0] if found else default

    def numbers(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """Numbers of a choice that may be one, several, or text with commas."""
        if name not in self.asked:
            if default:
                self.defaults[name] = ",".join(f"{x:g}" for x in default)
            return default
        value = self.asked[name]
        parts = value.split(",") if isinstance(value, str) else value if isinstance(value, Iterable) else [value]
        found = []
        for part in parts:
            if math.isfinite(one := number(part)):
                found.append(one)
            else:
                self.say(name, f" {part!r}: must be a number")
        if not found and not self.problems:
            self.say(name, f" {value!r}: must be a number")
        return tuple(found)

    def check_sizes(
        self, sizes: Sequence[float], ratios: Sequence[float], thresholds: Sequence[float], target: float | None
    ) -> None:
        """Sizes and probabilities within their bounds, and few enough outcomes to enumerate."""
        if "n" not in self.asked and target is None:
            self.say("n", ": name the patients of the control arm, as in 50,100,200, or a target")
        low, high = _RATIOS
        for ratio in ratios:
            if not low <= ratio <= high:
                self.say("ratio", f" {ratio:g}: treated patients per control, must lie between {low:g} and {high:g}")
        for n in sizes:
            if n != int(n) or n < 1:
                self.say("n", f" {n:g}: must be a whole number of patients, at least 1")
                continue
            for ratio in (one for one in ratios if low <= one <= high):
                treated = treated_patients(int(n), ratio)
                if treated < 1:
                    self.say("ratio", f" {ratio:g}: leaves no treated patient for {n:g} controls")
                elif (n + 1) * (treated + 1) > MOST_OUTCOMES:
                    self.say(
                        "n",
                        f" {n:g}: with {treated:,} treated it has more than {MOST_OUTCOMES:,} outcomes to enumerate",
                    )
        for threshold in thresholds:
            if not 0 < threshold < 1:
                self.say("threshold", f" {threshold:g}: is a probability, and must lie above 0 and below 1")
        if target is not None and not 0 < target < 1:
            self.say("target", f" {target:g}: is a probability of success, and must lie above 0 and below 1")

    def margin(self, scale: str) -> float:
        """The margin, no effect where none is asked for."""
        margin = self.number("margin", None)
        if margin is None:
            self.defaults["margin"] = "no effect"
            return 1.0 if scale == "or" else 0.0
        low, high = _ODDS_RATIOS
        if scale == "or" and not low <= margin <= high:
            self.say("margin", f" {margin:g}: of scale or is an odds ratio, from {low:g} to {high:g}; no effect is 1")
        if scale == "rd" and not -1 < margin < 1:
            self.say("margin", f" {margin:g}: of scale rd is a risk difference, above -1 and below 1; no effect is 0")
        return margin

    def stated(self) -> Iterator[tuple[str, Scale, float]]:
        """Text, scale and value of the truths."""
        asked = self.asked.get("truth", ())
        if isinstance(asked, Mapping) or not isinstance(asked, Iterable):
            self.say("truth", f" {asked!r}: write OR=0.5 or RD=-0.1")
            return
        for text in [asked] if isinstance(asked, str) else asked:
            name, equals, value = str(text).partition("=")
            scale: Any = name.strip().lower()
            effect = number(value)
            if scale not in SCALES or not equals or not math.isfinite(effect):
                self.say("truth", f" {text!r}: write OR=0.5 or RD=-0.1")
            elif scale == "or" and effect <= 0:
                self.say("truth", f" {text!r}: an odds ratio lies above 0")
            elif scale == "rd" and not -1 < effect < 1:
                self.say("truth", f" {text!r}: a risk difference lies above -1 and below 1")
            else:
                yield str(text), scale, effect

    def truths(self, stated: Sequence[tuple[str, Scale, float]], baseline: float) -> Iterator[Truth]:
        """Stated truths at a control risk."""
        for text, scale, value in stated:
            risk = treated_risk(baseline, scale, value)
            if 0 <= risk <= 1:
                yield Truth(text, baseline, risk)
            else:
                self.say("truth", f" {text!r}: at a control risk of {baseline:g} the treated risk would be {risk:.3g}")
