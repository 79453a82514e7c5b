"""What a report says of one endpoint: its fit, headline, effects at named baselines and sensitivities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reanalysis.alternatives.alarms import Alarm, alarms
from reanalysis.alternatives.of_endpoint import Scrutiny
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.estimands.headline import Headline, headline
from reanalysis.estimands.risks import BaselineEffect, RisksAt, at_baseline, named_baselines, risks_of
from reanalysis.estimands.summary import Direction, Summary, direction
from reanalysis.estimands.table import summaries
from reanalysis.estimands.words import quantity_name
from reanalysis.evidence.problems import BadChoice, InvalidInput
from reanalysis.gates.checked_fit import CheckedFit


@dataclass(frozen=True)
class RawEffect:
    """A study's odds ratio from its published rates, without any prior or discount."""

    odds_ratio: float  # from the mean candidate rates, with 1/2 added to every cell where one is empty
    lower: float  # Wald interval on the log scale at the published sizes, the likeliest where one is not published
    upper: float
    control: str  # the arms as printed
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
class WithWords:
    """The average effect of an endpoint with figures in one study alone, once words of the others count."""

    outcome: Outcome  # the effect, of the group ``words`` of the sensitivity
    told: tuple[str, ...]  # studies that enter by their words
    baselines: tuple[RisksAt, ...]  # at the control risks of the headline


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
    models : tuple of Outcome
        What every model says of it, the primary first; empty beyond the first page.
    folder_studies : tuple of str
        Studies of the whole folder in their order, where the evidence of ``fit`` is only a part of it.
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
    models: tuple[Outcome, ...] = ()
    folder_studies: tuple[str, ...] = ()

    @property
    def every_study(self) -> tuple[str, ...]:
        """Studies of the folder in their order: by its place there a study looks the same in every figure."""
        return self.folder_studies or self.fit.evidence.studies

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Priors that decide the headline."""
        power = self.scrutiny.power.table if self.scrutiny else None
        return alarms(self.sensitivity, power, self.headline.study)

    @property
    def with_words(self) -> WithWords | None:
        """The average with what the other studies say in words; None where several have figures, or none is told.

        Under the baseline that ``[words]`` declares for them.
        """
        told = [o for o in self.sensitivity.get("words", ()) if o.spec.words and not o.primary and o.log_odds_ratio]
        own = self.headline.study
        if own is None or not told:
            return None
        found = told[-1 if self.fit.evidence.settings.words.benchmarks else 0]
        others = tuple(study for study in found.studies if study != own)
        if found.study is not None or found.log_odds_ratio is None or not others:
            return None
        return WithWords(found, others, tuple(risks_of(found.log_odds_ratio, one.baseline) for one in self.baselines))

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
    models: tuple[Outcome, ...] = (),
) -> EndpointAnalysis:
    """Derive everything reported of an endpoint from its fit."""
    evidence, posterior = fit.evidence, fit.posterior
    found = headline(posterior)
    new, endpoint = posterior.overall["log_odds_ratio_new"], evidence.endpoint(fit.endpoint)
    estimated, named = summaries(posterior), named_baselines(evidence, posterior)
    own, prior = found.study or "", fit.spec.priors.tau
    return EndpointAnalysis(
        fit=fit,
        headline=found,
        direction=direction(found.log_odds_ratio, endpoint.better),
        new_direction=direction(new, endpoint.better),
        log_odds_ratio=estimated[own, "log_odds_ratio"],
        odds_ratio=estimated[own, "odds_ratio"],
        average=estimated["", "odds_ratio"],
        new_study=estimated["", "odds_ratio_new"],
        tau=estimated["", "tau"],
        tau_prior=Summary(prior.mean, prior.sd, *map(prior.quantile, (0.5, 0.025, 0.975))),
        studies=tuple(_study_effect(fit, study, estimated) for study in posterior.data.names),
        baselines=tuple(at_baseline(found.log_odds_ratio, b, endpoint) for b in named),
        new_baselines=tuple(at_baseline(new, b, endpoint) for b in named),
        sensitivity=sensitivity,
        scrutiny=scrutiny,
        models=models,
    )


def as_endpoint(what: EndpointAnalysis | CheckedFit, sensitivity: bool = False) -> EndpointAnalysis:
    """What a figure draws: an analysis as it is, a fit analysed first, with its sensitivity if the figure shows that.

    Raises
    ------
    InvalidInput
        If it is neither, or a fit without the effects that figures show.
    """
    if isinstance(what, EndpointAnalysis):
        return what
    _require_fit(what)
    headline(what.posterior)
    lacking = [name for name in ("log_odds_ratio_new", "tau") if name not in what.posterior.overall]
    if lacking:
        spec = what.spec
        named = " and no ".join(quantity_name(name) for name in lacking)
        raise InvalidInput([f"figure: {spec.model} with {spec.pooling} pooling has no {named}; see .summary()"])
    alternatives = sensitivity_set(what.evidence, what.spec, what.endpoint) if sensitivity else {}
    return analyse_endpoint(what, alternatives)


def as_fit(what: EndpointAnalysis | CheckedFit) -> CheckedFit:
    """What a figure of the sampler draws: a fit as it is, that of an analysis."""
    if isinstance(what, EndpointAnalysis):
        return what.fit
    _require_fit(what)
    return what


def _require_fit(what: object) -> None:
    if not isinstance(what, CheckedFit):
        said = f": this figure is of fit(evidence, endpoint), not of {type(what).__name__}"
        raise InvalidInput([BadChoice("what to draw", said)])


def _study_effect(fit: CheckedFit, study: str, estimated: Mapping[tuple[str, str], Summary]) -> StudyEffect:
    return StudyEffect(
        study,
        fit.evidence.study_label(study),
        raw_effect(fit, study),
        estimated[study, "odds_ratio"],
        estimated.get((study, "control_rate")),
        estimated.get((study, "treated_rate")),
        estimated.get((study, "risk_difference")),
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
        weight = dict(zip(arm.candidates.n, arm.candidates.weight, strict=True))
        n = max(weight, key=lambda size: (weight[size], -size))
        events = arm.candidates.proportion() * n
        cells.append((events, n - events))
    if min(min(c) for c in cells) <= 0:
        cells = [(a + 0.5, b + 0.5) for a, b in cells]
    (a0, b0), (a1, b1) = cells
    log_ratio = float(np.log(a1 / b1) - np.log(a0 / b0))
    reach = 1.959963984540054 * float(np.sqrt(1 / a0 + 1 / b0 + 1 / a1 + 1 / b1))
    printed = [" or ".join(dict.fromkeys(r.printed for r in arm.rows)) for arm in arms if arm]
    ratio, lower, upper = (float(np.exp(end)) for end in (log_ratio, log_ratio - reach, log_ratio + reach))
    return RawEffect(ratio, lower, upper, *printed)
