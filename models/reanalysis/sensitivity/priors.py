"""Alternative priors, and what they do to the headline.

Heterogeneity: half-normal 0.25 and 1, and the log-normal predictive distributions of Turner et al. 2015 (Stat Med
34:984) for adverse events and for infection, given for tau^2 and here on tau. Average effect: vague, sceptical, and
centred on halving or doubling the odds. Baselines: a vague prior may decide an effect where events are rare, so others
stand beside it: two narrower normal priors of the mean logit, the logistic one that is uniform on the rate, the prior
on the control logit instead, and, of plain counts, no baseline at all: the likelihood given the events of both arms
together.
"""

from __future__ import annotations

from dataclasses import replace

from reanalysis.evidence.folder import Evidence
from reanalysis.model.distributions import Distribution
from reanalysis.model.data import ModelData
from reanalysis.model.selection import select
from reanalysis.model.spec import Anchor, ModelSpec
from reanalysis.sensitivity.scenario import Scenario

TAU = {
    "half-normal 0.25": "halfnormal(0.25)",
    "half-normal 1": "halfnormal(1)",
    "Turner 2015, adverse events": "lognormal(-0.935,0.76)",
    "Turner 2015, infection": "lognormal(-1.245,0.76)",
}
"""Alternative priors of the heterogeneity, by their names."""

_LOG_2 = 0.6931471805599453

_BASELINES: tuple[tuple[str, str, Anchor], ...] = (
    ("normal(0,10), mean logit", "normal(0,10)", "midpoint"),
    ("normal(0,3), mean logit", "normal(0,3)", "midpoint"),
    ("normal(0,1.5), mean logit", "normal(0,1.5)", "midpoint"),
    ("logistic(0,1), mean logit", "logistic(0,1)", "midpoint"),
    ("normal(0,10), control logit", "normal(0,10)", "control"),
)
_CONDITIONAL = "none: conditional likelihood"
"""Label of the likelihood that needs no baseline."""


def priors(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Alternatives for tau, mu and the baselines, one at a time."""
    scenarios = [Scenario("priors", f"primary: mu {spec.priors.mu}, tau {spec.priors.tau}", spec, primary=True)]
    for label, text in TAU.items():
        prior = replace(spec.priors, tau=Distribution.parse(text))
        scenarios.append(Scenario("priors", f"tau {label}", replace(spec, priors=prior)))
    for label, alternative in mu_alternatives(evidence.endpoint(endpoint).better).items():
        prior = replace(spec.priors, mu=alternative)
        scenarios.append(Scenario("priors", f"mu {label}", replace(spec, priors=prior)))
    for label, other in baseline_alternatives(spec, select(evidence, spec, endpoint).data).items():
        scenarios.append(Scenario("baselines", label, other, primary=other == spec))
    return scenarios


def baseline_alternatives(spec: ModelSpec, data: ModelData) -> dict[str, ModelSpec]:
    """Specifications with other baselines by their names, the primary first.

    Parameters
    ----------
    spec : ModelSpec
        The primary specification, of a model of contrasts.
    data : ModelData
        What it is fitted to: only of plain counts is there a conditional likelihood.
    """
    found = {f"primary, {spec.baseline_text}": spec}
    for label, text, anchor in _BASELINES:
        other = replace(spec, anchor=anchor, priors=replace(spec.priors, baseline=Distribution.parse(text)))
        if other != spec:
            found[label] = other
    if spec.model == "contrast" and spec.anchor != "conditional" and all(study.plain for study in data.studies):
        found[_CONDITIONAL] = replace(spec, anchor="conditional")
    return found


def mu_alternatives(better: str | None) -> dict[str, Distribution]:
    """Alternative priors of the average effect by their names; the last two only where a side is good."""
    found = {"vague, normal(0, 2.82)": (0.0, 2.82), "sceptical, normal(0, 0.355)": (0.0, 0.355)}
    if better is not None:
        good = -_LOG_2 if better == "lower" else _LOG_2
        found["optimistic, centred on twofold better odds"] = (good, 0.355)
        found["pessimistic, centred on twofold worse odds"] = (-good, 0.355)
    return {label: Distribution("normal", parameters) for label, parameters in found.items()}
