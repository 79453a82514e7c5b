"""What a source says of a difference in words, without figures of both arms: the pairs of counts that it allows.

A claim is an event of the two arms' counts, and so is observed like any other: of all pairs (x_0, x_1) that the arms'
sizes and figures allow, those of which the claim would be said. ``no difference``: the pooled chi-square test without
correction has p above alpha; ``lower`` and ``higher``: p is at most alpha, and the treated rate lies on that side;
``similar``: the rates differ by so many points at most. Alpha and the points are settings (``[words]``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.narrowing import latent_solutions
from reanalysis.evidence.candidates.observation import NoCandidates, denominator_prior, observations
from reanalysis.evidence.coverage import cell_report
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.contrasts import Claim
from reanalysis.model.data import Benchmark, StudyData, Told
from reanalysis.model.discounts import study_bias, study_k, study_rho
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import log_pmf
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array, Flags

_MOST_PAIRS = 500_000
"""Pairs of counts of one study that are weighed one by one."""

_BLOCK = 2**20
"""Logits times candidates computed at once: 8 MiB an array."""


def allowed(study: StudyData) -> Flags:
    """Pairs of candidates that the claims of a study allow, shape (those of the control, those of the treated arm).

    Parameters
    ----------
    study : StudyData
        One that is told in words.
    """
    assert study.told is not None
    assert study.control is not None
    assert study.treated is not None
    x, n = study.control.x[:, None], study.control.size[:, None]
    y, m = study.treated.x[None, :], study.treated.size[None, :]
    keep = np.ones((len(study.control), len(study.treated)), dtype=bool)
    for claim in study.told.claims:
        keep &= allowed_pairs(claim, x, n, y, m, study.told.alpha, study.told.points)
    return keep


def log_said(study: StudyData, control: Array, treated: Array) -> Array:
    """Log probability that the claims of a study are made.

    Parameters
    ----------
    control, treated : ndarray
        Logits of the arms, of one shape, which is that of the result.
    """
    assert study.control is not None
    assert study.treated is not None
    keep = allowed(study).astype(float)
    found = np.empty(control.size)
    rows = max(1, _BLOCK // len(study.control))
    for start in range(0, control.size, rows):
        block = slice(start, start + rows)
        by_control = np.exp(log_probabilities(study.control, study.rho, control.ravel()[block]))
        by_treated = np.exp(log_probabilities(study.treated, study.rho, treated.ravel()[block]))
        with np.errstate(divide="ignore"):
            found[block] = np.log(np.einsum("ij,ij->i", by_control @ keep, by_treated))
    return found.reshape(control.shape)


def log_probabilities(arm: Candidates, rho: float, logits: Array) -> Array:
    """Log of weight times probability of each candidate at each logit, shape (logits, candidates)."""
    return log_pmf(arm.x, arm.size, logits[:, None], rho) + arm.log_weight


def allowed_pairs(claim: Claim, x: Array, n: Array, y: Array, m: Array, alpha: float, points: float) -> Flags:
    """Where x of n control patients and y of m treated patients would be told so; all arguments broadcast.

    Parameters
    ----------
    claim : Claim
        ``similar``, ``no difference``, ``lower`` or ``higher``.
    alpha, points : float
        As of :class:`~reanalysis.model.data.Told`.
    """
    apart = y * n - x * m  # the difference of the rates times n m, which ties leave exact
    if claim == "similar":
        return np.abs(apart) <= points / 100 * n * m * (1 + 1e-12)
    events = x + y
    # z^2 > c^2 without a division: arms with no event, or with nothing else, have no difference
    tested = apart**2 * (n + m) >= ndtri(alpha / 2) ** 2 * (events * (n + m - events)) * n * m * (1 - 1e-12)
    tested &= apart != 0
    if claim == "no difference":
        return ~tested
    return tested & (apart < 0 if claim == "lower" else apart > 0)


@dataclass(frozen=True)
class Claims:
    """Claims of one endpoint that stand for studies without figures of both arms."""

    counted: tuple[StudyData, ...] = ()
    """By study."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Studies whose claim cannot be weighed, and why."""


def claims_of(evidence: Evidence, spec: ModelSpec, endpoint: str, counted: Collection[str]) -> Claims:
    """Claims without figures of the studies that a specification does not count by their figures.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        What is fitted.
    endpoint : str
        Endpoint id.
    counted : collection of str
        Studies that enter by their figures, or say nothing by them.
    """
    told: list[StudyData] = []
    left_out: list[tuple[str, str]] = []
    for study in sorted({*evidence.studies} - {*counted} - {*spec.leave_out}):
        claims = tuple(dict.fromkeys(row.claim for row in cell_report(evidence, study, endpoint).without_figures))
        if not claims:
            continue
        try:
            told.append(_weighed(evidence, spec, endpoint, study, claims))  # type: ignore[arg-type]
        except (NoCandidates, InvalidInput) as error:
            left_out.append((study, str(error)))
    return Claims(tuple(told), tuple(left_out))


def _weighed(evidence: Evidence, spec: ModelSpec, endpoint: str, study: str, claims: tuple[Claim, ...]) -> StudyData:
    seen = observations(
        evidence, endpoint, study=study, sensitivity=True,
        readings=dict(spec.readings), denominators=dict(spec.denominators),
    )  # fmt: skip

    def arm(name: str) -> Candidates:
        if (one := seen.get((study, name))) is None:
            return _every_count(evidence, spec, study, name)
        return one.candidates.scaled(study_k(evidence, study, spec)) if one.weighted else one.candidates

    control, treated = arm("control"), arm("treated")
    if (pairs := len(control) * len(treated)) > _MOST_PAIRS:
        raise NoCandidates(f"its arms allow {pairs:,} pairs of counts, at most {_MOST_PAIRS:,}")
    words = evidence.settings.words
    benchmark = words_benchmark(evidence, study, endpoint) if words.benchmarks else None
    told = Told(claims, words.alpha, words.points, Distribution.parse(words.baseline), benchmark)
    bias, bias_mean = study_bias(evidence, study, endpoint, spec)
    found = StudyData(
        study, control, treated, study_rho(evidence, study, spec), bias=bias, bias_mean=bias_mean, told=told
    )
    if not (keep := allowed(found)).any():
        raise NoCandidates(f"no counts of its arms would be called {' and '.join(claims)}")
    if keep.all():
        raise NoCandidates(f"all counts of its arms would be called {' and '.join(claims)}, so that it says nothing")
    return found


def _every_count(evidence: Evidence, spec: ModelSpec, study: str, arm: str) -> Candidates:
    """Every count of an arm that reports none: of the size it has elsewhere, or of each that its figures allow."""
    sizes = dict(_sizes(evidence, spec, study, arm))
    triples = [(float(x), float(n), weight) for n, weight in sizes.items() for x in range(n + 1)]
    events, n, weight = zip(*triples, strict=True)
    return Candidates(events, n, weight)


def _sizes(evidence: Evidence, spec: ModelSpec, study: str, arm: str) -> Iterator[tuple[int, float]]:
    """Sizes of an arm with their weights: the n printed most often, the larger of two; else each that is possible."""
    rows = [r for r in evidence.rows_of_arm.get((study, arm), ()) if r.use != "excluded" and not r.subgroup]
    k = study_k(evidence, study, spec) if any(row.weighting == "iptw" for row in rows) else 1.0
    if printed := Counter(row.n for row in rows if row.n is not None):
        yield math.floor(k * max(printed, key=lambda n: (printed[n], n)) + 0.5), 1.0
        return
    feasible = [solution.n for solution in latent_solutions(evidence, study, arm)[0]] if rows else []
    if not feasible:
        raise NoCandidates(f"the size of its {arm} arm is not printed")
    fixed = dict(spec.denominators).get(f"{study}/{arm}")
    prior = denominator_prior(evidence, study, arm, feasible)
    if fixed in prior:
        prior = {fixed: 1.0}
    yield from ((n, weight) for n, weight in prior.items() if weight > 0)


def words_benchmark(evidence: Evidence, study: str, endpoint: str) -> Benchmark | None:
    """What benchmarks.csv says of the control rate of a study, None where it says nothing."""
    row, settings = evidence.benchmark(study, endpoint), evidence.settings
    return None if row is None else Benchmark(row.candidates(), settings.rho.external, settings.words.benchmark_weight)
