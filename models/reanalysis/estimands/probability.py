"""Probability of a statement about one quantity, such as ``risk_difference < -0.05``: read by rule, never evaluated."""

from __future__ import annotations

import re
from math import inf

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import headline_study
from reanalysis.estimands.measures import risk_difference, risk_ratio_at, treated_risk
from reanalysis.estimands.risks import asked_baselines
from reanalysis.estimands.table import quantities
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, did_you_mean, listed

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*%?"
_STATEMENT = re.compile(rf"(?:({_NUMBER})\s*(<=?)\s*)?([A-Za-z][\w ]*?)\s*([<>]=?)\s*({_NUMBER})")
_FORM = "write QUANTITY < NUMBER, QUANTITY > NUMBER or NUMBER < QUANTITY < NUMBER, as in 'risk_difference < -0.05'"
_ALSO = {"or": "odds_ratio", "rd": "risk_difference", "rr": "risk_ratio", "control_risk": "control_rate"}

_RANGES = {
    "risk_difference": (-1.0, 1.0),
    "odds_ratio": (0.0, inf),
    "risk_ratio": (0.0, inf),
    "tau": (0.0, inf),
} | dict.fromkeys(("treated_risk", "control_rate", "treated_rate", "rate", "mean_rate"), (0.0, 1.0))
"""Where quantities can lie: a number beyond that is another unit, and its probability 0 or 1 by mistake."""


def probability(
    evidence: Evidence, posterior: Posterior, statement: str, baseline: float | None = None, of: str | None = None
) -> float:
    """Posterior probability of a statement about one quantity; see :func:`reanalysis.probability`.

    Raises
    ------
    InvalidInput
        If the statement is none, or there is no such quantity: naming those that there are.
    """
    known = _marginals(evidence, posterior, baseline, of)
    name, low, high = _read(statement, known)
    marginal = known[name]
    below = 1.0 if high == inf else float(marginal.cdf(high))
    return below - (0.0 if low == -inf else float(marginal.cdf(low)))


def _read(statement: str, known: dict[str, Marginal]) -> tuple[str, float, float]:
    """Quantity and the interval that it is said to lie in."""
    text = str(statement).replace("\N{MINUS SIGN}", "-").strip()
    parts = _STATEMENT.fullmatch(text)
    if parts is None or (parts[1] and parts[4][0] == ">"):
        raise InvalidInput([BadChoice("statement", f" {statement!r}: {_FORM}; there are {listed(known)}")])
    written = re.sub(r"\W+", "_", parts[3].strip().lower())
    name = _ALSO.get(written, written)
    if name not in known:
        meant = did_you_mean(name, known)
        said = f" {statement!r}: unknown quantity {parts[3]!r}{meant}; there are {listed(known)}"
        raise InvalidInput([BadChoice("statement", said)])
    ends = [_value(parts[1]) if parts[1] else -inf, _value(parts[5])]
    low, high = _RANGES.get(name, (-inf, inf))
    for end in ends[not parts[1] :]:
        if not low <= end <= high:
            bounds = f"lies from {low:g} to {high:g}" if high < inf else "is not below 0"
            hint = f", so {end:g} per cent is {end / 100:g}" if high == 1 else ""
            raise InvalidInput([BadChoice("statement", f" {statement!r}: {name} {bounds}{hint}")])
    return (name, ends[1], inf) if parts[4][0] == ">" else (name, ends[0], ends[1])


def _value(text: str) -> float:
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def _marginals(evidence: Evidence, posterior: Posterior, baseline: float | None, of: str | None) -> dict[str, Marginal]:
    """Quantities by name of what is meant: the headline, the average, a new study, or one study."""
    labels = {evidence.study_label(study): study for study in posterior.study}
    whose = labels.get(of or "", of)
    if whose is None:
        whose = None if posterior.spec.rates else headline_study(posterior.data)
        whose = whose or "average"
    elif whose not in ("average", "new study", *posterior.study):
        there = ["average", "new study", *posterior.study]
        raise InvalidInput([BadChoice("of", f" {of!r}: must be one of {listed(there)}{did_you_mean(str(of), there)}")])
    meant = {"average": ("average", "parameter", "heterogeneity"), "new study": ("new study", "heterogeneity")}
    found = {
        one.name: one.marginal
        for one in quantities(posterior)
        if one.marginal is not None
        and (one.estimand in meant[whose] if whose in meant else one.study == whose or one.estimand == "heterogeneity")
    }
    effect = found.get("log_odds_ratio")
    if effect is not None and (baseline is not None or of is None or whose in meant):
        risk = asked_baselines(evidence, posterior, baseline)[0].percent / 100
        for name, measure in (
            ("treated_risk", treated_risk),
            ("risk_difference", risk_difference),
            ("risk_ratio", risk_ratio_at),
        ):
            found[name] = measure(effect, risk)
    elif baseline is not None:
        raise InvalidInput(
            [BadChoice("baseline", f" {baseline!r}: {posterior.spec.model} has no effect to apply it to")]
        )
    return found
