"""What if the priors had been others?

Heterogeneity: half-normal 0.25 and 1, and the log-normal predictive distributions of Turner et al. 2015 (Stat Med
34:984) for adverse events and for infection, given for tau^2 and here on tau. Average effect: vague, sceptical, and
centred on halving or doubling the odds.
"""

from __future__ import annotations

from dataclasses import replace

from reanalysis.evidence.folder import Evidence
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.scenario import Scenario

_TAU = {
    "half-normal 0.25": "halfnormal(0.25)",
    "half-normal 1": "halfnormal(1)",
    "Turner 2015, adverse events": "lognormal(-0.935,0.76)",
    "Turner 2015, infection": "lognormal(-1.245,0.76)",
}
_LOG_2 = 0.6931471805599453


def priors(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Scenario]:
    """Alternatives for tau and mu, one at a time."""
    scenarios = [Scenario("priors", f"primary: mu {spec.priors.mu}, tau {spec.priors.tau}", spec, primary=True)]
    for label, text in _TAU.items():
        prior = replace(spec.priors, tau=Distribution.parse(text))
        scenarios.append(Scenario("priors", f"tau {label}", replace(spec, priors=prior)))
    for label, mean, sd in _mu(evidence.endpoint(endpoint).better):
        prior = replace(spec.priors, mu=Distribution("normal", (mean, sd)))
        scenarios.append(Scenario("priors", f"mu {label}", replace(spec, priors=prior)))
    return scenarios


def _mu(better: str | None) -> list[tuple[str, float, float]]:
    found = [("vague, normal(0, 2.82)", 0.0, 2.82), ("sceptical, normal(0, 0.355)", 0.0, 0.355)]
    if better is None:
        return found
    good = -_LOG_2 if better == "lower" else _LOG_2
    return [
        *found,
        ("optimistic, centred on twofold better odds", good, 0.355),
        ("pessimistic, centred on twofold worse odds", -good, 0.355),
    ]
