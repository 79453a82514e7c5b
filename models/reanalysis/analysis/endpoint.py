"""What a report says of one endpoint: its fit, headline, effects at named baselines and sensitivities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reanalysis.alternatives.alarms import Alarm, alarms
from reanalysis.alternatives.all_models import ModelAnswer
from reanalysis.alternatives.first_set import sensitivity_set
from reanalysis.alternatives.scenario import Outcome
from reanalysis.alternatives.scrutiny import Scrutiny
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.baselines import named_baselines
from reanalysis.estimands.headline import Headline, headline
from reanalysis.estimands.number_needed import NumberNeeded, number_needed
from reanalysis.estimands.probabilities import (
    Beyond,
    Direction,
    beyond_margins,
    direction,
    within_rope,
)
from reanalysis.estimands.rates import rate
from reanalysis.estimands.ratios import odds_ratio
from reanalysis.estimands.risk_difference import risk_difference, risk_ratio_at, treated_risk
from reanalysis.estimands.summary import Summary, summarise
from reanalysis.evidence.reading.settings import Baseline
from reanalysis.gates.checked_fit import CheckedFit


@dataclass(frozen=True)
class RawEffect:
    """A study's odds ratio as printed, without any prior or discount.

    Parameters
    ----------
    odds_ratio : float
        From the mean candidate rates, with 1/2 added to every cell where one is empty.
    lower, upper : float
        Wald interval on the log scale at the printed sizes.
    control, treated : str
        The arms as printed.
    """

    odds_ratio: float
    lower: float
    upper: float
    control: str
    treated: str


@dataclass(frozen=True)
class StudyEffect:
    """One study: what was printed, and what the model makes of it."""

    study: str
    label: str
    raw: RawEffect | None
    odds_ratio: Summary
    control_rate: Summary | None
    treated_rate: Summary | None
    risk_difference: Summary | None
    rho: float


@dataclass(frozen=True)
class BaselineEffect:
    """An effect translated into risks at one named control risk, all as proportions."""

    baseline: Baseline
    treated_risk: Summary
    risk_difference: Summary
    risk_ratio: Summary
    needed: NumberNeeded | None
    beyond: tuple[Beyond, ...]
    rope: float
    within_rope: float


@dataclass(frozen=True)
class EndpointAnalysis:
    """Everything reported of one endpoint.

    Parameters
    ----------
    fit : CheckedFit
        Published posterior and its gates.
    headline : Headline
        Average, or the one study's own effect.
    odds_ratio, log_odds_ratio : Summary
        Of the headline.
    average, new_study : Summary
        Odds ratio of the average and of a new study.
    tau, tau_prior : Summary
        Heterogeneity and its prior.
    baselines : tuple of BaselineEffect
        The headline at each named control risk, the first the one quoted.
    sensitivity : dict of str to list of Outcome
        By group.
    scrutiny : Scrutiny or None
        What would change the conclusion, of an endpoint of the first page.
    models : tuple of ModelAnswer
        What every model says of it, the primary first; empty beyond the first page.
    """

    fit: CheckedFit
    headline: Headline
    direction: Direction
    new_direction: Direction
    log_odds_ratio: Summary
    odds_ratio: Summary
    average: Summary
    new_study: Summary
    tau: Summary
    tau_prior: Summary
    studies: tuple[StudyEffect, ...]
    baselines: tuple[BaselineEffect, ...]
    new_baselines: tuple[BaselineEffect, ...]
    sensitivity: dict[str, list[Outcome]]
    scrutiny: Scrutiny | None = None
    models: tuple[ModelAnswer, ...] = ()

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Priors that decide the headline."""
        power = self.scrutiny.power.table if self.scrutiny else None
        return alarms(self.sensitivity, power, self.headline.study)

    @property
    def id(self) -> str:
        """Endpoint id."""
        return self.fit.endpoint

    @property
    def label(self) -> str:
        """Endpoint name for readers."""
        return self.fit.evidence.endpoint_label(self.id)

    @property
    def better(self) -> str | None:
        """Good side."""
        return self.fit.evidence.endpoint(self.id).better


def analyse_endpoint(
    fit: CheckedFit,
    sensitivity: dict[str, list[Outcome]],
    scrutiny: Scrutiny | None = None,
    models: tuple[ModelAnswer, ...] = (),
) -> EndpointAnalysis:
    """Derive everything reported of an endpoint from its fit."""
    evidence, posterior = fit.evidence, fit.posterior
    found = headline(posterior)
    better = evidence.endpoint(fit.endpoint).better
    average, new = posterior.overall["log_odds_ratio"], posterior.overall["log_odds_ratio_new"]
    named = named_baselines(evidence, posterior)
    tau_prior = _prior_summary(fit)
    return EndpointAnalysis(
        fit=fit,
        headline=found,
        direction=direction(found.log_odds_ratio, better),
        new_direction=direction(new, better),
        log_odds_ratio=summarise(found.log_odds_ratio),
        odds_ratio=summarise(odds_ratio(found.log_odds_ratio)),
        average=summarise(odds_ratio(average)),
        new_study=summarise(odds_ratio(new), moments=0),
        tau=summarise(posterior.overall["tau"]),
        tau_prior=tau_prior,
        studies=tuple(_study_effect(fit, study) for study in posterior.data.names),
        baselines=tuple(_at_baseline(fit, found.log_odds_ratio, b) for b in named),
        new_baselines=tuple(_at_baseline(fit, new, b) for b in named),
        sensitivity=sensitivity,
        scrutiny=scrutiny,
        models=models,
    )


def as_endpoint(what: EndpointAnalysis | CheckedFit, sensitivity: bool = False) -> EndpointAnalysis:
    """What a figure draws: an analysis as it is, a fit analysed first.

    Parameters
    ----------
    what : EndpointAnalysis or CheckedFit
        The one or the other.
    sensitivity : bool
        Whether the figure shows the sensitivity analyses, so that those of a fit have to be run.
    """
    if isinstance(what, EndpointAnalysis):
        return what
    alternatives = sensitivity_set(what.evidence, what.spec, what.endpoint) if sensitivity else {}
    return analyse_endpoint(what, alternatives)


def as_fit(what: EndpointAnalysis | CheckedFit) -> CheckedFit:
    """What a figure of the sampler draws: a fit as it is, that of an analysis."""
    return what.fit if isinstance(what, EndpointAnalysis) else what


def _prior_summary(fit: CheckedFit) -> Summary:
    tau = fit.spec.priors.tau
    return Summary(tau.mean, tau.sd, tau.quantile(0.5), tau.quantile(0.025), tau.quantile(0.975))


def _at_baseline(fit: CheckedFit, log_odds_ratio: Marginal, baseline: Baseline) -> BaselineEffect:
    settings = fit.evidence.endpoint(fit.endpoint)
    risk = baseline.percent / 100
    difference = summarise(risk_difference(log_odds_ratio, risk))
    needed = None
    if settings.better is not None:
        needed = number_needed(difference.median, difference.lower, difference.upper, settings.better == "lower")
    return BaselineEffect(
        baseline,
        summarise(treated_risk(log_odds_ratio, risk)),
        difference,
        summarise(risk_ratio_at(log_odds_ratio, risk)),
        needed,
        beyond_margins(log_odds_ratio, risk, settings.margins),
        settings.rope,
        within_rope(log_odds_ratio, risk, settings.rope),
    )


def _study_effect(fit: CheckedFit, study: str) -> StudyEffect:
    marginals = fit.posterior.study[study]
    arms = "control_logit" in marginals
    return StudyEffect(
        study,
        fit.evidence.study_label(study),
        raw_effect(fit, study),
        summarise(odds_ratio(marginals["log_odds_ratio"])),
        summarise(rate(marginals["control_logit"])) if arms else None,
        summarise(rate(marginals["treated_logit"])) if arms else None,
        summarise(marginals["risk_difference"]) if arms else None,
        next(s.rho for s in fit.posterior.data.studies if s.study == study),
    )


def raw_effect(fit: CheckedFit, study: str) -> RawEffect | None:
    """Odds ratio from what a study printed; None where it prints one arm only."""
    arms = [fit.selection.observations.get((study, arm)) for arm in ("control", "treated")]
    if arms[0] is None or arms[1] is None:
        return None
    cells = []
    for arm in arms:
        assert arm is not None
        weight = np.asarray(arm.candidates.weight) / np.sum(arm.candidates.weight)
        n = float(weight @ arm.candidates.size)
        events = arm.candidates.proportion() * n
        cells.append((events, n - events))
    if min(min(c) for c in cells) <= 0:
        cells = [(a + 0.5, b + 0.5) for a, b in cells]
    (a0, b0), (a1, b1) = cells
    log_ratio = float(np.log(a1 / b1) - np.log(a0 / b0))
    reach = 1.959963984540054 * float(np.sqrt(1 / a0 + 1 / b0 + 1 / a1 + 1 / b1))
    printed = [" or ".join(dict.fromkeys(r.printed for r in arm.rows)) for arm in arms if arm]
    return RawEffect(
        float(np.exp(log_ratio)),
        float(np.exp(log_ratio - reach)),
        float(np.exp(log_ratio + reach)),
        printed[0],
        printed[1],
    )
