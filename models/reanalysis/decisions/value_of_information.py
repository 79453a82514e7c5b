"""What perfect and sample information about a decision between two treatments is worth.

The decision is to give the treatment or not; giving it is worth v, not giving it nothing, and v is uncertain. With what
is known today the better choice is worth max(0, E v). With perfect information it would be worth E max(0, v), and after
a trial of outcome y, E_y max(0, E(v | y)), the expectation over the predictive distribution of y: what each exceeds
today's choice by is the expected value of perfect information (EVPI) and of sample information (EVSI).

Here v is the reduction of the risk of the event (its increase, where more events are better) less what the reduction
must at least be to be worth the treatment: in events per patient.

Source: Raiffa and Schlaifer 1961, Applied Statistical Decision Theory, chapters 4 and 5; Ades, Lu and Claxton 2004, Med
Decis Making 24:207.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from reanalysis.decisions.logit_pairs import LogitPairs, Outcomes
from reanalysis.typing import Array

_ROUNDING = 1e-12
"""Differences of expectations below this are rounding: the sums of a value over outcomes and over nodes differ so much
where no outcome changes a decision."""


def normal_information(mean: float, sd: float) -> float:
    """Worth of learning a normal value whole, or its posterior mean where that is normal before the data are seen.

    The unit normal loss integral: E max(0, v) - max(0, E v) = sd phi(z) - |mean| Phi(-z) with z = |mean| / sd.

    Parameters
    ----------
    mean, sd : float
        Of v for EVPI. For EVSI of n observations the SD is that of the posterior mean: of a part of v that is
        Normal(m, s^2) and observed with SD e, s^2 / sqrt(s^2 + e^2 / n).

    Examples
    --------
    >>> round(normal_information(1.0, 5.0**0.5), 5)
    0.47981
    """
    z = abs(mean) / sd
    return float(sd * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) - abs(mean) * ndtr(-z))


def sample_information(value: Array) -> float:
    """EVSI from what giving the treatment is worth after each outcome, each times the probability of the outcome."""
    gain = float(np.maximum(value, 0.0).sum()) - max(0.0, float(value.sum()))
    return gain if gain > _ROUNDING else 0.0


def value_of_outcomes(outcomes: Outcomes, sign: int, worthwhile: float) -> Array:
    """What giving the treatment is worth after each outcome, times its probability, shape (Y0, Y1).

    Parameters
    ----------
    outcomes : Outcomes
        Under what is known today.
    sign : {-1, 1}
        -1 where fewer events are better.
    worthwhile : float
        Smallest risk difference, at or above 0, that is worth the treatment.
    """
    pairs = outcomes.pairs
    return outcomes.total(pairs.mass * (sign * pairs.risk_difference() - worthwhile))


def expected_value(pairs: LogitPairs, sign: int, worthwhile: float) -> float:
    """What giving the treatment is worth with what is known today."""
    return float((pairs.mass * (sign * pairs.risk_difference() - worthwhile)).sum())


def perfect_information(pairs: LogitPairs, sign: int, worthwhile: float) -> float:
    """EVPI of the same decision."""
    today = expected_value(pairs, sign, worthwhile)
    bound = sign * worthwhile  # of the risk difference
    region = pairs.above("rd", bound)
    above = float((region.mass * (pairs.risk_difference(region.control) - bound)).sum())
    above += region.rest * sign * today  # E max(0, difference - bound)
    gained = above if sign > 0 else above + today
    gain = gained - max(0.0, today)
    return gain if gain > _ROUNDING else 0.0
