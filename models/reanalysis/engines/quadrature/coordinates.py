"""In which two coordinates is a study's posterior summed? The effect, and one logit or the mean of both.

Whatever the other coordinate is, risk difference and log risk ratio increase with the effect: here are the effect at
which each takes a value, and the slope of that relation. The mean logit is at once exact and without limits; the logit
of the arm that is known best makes the grid small where the other arm is all but unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, log_expit, logit

from reanalysis.typing import Array

Outer = Literal["middle", "control", "treated"]

WEIGHTS: dict[Outer, tuple[float, float]] = {"middle": (0.5, 0.5), "control": (0.0, 1.0), "treated": (1.0, 0.0)}
"""Shares of the effect by which the control logit lies below and the treated logit above the outer coordinate."""


@dataclass(frozen=True)
class Coordinates:
    """The outer coordinate and its nodes.

    Parameters
    ----------
    outer : {"middle", "control", "treated"}
        The mean logit, or the logit of one arm.
    at : ndarray, shape (A, 1)
        Its nodes.
    """

    outer: Outer
    at: Array

    def logits(self, effect: Array) -> tuple[Array, Array]:
        """Control and treated logits at effects, shape (D,): two arrays of shape (A, D)."""
        below, above = WEIGHTS[self.outer]
        return self.at - below * effect, self.at + above * effect

    def effect_of_difference(self, x: Array) -> tuple[Array, Array]:
        """Effects at which the risk difference is x, shape (1, X), and their derivatives by x."""
        if self.outer == "control":
            treated = np.clip(expit(self.at) + x, 0.0, 1.0)
            return logit(treated) - self.at, 1 / (treated * (1 - treated))
        if self.outer == "treated":
            control = np.clip(expit(self.at) - x, 0.0, 1.0)
            return self.at - logit(control), 1 / (control * (1 - control))
        cosh, rest = np.cosh(self.at), 1 - x**2
        effect = 2 * (np.arctanh(x) + np.arcsinh(x * cosh / np.sqrt(rest)))
        return effect, 2 / rest * (1 + cosh / np.sqrt(rest + (x * cosh) ** 2))

    def effect_of_log_ratio(self, r: Array) -> tuple[Array, Array]:
        """Effects at which the log risk ratio is r, shape (1, R), and their derivatives by r."""
        if self.outer == "control":
            log_treated = np.minimum(log_expit(self.at) + r, 0.0)
            rest = -np.expm1(log_treated)
            return log_treated - np.log(rest) - self.at, 1 / rest
        if self.outer == "treated":
            log_control = np.minimum(log_expit(self.at) - r, 0.0)
            rest = -np.expm1(log_control)
            return self.at - log_control + np.log(rest), 1 / rest
        odds = np.exp(self.at)
        tilted = odds * np.sinh(r / 2)
        return r + 2 * np.arcsinh(tilted), 1 + odds * np.cosh(r / 2) / np.sqrt(1 + tilted**2)
