"""How wide the interval of a trial's effect will be: the width after each outcome, and its expectation."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.special import ndtri

from reanalysis.decisions.logit_nodes import Logits
from reanalysis.decisions.logit_pairs import JointDensity, LogitPairs, Outcomes, Scale
from reanalysis.estimands.summary import LEVEL
from reanalysis.typing import Array, Integers

_COUNTS = 24
"""Counts of an arm at which intervals are computed where it has more patients; between them the width is smooth."""

_PER_SD = 1.0
"""Values of the effect, in each of its smallest posterior SDs, at which its distribution function is computed."""

_STEP = 0.7
"""Distance of nodes in units of the narrowest width: ends of intervals are good to a thousandth of an SD."""

_CERTAIN = 1e-13

_WIDEST = 18.0
"""Log odds ratios on either side of 0 within which the ends of an interval are looked for."""


def widths(prior: JointDensity, n_control: int, n_treated: int, scale: Scale) -> Array:
    """Width of the equal-tailed 95 % interval after each outcome, shape (n_control + 1, n_treated + 1).

    Parameters
    ----------
    scale : {"rd", "or"}
        Of the risk difference, or of the log odds ratio.
    """
    pairs = LogitPairs.of(prior, n_control, n_treated, _STEP)
    counts = _counts(n_control), _counts(n_treated)
    outcomes = Outcomes(pairs, n_control, n_treated, counts)
    effects = _effects(pairs, n_treated, scale)
    margins = effects if scale == "rd" else np.exp(effects)
    above = np.stack([outcomes.probability_above(scale, float(margin), approach=False) for margin in margins])
    tail = (1 - LEVEL) / 2
    lower, upper = (_crossing(effects, 1 - above, p) for p in (tail, 1 - tail))
    if all(len(of) == n + 1 for of, n in zip(counts, (n_control, n_treated), strict=True)):
        return upper - lower
    of_control, of_treated = (_angle(of, n) for of, n in zip(counts, (n_control, n_treated), strict=True))
    smooth = RectBivariateSpline(
        of_control, of_treated, np.log(upper - lower),
        kx=min(3, len(of_control) - 1), ky=min(3, len(of_treated) - 1), s=0,
    )  # fmt: skip
    every = _angle(np.arange(n_control + 1), n_control), _angle(np.arange(n_treated + 1), n_treated)
    return np.asarray(np.exp(smooth(every[0], every[1])))


def _angle(count: Integers, n: int) -> Array:
    return np.arcsin(np.sqrt((count + 0.375) / (n + 0.75)))


def _counts(n: int) -> Integers:
    """Counts at which intervals are computed: all of few, else evenly on the arcsine scale with those near 0 and n."""
    if n <= _COUNTS:
        return np.arange(n + 1)
    even = n * np.sin(np.linspace(0, np.pi / 2, _COUNTS)) ** 2
    edge = np.arange(4)
    return np.unique(np.concatenate([np.rint(even).astype(np.int64), edge, n - edge]))


def _effects(pairs: LogitPairs, n_treated: int, scale: Scale) -> Array:
    """Values of the effect close enough for its distribution function after any outcome."""
    control, treated = pairs.control.patients - n_treated, pairs.treated.patients
    if scale == "rd":
        count = int(np.ceil(_PER_SD * np.pi / 2 * np.sqrt(control + treated)))
        half = np.sin(np.linspace(0, np.pi / 2, count + 1)) ** 2
        return np.concatenate([-half[:0:-1], half])
    # half the log odds ratio, where the logits of both arms lie that far from 0 on either side
    patients = 4 * control * treated / (control + treated)
    return 2 * Logits.covering(-_WIDEST / 2, _WIDEST / 2, patients, 0.25, 1 / _PER_SD).points


def _crossing(effects: Array, below: Array, probability: float) -> Array:
    """Effect up to which each distribution function, shape (E, ...), holds the probability.

    By inverse interpolation of third order in the normal quantiles of the distribution function, of which the effect is
    nearly a linear function.
    """
    z = ndtri(np.clip(below, _CERTAIN, 1 - _CERTAIN))
    z = np.maximum.accumulate(z, axis=0) + 1e-9 * np.arange(len(z)).reshape(-1, *[1] * (z.ndim - 1))
    sought = ndtri(probability)
    first = np.clip((z < sought).sum(axis=0) - 2, 0, len(effects) - 4)
    near = np.stack([np.take_along_axis(z, (first + k)[None], axis=0)[0] for k in range(4)])
    x = np.stack([effects[first + k] for k in range(4)])
    near = np.clip(near, sought - 4, sought + 4) + 1e-9 * np.arange(4).reshape(-1, *[1] * (near.ndim - 1))
    found = np.zeros(first.shape)
    for i in range(4):
        term = x[i].copy()
        for j in range(4):
            if j != i:
                term *= (sought - near[j]) / (near[i] - near[j])
        found += term
    return np.clip(found, x[1], x[2])
