"""Words as likelihood: the effects of an endpoint where studies that are told in words alone enter beside the others.

With A the pairs of counts that a claim allows (:mod:`reanalysis.model.claims`), the likelihood of the effect is

    L(delta) = int p(m) sum_{(x, y) in A} p(x | m - delta / 2) p(y | m + delta / 2) dm,

the probability that the claim would be made. It is a bilinear form in the arms' probabilities, tabulated once; where a
benchmark is declared, the prior is on the control logit instead, so that L says what the claim says and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from reanalysis.alternatives.outcome import Outcome, outcome
from reanalysis.engines.benchmark import log_robust_factor
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature.grids import Lattice, nice_step
from reanalysis.engines.quadrature.hierarchy import solve
from reanalysis.engines.quadrature.pooled import SeparateEffects, solve_common
from reanalysis.engines.quadrature.study_effects import effect_marginal
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.claims import ClaimData, claims_of, words_benchmark
from reanalysis.model.data import Benchmark, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import information, log_pmf
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_FARTHEST = 40.0
"""Log odds ratio up to which a likelihood is tabulated; beyond it falls, or stays, as it does there."""

_REACH = 32.0
"""Scales of the baseline's prior around its centre that the integral covers, beside half an effect."""

_CERTAIN = 24.0
"""Logits beyond that of one patient in an arm where its counts are certain to 1e-10."""

_BY_WIDTH = 0.35
"""Step of the table in the scale of the steepest probability."""


@dataclass(frozen=True)
class ClaimLikelihood(StudyLikelihood):
    """Likelihood of the effect of a study that is told in words alone.

    Parameters
    ----------
    claim : ClaimData
        What its source says, and what is known of its arms.
    benchmark : Benchmark or None
        What its control rate is likely to be; the prior of the baseline is then on the control logit.
    """

    claim: ClaimData = field(kw_only=True)
    benchmark: Benchmark | None = field(default=None, kw_only=True)

    @classmethod
    def of_claim(cls, claim: ClaimData, baseline: Distribution, benchmark: Benchmark | None) -> ClaimLikelihood:
        """The likelihood of a claim under a prior of its baseline."""
        study = StudyData(claim.study, claim.control, claim.treated, claim.rho)
        return cls(study, baseline, claim=claim, benchmark=benchmark)

    @property
    def whole(self) -> bool:
        """Yes: the rates of arms that are told in words are not reported."""
        return True

    def on(self, lattice: Lattice) -> tuple[Array, float]:
        """Likelihood of the effect at the nodes, up to a factor, and the log of that factor."""
        log_values = _tabulated(self.claim, self.baseline, self.benchmark)(lattice.points)
        top = float(log_values.max())
        return np.exp(log_values - top), top


@dataclass(frozen=True)
class _Table:
    """Logs of a likelihood at even steps, smooth between them and straight beyond."""

    spline: BSpline
    end: float

    def __call__(self, effect: Array) -> Array:
        inside = np.clip(effect, -self.end, self.end)
        slope = np.where(effect < 0, self.spline(-self.end, 1), self.spline(self.end, 1))
        return np.asarray(self.spline(inside) + slope * (effect - inside))


@lru_cache(maxsize=256)
def _tabulated(claim: ClaimData, baseline: Distribution, benchmark: Benchmark | None) -> _Table:
    known = [information(arm, claim.rho) for arm in (claim.control, claim.treated)]
    step = nice_step(_BY_WIDTH * (sum(known) + 1.0) ** -0.5)
    certain = int((_CERTAIN + np.log(max(*claim.control.n, *claim.treated.n))) / step) + 1
    logits = Lattice(step, -certain, 2 * certain + 1).points
    said = _probabilities(claim.control, claim.rho, logits) @ claim.allowed().astype(float)
    both = said @ _probabilities(claim.treated, claim.rho, logits).T
    far = int(_FARTHEST / step)
    effects = np.arange(-far, far + 1)
    reach = _REACH * baseline.width / step + far / 2
    centre = baseline.quantile(0.5) / step
    control = np.arange(int(centre - reach - far / 2), int(centre + reach + far / 2) + 1)
    at_control, rows = step * control.astype(float), np.clip(control + certain, 0, 2 * certain)
    values = np.empty(len(effects))
    by_control = None  # the prior where it is on the control logit
    if benchmark is not None:
        by_control = np.exp(baseline.logpdf(at_control) + log_robust_factor(benchmark, baseline, at_control))
    for place, effect in enumerate(effects):
        prior = np.exp(baseline.logpdf(at_control + 0.5 * step * effect)) if by_control is None else by_control
        values[place] = step * (both[rows, np.clip(control + effect + certain, 0, 2 * certain)] @ prior)
    return _Table(make_interp_spline(step * effects, np.log(np.maximum(values, 1e-300)), k=5), step * far)


def _probabilities(arm: Candidates, rho: float, logits: Array) -> Array:
    """Weight times probability of each candidate at each logit, shape (nodes, candidates)."""
    return np.exp(log_pmf(arm.x, arm.size, logits[:, None], rho) + arm.log_weight)


def effects_with_words(spec: ModelSpec, studies: list[StudyLikelihood]) -> dict[str | None, Marginal]:
    """Log odds ratios where claims are among the studies: the average under None, then each study's own.

    Raises
    ------
    QuadratureError
        If a grid cannot hold or resolve a posterior.
    """
    if spec.pooling == "complete":
        (common,) = solve_common(studies, [spec.priors.mu])
        return {None: common.average()}
    found: dict[str | None, Marginal] = {}
    if spec.pooling == "none":
        given_others = SeparateEffects(spec.priors.mu).effect_given_others
    else:
        joint = solve(studies, spec.priors.mu, spec.priors.tau)
        found[None], given_others = joint.average(), joint.effect_given_others
    for index, study in enumerate(studies):
        found[study.study.study] = effect_marginal(study, partial(given_others, index))
    return found


def words_outcomes(evidence: Evidence, spec: ModelSpec, endpoint: str, benchmarks: bool) -> list[Outcome]:
    """The effects of one endpoint with what studies without figures say in words, the average first.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification.
    endpoint : str
        Endpoint id.
    benchmarks : bool
        Whether the control rate of a study is likely to be what benchmarks.csv says of its product.
    """
    data, claims = select(evidence, spec, endpoint).data, claims_of(evidence, spec, endpoint)
    studies = likelihoods(spec, data)
    names = (*data.names, *(claim.study for claim in claims.counted))
    baseline, better = Distribution.parse(evidence.settings.words.baseline), evidence.endpoint(endpoint).better
    for claim in claims.counted:
        benchmark = words_benchmark(evidence, claim.study, endpoint) if benchmarks else None
        studies.append(ClaimLikelihood.of_claim(claim, baseline, benchmark))
    try:
        found = effects_with_words(spec, studies)
    except EngineError as error:
        return [Outcome(spec, names, note=f"not computed: {error}", broken=True)]
    unheard = "".join(f"; {evidence.study_label(study)} not counted: {why}" for study, why in claims.left_out)
    told = {claim.study: f" (in words: {' and '.join(claim.claims)})" for claim in claims.counted}
    made = []
    for study, effect in found.items():
        note = f"average effect{unheard}"
        if study is not None:
            note = f"{evidence.study_label(study)}'s own effect{told.get(study, '')}"
        made.append(replace(outcome(spec, data, effect, better, study, note), studies=names))
    return made
