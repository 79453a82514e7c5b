"""Simulated evidence, were the model true: parameters from the prior, counts, and reports as a paper has them.

The simulation assumes what the likelihood assumes and nothing else: a denominator that is not printed is drawn from
its prior, one percentage is printed half-up, an interval is a cell of a fixed partition, and a weighted arm is a
beta-binomial count of its effective size, its proportion printed in full; of two arms that are told in words the claim
is made that holds of their counts. What enters the model is rebuilt from the
report by the code that makes candidates of evidence folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from reanalysis.engines.prediction import draw_counts
from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import Claim, ContrastRow
from reanalysis.evidence.reading.settings import Denominator, Moderator
from reanalysis.evidence.reading.settings import Study as StudySettings
from reanalysis.model.claims import allowed_pairs
from reanalysis.model.data import ModelData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.selection import NothingLeft, select
from reanalysis.model.spec import ModelSpec
from reanalysis.validation.calibration.designs import (
    DESIGNS,
    Arm,
    Count,
    Design,
    Interval,
    Latent,
    Percent,
    Study,
    Told,
    Weighted,
)

ENDPOINT = "event"


@dataclass(frozen=True)
class Truth:
    """Parameters that a replicate was simulated from."""

    mu: float
    tau: float
    new: float
    """Average, heterogeneity, and the effect in a new study."""
    logits: Mapping[str, tuple[float, ...]]
    """Control and treated logit by study; that of each further part of a treated arm after them."""
    slope: float = 0.0
    """Of the effect in the moderator, of a design that has one."""

    def risk_difference(self, study: str) -> float:
        """Treated minus control rate of a study."""
        control, treated = expit(self.logits[study][:2])
        return float(treated - control)

    def log_likelihood(self, data: ModelData) -> float:
        """Log probability of all reports."""
        total = 0.0
        for study in data.studies:
            for arm, logit in zip(data.arms, self.logits[study.study], strict=False):
                candidates = study.observed(arm)
                if candidates is not None:
                    total += float(log_likelihood(candidates, logit, study.rho))
        return total


def simulate(base: Evidence, spec: ModelSpec, design: str, replicate: int, seed: int) -> tuple[Truth, ModelData]:
    """One replicate of a design.

    A study without events (or with nothing but events) in both arms says nothing of a ratio and is left out of every
    fit. Under a prior that knows where rates lie it would say something, so there a replicate with such a study is
    drawn again whole: chosen by what is printed alone, the replicates that stay leave ranks uniform. Where baselines
    are of another law than the fitted prior, such studies stay as they are, and only a replicate of nothing else is
    drawn again.

    Parameters
    ----------
    base : Evidence
        Where rho by design class is set.
    spec : ModelSpec
        Priors, of ``contrast`` with partial pooling.
    design : str
        Name in :data:`DESIGNS`.
    replicate, seed : int
        Which of the replicates; the same numbers give the same replicate in every engine and order.
    """
    made, rng = DESIGNS[design], stream_of(design, replicate, seed)
    while True:
        truth, evidence = _drawn(rng, base, made, spec)
        try:
            data = select(evidence, made.fitted(spec), ENDPOINT).data
        except NothingLeft:
            continue
        if not (made.known and data.silent):
            return truth, data


def stream_of(design: str, replicate: int, seed: int) -> np.random.Generator:
    """The random numbers of one replicate."""
    return np.random.default_rng([seed, list(DESIGNS).index(design), replicate])


def _drawn(rng: np.random.Generator, base: Evidence, design: Design, spec: ModelSpec) -> tuple[Truth, Evidence]:
    """Parameters, and what is printed of studies that have them."""
    priors, baseline = spec.priors, design.simulated(spec)
    mu, tau = float(priors.mu.draw(rng, 1)[0]), float(priors.tau.draw(rng, 1)[0])
    new = mu + tau * rng.standard_normal()
    slope = float(priors.moderator.draw(rng, 1)[0]) if design.moderator else 0.0
    rows: list[ArmRow] = []
    said: list[ContrastRow] = []
    studies: dict[str, StudySettings] = {}
    logits: dict[str, tuple[float, ...]] = {}
    levels: dict[str, float] = {}
    for number, study in enumerate(design.studies):
        name = f"s{number:02d}"
        told = isinstance(study.control, Told)
        law, below = (Distribution.parse(base.settings.words.baseline), 0.5) if told else (baseline, spec.below)
        m, delta = float(law.draw(rng, 1)[0]), mu + tau * rng.standard_normal()
        x = float(np.mean([at for _, at in study.parts])) if study.parts else study.covariate
        delta += slope * x
        control = m - below * delta
        logits[name] = (control, control + delta)
        rho = float(getattr(base.settings.rho, study.design))
        studies[name] = _settings(study, {design.moderator: x} if design.moderator else {})
        if isinstance(study.control, Told) or isinstance(study.treated, Told):
            sizes, claim = _told(rng, study, (control, control + delta), rho, base.settings.words.alpha)
            rows += [replace(_empty(name, arm), endpoint="other", events=(0, 0), n=n) for arm, n in sizes.items()]
            said.append(replace(_SAID, study=name, claim=claim))
            continue
        rows.append(_row(rng, name, "control", study.control, control, rho))
        if study.parts:
            logits[name] = (control, *(control + delta + slope * (at - x) for _, at in study.parts))
            own = [
                replace(_row(rng, name, "treated", Count(n), logit, rho), subgroup=f"{name} part {part}")
                for part, ((n, _), logit) in enumerate(zip(study.parts, logits[name][1:], strict=True))
            ]
            together = sum(row.events[0] for row in own if row.events)
            rows += [replace(own[0], subgroup="", events=(together, together), n=sum(n for n, _ in study.parts)), *own]
            levels |= {row.subgroup: at for row, (_, at) in zip(own, study.parts, strict=True)}
        else:
            rows.append(_row(rng, name, "treated", study.treated, control + delta, rho))
    moderators = {design.moderator: Moderator(centre=0.0, levels=levels)} if design.moderator else {}
    settings = base.settings.model_copy(update={"studies": studies, "endpoints": {}, "moderators": moderators})
    made = replace(base, arms=tuple(rows), contrasts=tuple(said), settings=settings)
    return Truth(mu, tau, new, logits, slope), made


def _told(
    rng: np.random.Generator, study: Study, logits: tuple[float, float], rho: float, alpha: float
) -> tuple[dict[str, int], Claim]:
    """Sizes of the arms of a study that is told in words, and which of three claims, of which one holds, is made."""
    sizes = {name: arm.n for name, arm in vars(study).items() if isinstance(arm, Told)}
    n = np.array([*sizes.values()])
    x = draw_counts(rng, n, np.array(logits), np.full(2, rho))
    claims: tuple[Claim, ...] = ("lower", "higher", "no difference")
    return sizes, next(one for one in claims if allowed_pairs(one, x[0], n[0], x[1], n[1], alpha, 0.0))


def _settings(study: Study, covariates: Mapping[str, float]) -> StudySettings:
    arms = {"control": study.control, "treated": study.treated}
    weighted = [arm.k for arm in arms.values() if isinstance(arm, Weighted)]
    denominators = {
        name: Denominator(n_max=arm.n_max, weight=dict(arm.prior))
        for name, arm in arms.items()
        if isinstance(arm, Latent)
    }
    return StudySettings.model_validate(
        {
            "design": study.design,
            "k": weighted[0] if weighted else None,
            "denominator": denominators,
            "covariates": covariates,
        }
    )


def _empty(study: str, arm: str) -> ArmRow:
    """The row of an arm that reports nothing yet."""
    return ArmRow(0, study, arm, ENDPOINT, None, None, None, "", "", None, "none", "", "primary", "", "", "")


_SAID = ContrastRow(
    0, "", ENDPOINT, "", "", "", "", "", 0.95, "", "", "", "", "", "", "context", "words", "", ""
)  # fmt: skip
"""The row of a claim that says nothing yet."""


def _row(rng: np.random.Generator, study: str, name: str, arm: Arm, logit: float, rho: float) -> ArmRow:
    """The arm as it is reported."""
    if isinstance(arm, Latent):
        sizes = np.array(list(arm.prior) or range(1, arm.n_max + 1))
        weights = np.array(list(arm.prior.values()) or [1 / len(sizes)] * len(sizes))
        n = int(rng.choice(sizes, p=weights))
    else:
        n = arm.effective if isinstance(arm, Weighted) else arm.n
    x = int(draw_counts(rng, np.array([n]), np.array([logit]), np.array([rho]))[0])
    empty = _empty(study, name)
    match arm:
        case Count():
            return replace(empty, events=(x, x), n=n)
        case Percent():
            return replace(empty, n=n, percent=printed_percent(x, n, arm.decimals))
        case Latent():
            return replace(empty, percent=printed_percent(x, n, arm.decimals))
        case Interval():
            return replace(empty, n=n, events=next(cell for cell in arm.cells if cell[0] <= x <= cell[1]))
        case Weighted():
            return replace(empty, n=arm.n, percent=Percentage(f"{100 * x / n:.17g}"), weighting="iptw")


def printed_percent(x: int, n: int, decimals: int) -> Percentage:
    """The percentage that x of n is printed as, half-up."""
    whole = 100 * 10**decimals
    units = (2 * x * whole + n) // (2 * n)
    text = f"{units // 10**decimals}"
    return Percentage(text if decimals == 0 else f"{text}.{units % 10**decimals:0{decimals}d}")
