"""Alternative priors, and what they do to the headline.

Heterogeneity: half-normal 0.25 and 1, and the log-normal predictive distributions of Turner et al. 2015 (Stat Med
34:984) for adverse events and for infection, given for tau^2 and here on tau. Average effect: vague, sceptical, and
centred on halving or doubling the odds. Baselines: see :mod:`reanalysis.model.baselines`.
"""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.scenario import Scenario
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.baselines import baseline_alternatives
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

TAU = {
    "half-normal 0.25": "halfnormal(0.25)",
    "half-normal 1": "halfnormal(1)",
    "Turner 2015, adverse events": "lognormal(-0.935,0.76)",
    "Turner 2015, infection": "lognormal(-1.245,0.76)",
}
"""Alternative priors of the heterogeneity, by their names."""

MU_PRIOR, TAU_PRIOR, BASELINES = "mu prior", "tau prior", "baselines"
"""Groups of scenarios."""

_LOG_2 = 0.6931471805599453


def priors(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Alternatives for mu, tau and the baselines, one at a time."""
    scenarios = [Scenario(MU_PRIOR, f"primary, {spec.priors.mu}", spec, primary=True)]
    for label, alternative in mu_alternatives(evidence.endpoint(endpoint).better).items():
        prior = replace(spec.priors, mu=alternative)
        scenarios.append(Scenario(MU_PRIOR, label, replace(spec, priors=prior)))
    scenarios.append(Scenario(TAU_PRIOR, f"primary, {spec.priors.tau}", spec, primary=True))
    for label, text in TAU.items():
        prior = replace(spec.priors, tau=Distribution.parse(text))
        scenarios.append(Scenario(TAU_PRIOR, label, replace(spec, priors=prior)))
    for label, other in baseline_alternatives(spec, select(evidence, spec, endpoint).data).items():
        scenarios.append(Scenario(BASELINES, label, other, primary=other == spec))
    return scenarios


def mu_alternatives(better: str | None) -> dict[str, Distribution]:
    """Alternative priors of the average effect by their names; the last two only where a side is good."""
    found = {"vague, normal(0, 2.82)": (0.0, 2.82), "sceptical, normal(0, 0.355)": (0.0, 0.355)}
    if better is not None:
        good = -_LOG_2 if better == "lower" else _LOG_2
        found["optimistic, centred on twofold better odds"] = (good, 0.355)
        found["pessimistic, centred on twofold worse odds"] = (-good, 0.355)
    return {label: Distribution("normal", parameters) for label, parameters in found.items()}
