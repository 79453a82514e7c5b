"""The predicted count of events of a new cohort, and its score by what was reported."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from reanalysis.engines.marginal import Marginal, resolved
from reanalysis.estimands.summary import Summary
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.likelihood import log_pmf, width
from reanalysis.typing import Array


@dataclass(frozen=True)
class Score:
    """How a report compares with its prediction."""

    log_score: float
    """Natural log of the predicted probability of what was reported; larger is better."""
    pit_low: float
    pit_high: float
    """Predicted probability of a smaller count, and of a count no larger."""
    pit: float
    """Uniform between the two, from the seed: uniform over cohorts if predictions are calibrated."""


@dataclass(frozen=True, eq=False, repr=False)
class PredictedCount:
    """Events among patients who are yet to be treated."""

    what: str
    """Whose events, for readers."""
    n: int
    """Patients."""
    probability: Array
    """Of each count from 0 to n, shape (n + 1,)."""

    def summary(self) -> Summary:
        """Mean, SD, median and 95 % interval of the count."""
        return count_summary(self.probability)

    def to_frame(self) -> pd.DataFrame:
        """One row a count: ``events``, its ``probability``, and that of no more events."""
        counts = np.arange(self.n + 1)
        table = {"events": counts, "probability": self.probability, "at_most": np.cumsum(self.probability)}
        return pd.DataFrame(table)

    def __repr__(self) -> str:
        one = self.summary()
        return f"{self.what}: {one.median:.0f} events of {self.n} (95 % {one.lower:.0f} to {one.upper:.0f})"

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, max_rows=20, float_format="{:.3f}".format)
        return f"<p>{escape(repr(self))}</p>{table}"


def count_probabilities(logit: Marginal, n: int, rho: float) -> Array:
    """Probability of each count of ``n`` patients, shape (n + 1,), given what is known of their logit."""
    nodes, mass = resolved(logit, width(n, rho))
    return np.array([mass @ np.exp(log_pmf(x, n, nodes, rho)) for x in range(n + 1)])


def count_summary(probability: Array) -> Summary:
    """Mean, SD, median and 95 % interval of a count from its probabilities."""
    count = np.arange(len(probability))
    mean = float(probability @ count)
    cumulative = np.cumsum(probability)
    lower, median, upper = (int(np.searchsorted(cumulative, p - 1e-12)) for p in (0.025, 0.5, 0.975))
    return Summary(mean, float(np.sqrt(probability @ (count - mean) ** 2)), median, lower, upper)


def score(reported: Candidates, predicted: dict[int, Array], rng: np.random.Generator) -> Score:
    """Weighted over the candidates that a report allows, by how probable the prediction makes each.

    Parameters
    ----------
    predicted : dict of int to ndarray
        Probability of each count, by number of patients.
    rng : Generator
        For the randomised PIT.
    """
    weight, low, high = [], [], []
    for x, n, prior in zip(reported.events, reported.n, reported.weight, strict=True):
        probability = predicted[round(n)]
        count = round(x)
        weight.append(prior * probability[count])
        low.append(probability[:count].sum())
        high.append(probability[: count + 1].sum())
    posterior = np.array(weight) / np.sum(weight)
    pit_low, pit_high = float(posterior @ np.array(low)), float(min(posterior @ np.array(high), 1.0))
    return Score(float(np.log(np.sum(weight))), pit_low, pit_high, float(rng.uniform(pit_low, pit_high)))
