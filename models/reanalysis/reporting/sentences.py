"""Sentences generated from the numbers, in plain words and without labels such as "significant"."""

from __future__ import annotations

from reanalysis.alternatives.alarms import Alarm
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted, decimal, interval, percent, points_interval
from reanalysis.evidence.candidates.candidates import SILENCES

_EVEN = 0.1
"""A probability no further than this from one half is called about as probable as its opposite."""


def basis(endpoint: EndpointAnalysis) -> str:
    """How much evidence: ``compared in three cohorts``."""
    comparative = endpoint.headline.comparative
    if len(comparative) == 1:
        label = endpoint.fit.evidence.study_label(comparative[0])
        return f"compared in one cohort only ({label})"
    return f"compared in {counted(len(comparative), 'cohort')}"


def effect(endpoint: EndpointAnalysis) -> str:
    """The headline effect in one sentence."""
    treated = endpoint.fit.evidence.settings.treated_label
    what = "the average odds ratio" if endpoint.headline.kind == "average" else "that cohort's odds ratio"
    text = f"With {treated} {what} is {interval(endpoint.odds_ratio)}"
    sides = endpoint.direction
    if sides.benefit is None or sides.harm is None:
        return f"{text}; the probability of fewer events is {percent(sides.below)}."
    if abs(sides.benefit - 0.5) <= _EVEN:
        lean = (
            f"benefit ({percent(sides.benefit)}) and harm ({percent(sides.harm)}) are about as probable as each other"
        )
        return f"{text}; {lean}."
    likelier, chance = ("benefit", sides.benefit) if sides.benefit > 0.5 else ("harm", sides.harm)
    return f"{text}; the probability of {likelier} is {percent(chance)}."


def risk(endpoint: EndpointAnalysis) -> str:
    """The effect per 100 patients at the first named baseline."""
    at = endpoint.baselines[0]
    control = endpoint.fit.evidence.settings.control_label
    return (
        f"Where {at.baseline.percent:g} in 100 have the event with {control} ({at.baseline.label}), "
        f"the difference is {points_interval(at.risk_difference)} per 100 patients."
    )


def leaving_out(endpoint: EndpointAnalysis) -> str:
    """How far leaving out one study moves the result, and whether it changes its direction."""
    defined = left_out(endpoint)
    if not defined:
        return "Leaving that cohort out leaves no comparison, so nothing else confirms or contradicts it."
    what = "benefit" if endpoint.direction.benefit is not None else "fewer events"
    values = [_probability(o) for o in defined]
    full = endpoint.direction.benefit if endpoint.direction.benefit is not None else endpoint.direction.below
    low, high = min(values), max(values)
    text = (
        f"Leaving out one cohort moves the probability of {what} from {percent(full)} "
        f"to between {percent(low)} ({_label(defined, low)}) and {percent(high)} ({_label(defined, high)})"
    )
    if len(defined) == 1:
        label = _capital(defined[0].label)
        text = f"{label} the probability of {what} is {percent(low)} instead of {percent(full)}"
    return text + (": the direction depends on which cohort is left out." if turns(endpoint) else ".")


def _probability(outcome: Outcome) -> float:
    value = outcome.benefit if outcome.benefit is not None else outcome.below
    assert value is not None
    return value


def _label(outcomes: list[Outcome], value: float) -> str:
    return next(o.label for o in outcomes if _probability(o) == value)


def endpoint_summary(endpoint: EndpointAnalysis) -> list[str]:
    """What is known of one endpoint, in a few sentences, priors that decide it among them."""
    first = f"{endpoint.label} is {basis(endpoint)}."
    silent = [silence(endpoint)] if endpoint.fit.posterior.data.silent else []
    return [first, *silent, effect(endpoint), risk(endpoint), leaving_out(endpoint), *deciding_priors(endpoint)]


def silence(endpoint: EndpointAnalysis) -> str:
    """Which studies compared two arms and say nothing of a ratio, and how many patients they had."""
    evidence, studies = endpoint.fit.evidence, endpoint.fit.posterior.data.silent
    reasons: dict[str, list[str]] = {}
    for study in studies:
        reasons.setdefault(str(study.silence), []).append(evidence.study_label(study.study))
    named = "; ".join(f"{listed(names)}: {reason}" for reason, names in reasons.items())
    verb = "says" if len(studies) == 1 else "say"
    return f"{_capital(counted(len(studies), 'study', 'studies'))} more {verb} nothing of a ratio ({named})."


def deciding_priors(endpoint: EndpointAnalysis) -> list[str]:
    """One sentence a prior that decides the headline."""
    what = "benefit" if endpoint.direction.benefit is not None else "fewer events"
    return [alarm_sentence(alarm, what) for alarm in endpoint.alarms]


def deciding_in_short(endpoint: EndpointAnalysis) -> str:
    """Priors that decide the headline, and between which probabilities; empty where none does."""
    return "; ".join(
        f"{alarm.prior}"
        + (f", {percent(alarm.low)} to {percent(alarm.high)}" if alarm.moved else "")
        + (f" (power scaling {decimal(alarm.scaling, 3)})" if alarm.scaled else "")
        for alarm in endpoint.alarms
    )


def alarm_sentence(alarm: Alarm, what: str) -> str:
    """A prior that decides, and how far.

    Parameters
    ----------
    what : str
        Whose probability it moves: ``benefit`` or ``fewer events``.
    """
    text = f"The prior of the {alarm.prior} matters:"
    if alarm.moved:
        text += (
            f" other choices move the probability of {what} from {percent(alarm.primary)} to between "
            f"{percent(alarm.low)} ({alarm.lowest}) and {percent(alarm.high)} ({alarm.highest})"
        )
    if alarm.scaled:
        text += f"{';' if alarm.moved else ''} power scaling finds {decimal(alarm.scaling, 3)}, above 0.05"
    return f"{text}."


def headline_sentences(analysis: Analysis) -> list[str]:
    """The answer of the whole report: how much was compared, then one sentence an endpoint."""
    counts = {e.label: len(e.headline.comparative) for e in analysis.headlines}
    most = max(counts.values())
    shared = [label for label, count in counts.items() if count == most]
    studies = len({s for e in analysis.endpoints for s in e.headline.comparative})
    settings = analysis.evidence.settings
    opening = f"{_capital(counted(studies, 'cohort'))} compared {settings.treated_label} with {settings.control_label}"
    if most == studies and studies > 1:
        if len(shared) == 1 and len(counts) > 1:
            opening += f"; {shared[0]} is the only endpoint reported here that all of them compare"
        elif len(shared) == len(counts):
            opening += "; each endpoint on this page is compared in all of them"
    elif studies > 1:
        opening += f"; no endpoint is compared in more than {counted(most, 'of them', 'of them')}"
    return [opening + ".", *(one_line(e) for e in analysis.headlines)]


def one_line(endpoint: EndpointAnalysis) -> str:
    """One endpoint in one sentence: how much was compared, the effect, and what one cohort does to it."""
    sides = endpoint.direction
    numbers = f"odds ratio {interval(endpoint.odds_ratio)}"
    if sides.benefit is None or sides.harm is None:
        chances = f"probability of fewer events {percent(sides.below)}"
    else:
        chances = f"probability of benefit {percent(sides.benefit)} and of harm {percent(sides.harm)}"
    return f"{endpoint.label} ({_resting_on(endpoint)}): {numbers}, {chances}{_hinge(endpoint)}."


def _resting_on(endpoint: EndpointAnalysis) -> str:
    """``three cohorts``, or the one cohort by name and design."""
    comparative, evidence = endpoint.headline.comparative, endpoint.fit.evidence
    if len(comparative) > 1:
        return counted(len(comparative), "cohort")
    design = evidence.study(comparative[0]).design
    kind = {"weighted": "weighted ", "randomised": "randomised "}.get(design or "", "")
    return f"one {kind}cohort, {evidence.study_label(comparative[0])}"


def _hinge(endpoint: EndpointAnalysis) -> str:
    """What hangs on one cohort, as the end of a sentence; nothing where the direction stays."""
    if len(endpoint.headline.comparative) == 1:
        return "; unconfirmed by any other cohort"
    return "; the direction depends on the cohort left out" if turns(endpoint) else ""


def left_out(endpoint: EndpointAnalysis) -> list[Outcome]:
    """Outcomes with one study left out, those that leave a comparison."""
    outcomes = endpoint.sensitivity.get("leave one out", [])
    return [o for o in outcomes if not o.primary and o.log_odds_ratio is not None]


def turns(endpoint: EndpointAnalysis) -> bool:
    """Whether the median effect changes sides, with one study or another left out."""
    others = (o.log_odds_ratio.median for o in left_out(endpoint) if o.log_odds_ratio is not None)
    medians = [endpoint.log_odds_ratio.median, *others]
    return min(medians) < 0 < max(medians)


def not_known(analysis: Analysis) -> list[str]:
    """What the evidence leaves open, most far-reaching first; empty where it leaves nothing of these open."""
    headlines = analysis.headlines
    found = []
    turning = [e.label for e in headlines if len(e.headline.comparative) > 1 and turns(e)]
    if turning:
        found.append(
            f"Which way the average goes for {listed(turning)}: its direction changes with one cohort left out."
        )
    single = [e.label for e in headlines if len(e.headline.comparative) == 1]
    if single:
        found.append(f"Whether another cohort would agree on {listed(single)}: one cohort alone was compared.")
    open_ = [text for e in headlines if (text := _still_possible(e))]
    if open_:
        found.append("How large the effect is: " + "; ".join(open_) + " remain possible at 95 %.")
    silent, nothing = _without_a_ratio(analysis)
    if silent:
        found.append(
            f"Anything about {listed(silent)}: compared, but without events, or with events only, in both arms."
        )
    if nothing:
        found.append(f"Anything about {listed(nothing)}: reported, but compared in no cohort.")
    return found


def _still_possible(endpoint: EndpointAnalysis) -> str:
    """``Death, 14 fewer to 20 more in 100``, where both ends of the interval are differences that matter."""
    at = endpoint.baselines[0]
    margin = min((b.margin for b in at.beyond), default=0.0) / 100
    low, high = at.risk_difference.lower, at.risk_difference.upper
    if not (low <= -margin < margin <= high):
        return ""
    return f"{endpoint.label}, {-100 * low:.0f} fewer to {100 * high:.0f} more in 100"


def _without_a_ratio(analysis: Analysis) -> tuple[list[str], list[str]]:
    """Endpoints without a ratio: those of which both arms say nothing of it, and those never compared."""
    frame, modelled = analysis.coverage, {e.id for e in analysis.endpoints}
    silent: list[str] = []
    nothing: list[str] = []
    for e in frame.columns:
        if str(e) not in modelled and not (frame[e] == "comparison").any():
            found = silent if frame[e].isin(SILENCES).any() else nothing
            found.append(analysis.evidence.endpoint_label(str(e)))
    return silent, nothing


def listed(names: list[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``; semicolons where a name holds a comma."""
    if len(names) == 1:
        return names[0]
    separator = ";" if any("," in name for name in names) else ","
    last = f"{separator} and " if separator == ";" else " and "
    return f"{separator} ".join(names[:-1]) + last + names[-1]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
