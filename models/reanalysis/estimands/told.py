"""A posterior in a few lines of plain text: what a fit prints of itself on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.risks import asked_baselines, at_baseline
from reanalysis.estimands.summary import LEVEL, direction, require_proportions
from reanalysis.estimands.table import Quantity, quantities
from reanalysis.estimands.words import decimal, percent, points, ratio, risk
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import printable


class Text(str):
    """Text that shows itself as it reads, on a terminal and in a notebook."""

    def __repr__(self) -> str:
        return str(self)


_RATIOS = ("odds_ratio", "risk_ratio")
_ROWS = ("odds_ratio", "tau", "rate", "mean_rate", "alpha", "beta", "rho")
_MOST = 12
"""Studies that are listed; a table has them all."""

_WIDE = 36


def told(
    evidence: Evidence, posterior: Posterior, baseline: float | None = None, level: float = LEVEL
) -> Iterator[str]:
    """Lines of text: what was fitted to what, medians with their intervals, and what they mean for patients.

    Parameters
    ----------
    evidence : Evidence
        Names of studies and endpoints, the good side, and the control risks.
    baseline : float, optional
        Control risk, a proportion; by default the first that the folder names.
    level : float
        Coverage of the intervals.
    """
    require_proportions(baseline, level)
    spec, studies = posterior.spec, posterior.data.names
    pooling = "no" if spec.pooling == "none" else spec.pooling
    yield printable(
        f"{evidence.endpoint_label(posterior.endpoint)}: {spec.model}, {pooling} pooling, by {posterior.engine}"
    )
    used = [name for name in spec.family.priors if name != "tau" or spec.pooling == "partial"]
    priors = (f"{name} ~ {prior}" for name, prior in spec.priors.as_text().items() if name in used)
    yield f"{len(studies)} {'study' if len(studies) == 1 else 'studies'}; {', '.join(priors) or 'own prior'}"
    yield f"{'':{_WIDE}}{'median':>8}   {100 * level:g} % interval"
    shown = [one for one in quantities(posterior) if one.marginal is not None and one.name in _ROWS]
    left = len({one.study for one in shown if one.study}) - _MOST
    listed = dict.fromkeys(list(posterior.study)[:_MOST])
    for one in shown:
        if not one.study or one.study in listed:
            yield _row(evidence, one, level)
    if left > 0:
        yield f"and {left} more studies: .to_frame()"
    if not why_no_headline(spec, posterior.data):
        yield from _meaning(evidence, posterior, baseline, level)


def _row(evidence: Evidence, one: Quantity, level: float) -> str:
    of = evidence.study_label(one.study) if one.study else "" if one.estimand == "parameter" else one.estimand
    name = one.name.replace("_", " ")
    label = printable(name if of in ("", "heterogeneity") else f"{of}, {name}")
    if len(label) >= _WIDE:
        label = f"{label[: _WIDE - 2]}\N{HORIZONTAL ELLIPSIS}"
    found, write = one.summary(level), ratio if one.name in _RATIOS else decimal
    assert found is not None
    return f"{label:{_WIDE}}{write(found.median):>8}   {write(found.lower)} to {write(found.upper)}"


def _meaning(evidence: Evidence, posterior: Posterior, baseline: float | None, level: float) -> Iterator[str]:
    """The headline: its side, and what it makes of a control risk."""
    head, endpoint = headline(posterior), evidence.endpoint(posterior.endpoint)
    side = direction(head.log_odds_ratio, endpoint.better)
    of = "average" if head.study is None else evidence.study_label(head.study)
    chance = f"P(fewer events) {percent(side.below)}"
    if side.benefit is not None:
        chance = f"P(benefit) {percent(side.benefit)}, P(harm) {percent(side.harm)}"
    yield printable(f"{of}: {chance}")
    named = asked_baselines(evidence, posterior, baseline)[0]
    at = at_baseline(head.log_odds_ratio, named, endpoint, level)
    treated, difference = at.treated_risk, at.risk_difference
    yield printable(
        f"at a control risk of {named.percent:g} % ({named.label}): {risk(treated.median)} with treatment "
        f"({risk(treated.lower)} to {risk(treated.upper)}),"
    )
    yield (
        f"{points(difference.median, at.of)} per {at.of:,} "
        f"({points(difference.lower, at.of)} to {points(difference.upper, at.of)})"
        f"{f'; {at.needed}' if at.needed else ''}"
    )
