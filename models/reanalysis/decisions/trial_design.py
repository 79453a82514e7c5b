"""A two-arm trial as it is designed: its size, its rule, the priors of its analysis and of its design, and truths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import expit, logit

from reanalysis.decisions.logit_pairs import Scale
from reanalysis.decisions.trial_priors import TrialPrior

Side = Literal["lower", "higher", "both"]
"""Where an effect lies that the trial looks for: fewer events with treatment, more, or either."""

MOST_OUTCOMES = 4_000_000
"""Outcomes that are enumerated: about 2,000 patients an arm."""


@dataclass(frozen=True)
class Truth:
    """A stated effect."""

    text: str
    """As it was written."""
    control: float
    treated: float
    """Risks of the two arms."""


@dataclass(frozen=True)
class Rule:
    """What the trial concludes from its posterior."""

    side: Side
    """Where an effect counts: below the margin, above it, or either, beyond the margin on its own side."""
    scale: Scale = "rd"
    """Of the margin."""
    margin: float = 0.0
    """A risk difference or an odds ratio, treated against control."""
    threshold: float = 0.95
    """Posterior probability beyond the margin above which the trial succeeds."""
    no_go: float | None = None
    """Posterior probability beyond the margin below which it says no: what lies between is the grey zone."""
    better: Literal["lower", "higher"] | None = None
    """The good side, of which the predictive distribution and the value of information are."""

    @property
    def sign(self) -> int:
        """-1 where fewer events are better, 1 where more are, 0 where neither is declared."""
        good = self.better or (None if self.side == "both" else self.side)
        return {"lower": -1, "higher": 1, None: 0}[good]

    @property
    def margins(self) -> dict[str, float]:
        """The margin of each side on which an effect counts."""
        if self.side != "both":
            return {self.side: self.margin}
        far = abs(self.margin) if self.scale == "rd" else max(self.margin, 1 / self.margin)
        return {"lower": 0.0 - far if self.scale == "rd" else 1 / far, "higher": far}  # 0.0 and not -0.0

    @property
    def text(self) -> str:
        """The rule in a line."""
        name = {"rd": "risk difference", "or": "odds ratio"}[self.scale]
        parts = [
            f"P({name} {'<' if side == 'lower' else '>'} {margin:g}) > {self.threshold:g}"
            for side, margin in self.margins.items()
        ]
        no = "" if self.no_go is None else f"; no-go where it is below {self.no_go:g}, a grey zone between"
        return " or ".join(parts) + no


@dataclass(frozen=True)
class Design:
    """One trial: its size, how it is analysed, and what is expected of it."""

    n_control: int
    n_treated: int
    """Patients of each arm."""
    analysis: TrialPrior
    """Prior of the analysis."""
    rule: Rule
    """What it concludes."""
    design_prior: TrialPrior
    """What is known today, over which power is averaged."""
    baseline: float
    """Control risk of the type I error."""
    truths: tuple[Truth, ...] = ()
    """Where the power is computed."""
    worthwhile: float = 0.0
    """Smallest risk difference that is worth the treatment, for the value of information."""
    width: bool = True
    """Whether the expected width of the interval is computed; it takes as long as all else together."""

    @property
    def outcomes(self) -> int:
        """How many outcomes there are."""
        return (self.n_control + 1) * (self.n_treated + 1)

    def sized(self, n_control: int, ratio: float) -> Design:
        """The same of another size."""
        return replace(self, n_control=n_control, n_treated=treated_patients(n_control, ratio))


def treated_patients(n_control: int, ratio: float) -> int:
    """Treated patients for so many per control, to the nearest whole number, halves upwards."""
    return int(np.floor(ratio * n_control + 0.5))


def nulls(design: Design) -> tuple[Truth, ...]:
    """Where the effect equals the margin, at the baseline."""
    return tuple(
        Truth(f"{side} margin", design.baseline, treated_risk(design.baseline, design.rule.scale, margin))
        for side, margin in design.rule.margins.items()
    )


def treated_risk(control: float, scale: Scale, effect: float) -> float:
    """Risk with treatment for a control risk and an effect; below 0 or above 1 where there is none."""
    return control + effect if scale == "rd" else float(expit(logit(control) + np.log(effect)))
