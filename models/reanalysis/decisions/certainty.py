"""Certainty of each endpoint: a table of findings per 1,000 patients, probabilities, and a level with its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from reanalysis.decisions.effects import ControlRisk, EndpointEffect, Patients
from reanalysis.decisions.grade import Grade, StudyBias, graded
from reanalysis.decisions.uncertain_risks import UNCERTAIN
from reanalysis.estimands.measures import odds_ratio, risk_difference, treated_risk
from reanalysis.estimands.risks import Beyond, beyond_margins, within_rope
from reanalysis.estimands.summary import Direction, Summary, direction, summarise
from reanalysis.estimands.uncertain_control import UncertainControl
from reanalysis.estimands.words import interval, risk_decimals
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import printable
from reanalysis.evidence.reading.settings import Judgement
from reanalysis.model.data import StudyData
from reanalysis.typing import Array


@dataclass(frozen=True)
class Finding:
    """One row of the table of findings: an endpoint at one control risk."""

    control: ControlRisk
    """At which."""
    without: float
    """Patients of 1,000 with the event in controls."""
    treated: Summary
    difference: Summary
    """The same with treatment, and how many more."""
    side: str
    """The more probable side of no effect, which is stated."""
    on_side: float
    """P(effect on that side)."""
    trivial: float
    """P(the difference lies within the trivial range)."""
    beyond: tuple[Beyond, ...]
    """P(beyond each margin) on either side."""

    @property
    def decimals(self) -> int:
        """Decimals that patients of 1,000 need for a rare event: none from 1 %, then two figures."""
        return max(risk_decimals(self.without / 1000) - 1, 0)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; margins are percentage points, numbers of patients per 1,000."""
        return {
            "control_risk": asdict(self.control),
            "per_1000": {
                "control": self.without,
                "treated": self.treated.as_dict(),
                "difference": self.difference.as_dict(),
            },
            "stated_side": self.side,
            "probability_stated_side": self.on_side,
            "probability_trivial": self.trivial,
            "probability_beyond": [asdict(one) for one in self.beyond],
        }


@dataclass(frozen=True)
class Heterogeneity:
    """Variation of the unpooled effects of the studies.

    Each log odds ratio is that of the study's counts, half a patient added to both of an arm of which one is 0.
    """

    q: float
    df: int
    p: float
    """Cochran's Q, its degrees of freedom and p-value."""
    i_squared: float
    """Share of the variation beyond chance (Higgins and Thompson 2002, Stat Med 21:1539)."""
    moment_tau: float
    """DerSimonian and Laird's estimate of their SD (1986, Control Clin Trials 7:177)."""
    below: int
    above: int
    """Studies with fewer, and with more events under treatment."""
    tau: Summary | None
    """Posterior of the heterogeneity."""
    new_study: tuple[float, float] | None
    """95 % interval of the odds ratio of a new study."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, repr=False)
class Certainty:
    """What is known of one endpoint, and how surely."""

    endpoint: str
    label: str
    """Its id and its name."""
    of: str
    """Whose effect it is."""
    patients: Patients
    """Studies and patients."""
    odds_ratio: Summary
    """Headline."""
    sides: Direction
    """Probabilities of fewer events, and of benefit and harm where a good side is declared."""
    trivial: float
    """Half width of the trivial range, percentage points."""
    findings: tuple[Finding, ...]
    """One a control risk; imprecision is judged at the first."""
    heterogeneity: Heterogeneity | None
    """None with one study."""
    grade: Grade
    """Level and steps."""

    def __repr__(self) -> str:
        counted = f"{self.patients.studies} studies, {self.patients.text} patients"
        odds = f"odds ratio {interval(self.odds_ratio)}, {self.of}"
        return printable(f"{self.label} ({counted}): {odds}; certainty {self.grade.text}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "label": self.label,
            "effect": self.of,
            "studies": self.patients.studies,
            "patients": {"control": list(self.patients.control), "treated": list(self.patients.treated)},
            "odds_ratio": self.odds_ratio.as_dict(),
            "probabilities": {"fewer": self.sides.below, "benefit": self.sides.benefit, "harm": self.sides.harm},
            "trivial_range": [-self.trivial, self.trivial],
            "findings": [one.as_dict() for one in self.findings],
            "heterogeneity": None if self.heterogeneity is None else self.heterogeneity.as_dict(),
        } | self.grade.as_dict()


def certainty(effect: EndpointEffect, new: UncertainControl | None = None) -> Certainty:
    """Certainty of one endpoint; where it is given, what follows in a new population is the last of its findings."""
    evidence, settings, delta = effect.evidence, effect.settings, effect.head.log_odds_ratio
    sides = direction(delta, settings.better)
    findings = tuple(_finding(effect, control, sides.below) for control in effect.control_risks)
    if new is not None:
        findings += (_finding_in(new, sides.below),)
    varied = heterogeneity(effect)
    first = findings[0]
    grade = graded(
        studies_bias(effect),
        None if varied is None else varied.i_squared,
        varied is not None and varied.below > 0 and varied.above > 0,
        (first.difference.lower / 1000, first.difference.upper / 1000),
        settings.rope,
        f"a control risk of {100 * first.control.risk:g} % ({first.control.label})",
        declared(evidence, effect.endpoint, "indirectness"),
        declared(evidence, effect.endpoint, "reporting"),
    )
    return Certainty(
        effect.endpoint, effect.label, effect.of, effect.patients, summarise(odds_ratio(delta)), sides, settings.rope,
        findings, varied, grade,
    )  # fmt: skip


def findings_table(found: Iterable[Certainty]) -> pd.DataFrame:
    """GRADE's table of findings: one row an endpoint and control risk, numbers of patients per 1,000.

    Returns
    -------
    DataFrame
        endpoint, studies, patients, control risk, odds ratio, patients per 1,000 without and with treatment, difference
        with its interval, P(stated side), P(trivial), P(beyond each margin), certainty.
    """
    rows = []
    for one in found:
        for row in one.findings:
            beyond: dict[str, float] = {}
            for margin in row.beyond:
                beyond |= {f"p_fewer_{margin.margin:g}": margin.fewer, f"p_more_{margin.margin:g}": margin.more}
            rows.append(
                {
                    "endpoint": one.endpoint, "label": one.label, "effect": one.of, "studies": one.patients.studies,
                    "patients": one.patients.text, "baseline": row.control.label,
                    "odds_ratio": one.odds_ratio.median, "odds_ratio_lower": one.odds_ratio.lower,
                    "odds_ratio_upper": one.odds_ratio.upper, "control_per_1000": row.without,
                    "treated_per_1000": row.treated.median, "difference_per_1000": row.difference.median,
                    "difference_lower": row.difference.lower, "difference_upper": row.difference.upper,
                    "stated_side": row.side, "p_stated_side": row.on_side, "p_trivial": row.trivial, **beyond,
                    "certainty": one.grade.level,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _finding(effect: EndpointEffect, control: ControlRisk, below: float) -> Finding:
    delta, settings, risk = effect.head.log_odds_ratio, effect.settings, control.risk
    return Finding(
        control,
        1000 * risk,
        _per_1000(summarise(treated_risk(delta, risk))),
        _per_1000(summarise(risk_difference(delta, risk))),
        *_stated(below),
        within_rope(delta, risk, settings.rope),
        beyond_margins(delta, risk, settings.margins),
    )


def _finding_in(new: UncertainControl, below: float) -> Finding:
    """Averaged over the control risk of a new population, of which the median is told."""
    control = ControlRisk(UNCERTAIN, new.control_risk.median)
    treated, difference = _per_1000(new.treated_risk), _per_1000(new.risk_difference)
    return Finding(
        control, 1000 * control.risk, treated, difference, *_stated(below), new.within_rope, new.beyond
    )  # fmt: skip


def _stated(below: float) -> tuple[str, float]:
    """The more probable side of no effect, and its probability."""
    return ("fewer", below) if below >= 0.5 else ("more", 1 - below)


def _per_1000(found: Summary) -> Summary:
    return Summary(*(None if value is None else 1000 * value for value in vars(found).values()))  # type: ignore[arg-type]


def heterogeneity(effect: EndpointEffect) -> Heterogeneity | None:
    """Variation between the studies that compare; None with one."""
    studies = [one for one in effect.posterior.data.studies if one.comparative]
    if len(studies) < 2:
        return None
    ratios, variances = (np.array(values) for values in zip(*map(_unpooled, studies), strict=True))
    q, i_squared = q_statistic(ratios, variances)
    overall = effect.posterior.overall
    new = overall.get("log_odds_ratio_new")
    interval = None if new is None else tuple(float(x) for x in np.exp(new.quantile([0.025, 0.975])))
    tau = overall.get("tau")
    return Heterogeneity(
        q, len(studies) - 1, float(chdtrc(len(studies) - 1, q)), i_squared, moment_tau(q, variances),
        int(np.sum(ratios < 0)), int(np.sum(ratios > 0)), None if tau is None else summarise(tau),
        interval,  # type: ignore[arg-type]
    )  # fmt: skip


def q_statistic(effects: Array, variances: Array) -> tuple[float, float]:
    """Cochran's Q and I2 of effects with known variances.

    Parameters
    ----------
    effects, variances : ndarray, shape (S,)
        Of two studies or more.
    """
    weight = 1 / variances
    mean = weight @ effects / weight.sum()
    q = float(weight @ (effects - mean) ** 2)
    df = len(effects) - 1
    return q, max(0.0, (q - df) / q) if q > 0 else 0.0


def moment_tau(q: float, variances: Array) -> float:
    """Root of the moment estimate of the variance between studies, 0 where Q is below its degrees of freedom.

    Parameters
    ----------
    q : float
        Cochran's Q.
    variances : ndarray, shape (S,)
        Of the effects of two studies or more.
    """
    weight = 1 / variances
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return float(np.sqrt(max(0.0, (q - len(weight) + 1) / scale)))


def _unpooled(study: StudyData) -> tuple[float, float]:
    """Log odds ratio of a study by itself and its variance, averaged over what its reports allow; no discount."""
    if study.adjusted is not None:
        return study.adjusted.log_ratio, study.adjusted.standard_error**2
    assert study.control is not None
    assert study.treated is not None
    logits, variances = [], []
    for arm in (study.control, study.treated):
        weight = np.asarray(arm.weight) / np.sum(arm.weight)
        half = 0.5 * bool(np.any((arm.x == 0) | (arm.x == arm.size)))
        events, others = arm.x + half, arm.size - arm.x + half
        logit = np.log(events / others)
        mean = weight @ logit
        logits.append(mean)
        variances.append(weight @ (1 / events + 1 / others) + weight @ (logit - mean) ** 2)
    return float(logits[1] - logits[0]), float(sum(variances))


def studies_bias(effect: EndpointEffect) -> list[StudyBias]:
    """Risk of bias of each study that compares: its rows for the endpoint, else its rows for all endpoints."""
    evidence, found = effect.evidence, []
    for name in effect.head.comparative:
        judgements = {domain: row.judgement for domain, row in evidence.judgements(name, effect.endpoint).items()}
        arms = [observed.candidates for (study, _), observed in effect.observations.items() if study == name]
        patients = sum(float(np.average(arm.size, weights=arm.weight)) for arm in arms)
        randomised = evidence.study(name).design == "randomised"
        found.append(StudyBias(evidence.study_label(name), randomised, patients, judgements))
    return found


def declared(evidence: Evidence, endpoint: str, domain: str) -> Judgement | None:
    """Judgement of a domain: the endpoint's own, else the folder's; None where there is none."""
    own = getattr(evidence.endpoint(endpoint).certainty, domain)
    return own if own is not None else getattr(evidence.settings.certainty, domain)
