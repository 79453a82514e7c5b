"""Today's cohorts reported again: truths from the posterior of this evidence, and what the same arms might report next.

Posterior simulation-based calibration (Säilynoja, Schmitt, Bürkner and Vehtari 2025, arXiv:2502.03279): of theta drawn
from p(theta | y) and y' from p(y' | theta), the rank of theta in p(theta | y, y') is uniform. Given an arm's rate its
two reports are independent, each with beta-binomial variation of its own, so that the likelihood of the logit is the
product of both, whatever rho and whatever either print allows. No law of y enters: theta may come from any density,
here from the prior times the likelihood that the engines are given, pseudo-counts of weighted arms included. It is
drawn by rejection, without an engine, so that a posterior of today that is wrong is seen too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.prediction import draw_counts
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.selection import NothingLeft, select
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array
from reanalysis.validation.calibration.simulate import Truth, printed_percent

_MOST_STUDIES = 5
"""Studies beyond which too few draws from the prior are kept."""

_BLOCK, _MOST = 400, 4_000_000
"""Draws at once, and in all before a replicate is given up."""

_REACH, _STEP = 6.0, 0.01
"""SDs of a baseline's prior beyond which it has no mass, and the step of a control logit's density."""


def todays(evidence: Evidence, spec: ModelSpec) -> ModelData | None:
    """The endpoint that most studies, two to five, report for both arms; None where there is none."""
    found = []
    for endpoint in evidence.endpoints:
        try:
            data = select(evidence, spec, endpoint).data
        except NothingLeft:
            continue
        both = all(one.counted and one.control and one.treated for one in data.studies)
        if both and 2 <= len(data.studies) <= _MOST_STUDIES:
            found.append(data)
    return max(found, key=lambda data: len(data.studies), default=None)


def reported_again(rng: np.random.Generator, spec: ModelSpec, data: ModelData) -> tuple[Truth, ModelData]:
    """A truth from the posterior of ``data``, and the data with a second report of every arm.

    Raises
    ------
    EngineError
        If the prior hardly ever agrees with the data.
    """
    truth = _truth(rng, spec, data)
    studies = tuple(
        replace(study, control=_twice(rng, study, 0, truth), treated=_twice(rng, study, 1, truth))
        for study in data.studies
    )
    return truth, replace(data, studies=studies)


def _truth(rng: np.random.Generator, spec: ModelSpec, data: ModelData) -> Truth:
    """Effects from their prior, control logits from their likelihood; kept by the treated arms and the baselines."""
    priors, size = spec.priors, (_BLOCK, len(data.studies))
    most = priors.baseline.logpdf(priors.baseline.quantile(0.5))
    for _ in range(_MOST // _BLOCK):
        mu, tau = priors.mu.draw(rng, _BLOCK), priors.tau.draw(rng, _BLOCK)
        effect = mu[:, None] + tau[:, None] * rng.standard_normal(size)
        log_kept = np.zeros(_BLOCK)
        control = np.empty(size)
        for place, study in enumerate(data.studies):
            assert study.treated is not None
            arm, log_top = _control(study, spec), _log_likelihood_of(study, spec).max()
            control[:, place] = arm.draw(rng, _BLOCK)
            log_kept += priors.baseline.logpdf(control[:, place] + spec.below * effect[:, place]) - most
            log_kept += log_likelihood(study.treated, control[:, place] + effect[:, place], study.rho) - log_top
        (kept,) = np.nonzero(np.log(rng.uniform(size=_BLOCK)) < log_kept)
        if len(kept):
            one = kept[0]
            pairs = zip(data.names, control[one], control[one] + effect[one], strict=True)
            logits = {name: (float(a), float(b)) for name, a, b in pairs}
            return Truth(float(mu[one]), float(tau[one]), float(mu[one] + tau[one] * rng.standard_normal()), logits)
    raise EngineError("the prior hardly ever agrees with what was reported: no truth was drawn from the posterior")


def _logits(spec: ModelSpec) -> Array:
    centre, reach = spec.priors.baseline.quantile(0.5), spec.priors.baseline.reach(_REACH)
    return np.arange(centre - reach, centre + reach, _STEP)


@lru_cache(maxsize=_MOST_STUDIES)
def _control(study: StudyData, spec: ModelSpec) -> GridMarginal:
    """Distribution of the control logit by its likelihood alone."""
    assert study.control is not None
    logits = _logits(spec)
    log_density = log_likelihood(study.control, logits, study.rho)
    return GridMarginal.from_density(logits, np.exp(log_density - log_density.max()))


@lru_cache(maxsize=_MOST_STUDIES)
def _log_likelihood_of(study: StudyData, spec: ModelSpec) -> Array:
    """Log likelihood of the treated logit."""
    assert study.treated is not None
    return log_likelihood(study.treated, _logits(spec), study.rho)


def _twice(rng: np.random.Generator, study: StudyData, arm: int, truth: Truth) -> Candidates:
    """What an arm reported, and reports again.

    A weighted arm is a count of the whole number of patients nearest to what it is worth. A size that the print leaves
    open is drawn by its prior weight, anew, and is left open again: a whole percentage is printed.
    """
    first = (study.control, study.treated)[arm]
    assert first is not None
    sizes = {int(n + 0.5): weight for n, weight in zip(first.n, first.weight, strict=True)}
    weight = np.array(list(sizes.values()))
    n = int(rng.choice(list(sizes), p=weight / weight.sum()))
    logit = truth.logits[study.study][arm]
    x = int(draw_counts(rng, np.array([n]), np.array([logit]), np.array([study.rho]))[0])
    if len(sizes) == 1:
        return replace(first, again=Candidates.count(x, n))
    printed = printed_percent(x, n, 0)
    pairs = [(float(y), float(m)) for m in sizes for y in range(m + 1) if printed_percent(y, m, 0) == printed]
    events, denominators = zip(*pairs, strict=True)
    second = Candidates(events, denominators, tuple(sizes[int(m)] for m in denominators))
    return replace(first, again=second)
