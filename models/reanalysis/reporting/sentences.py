"""Sentences about an endpoint, generated from the numbers, in plain words and without labels such as "significant"."""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.alternatives.alarms import Alarm
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.risks import RisksAt
from reanalysis.estimands.words import counted, decimal, interval, percent
from reanalysis.reporting.unmodelled import only_one_compares
from reanalysis.reporting.wording import capital, kind_of_study, listed, running

EVEN = 0.1
"""A probability no further than this from one half is called about as likely as its opposite."""


def even(probability: float) -> bool:
    """Whether a probability is about as large as its opposite; the limits belong to it."""
    return abs(probability - 0.5) <= EVEN + 1e-9


def name(endpoint: EndpointAnalysis) -> str:
    """The endpoint within a sentence."""
    return running(endpoint.label)


def endpoint_summary(endpoint: EndpointAnalysis) -> list[str]:
    """What is known of one endpoint, in a few sentences, priors that decide it among them."""
    silent = [silence(endpoint)] if endpoint.fit.posterior.data.silent else []
    return [
        basis(endpoint), *silent, effect(endpoint), risk(endpoint), leaving_out(endpoint), *deciding_priors(endpoint)
    ]  # fmt: skip


def basis(endpoint: EndpointAnalysis) -> str:
    """How many studies have figures for both groups."""
    comparative, evidence = endpoint.headline.comparative, endpoint.fit.evidence
    noun, plural = kind_of_study(evidence, comparative)
    if len(comparative) == 1:
        label = evidence.study_label(comparative[0])
        return f"{capital(name(endpoint))} has figures for both groups in one {noun} only ({label})."
    return f"{capital(name(endpoint))} was compared in {counted(len(comparative), noun, plural)}."


def effect(endpoint: EndpointAnalysis) -> str:
    """The headline effect in one sentence."""
    treated = endpoint.fit.evidence.settings.treated_label
    what = "the average odds ratio" if endpoint.headline.kind == "average" else "the odds ratio of that study"
    fewer, more = endpoint.direction.below, 1 - endpoint.direction.below
    ways = [("reduce", fewer), ("increase", more)]
    if endpoint.better == "higher":
        ways.reverse()
    (first, likely), (second, other) = ways
    if even(fewer):
        chances = (
            f"{treated} is about as likely to {first} {name(endpoint)} ({percent(likely)}) as to {second} it "
            f"({percent(other)})"
        )
    else:
        way, chance = max(ways, key=lambda one: one[1])
        chances = f"the chance that {treated} {way}s {name(endpoint)} is {percent(chance)}"
    return f"With {treated} {what} is {interval(endpoint.odds_ratio)}; {chances}."


def patients_told(endpoints: Sequence[EndpointAnalysis]) -> int:
    """Of how many patients the outcomes of one table are told: as many as the rarest of them needs."""
    return max((e.baselines[0].of for e in endpoints), default=100)


def patients(at: RisksAt, risk: float, of: int) -> str:
    """A proportion as patients of so many: whole where those with control are, which keeps sums right; else a decimal.

    Parameters
    ----------
    at : RisksAt
        Has the control risk.
    risk : float
        Proportion.
    of : int
        Patients: 100, 1,000 and so on.
    """
    control = at.baseline.percent * of / 100
    return f"{of * risk:,.{0 if abs(control - round(control)) < 1e-6 else 1}f}"


def difference(at: RisksAt, value: float, of: int) -> str:
    """``9 more``, ``3 fewer`` or ``no more`` of so many patients."""
    text = patients(at, abs(value), of)
    return "0" if not text.strip("0.") else f"{text} {'more' if value > 0 else 'fewer'}"


def difference_interval(at: RisksAt, of: int) -> tuple[str, str]:
    """``9 more`` and ``2 fewer to 33 more``."""
    found = at.risk_difference
    return difference(at, found.median, of), f"{difference(at, found.lower, of)} to {difference(at, found.upper, of)}"


def treated_interval(at: RisksAt, of: int) -> tuple[str, str, str]:
    """Patients of so many who have the event with treatment: median, lower and upper end."""
    found = at.treated_risk
    return patients(at, found.median, of), patients(at, found.lower, of), patients(at, found.upper, of)


def risk(endpoint: EndpointAnalysis) -> str:
    """The effect in patients at the first control risk."""
    at, settings = endpoint.baselines[0], endpoint.fit.evidence.settings
    middle, low, high = treated_interval(at, at.of)
    return (
        f"If {patients(at, at.baseline.percent / 100, at.of)} of {at.of:,} patients have {name(endpoint)} "
        f"with {settings.control_label} ({at.baseline.label}), about {middle} have it with {settings.treated_label} "
        f"(95 % interval {low} to {high})."
    )


def leaving_out(endpoint: EndpointAnalysis) -> str:
    """How far leaving out one study moves the result, and whether it changes its direction."""
    defined, evidence = left_out(endpoint), endpoint.fit.evidence
    if not defined:
        return only_one_compares(evidence, endpoint.id)
    what, full = helps(endpoint), endpoint_chance(endpoint)
    noun, _ = kind_of_study(evidence, endpoint.headline.comparative)
    least, most = min(defined, key=_probability), max(defined, key=_probability)
    text = (
        f"Leaving out one {noun} moves the chance of {what} from {percent(full)} "
        f"to between {percent(least.chance)} ({least.label}) and {percent(most.chance)} ({most.label})"
    )
    if len(defined) == 1:
        text = f"{capital(least.label)} the chance of {what} is {percent(least.chance)} instead of {percent(full)}"
    return text + (f": the direction depends on which {noun} is left out." if turns(endpoint) else ".")


def helps(endpoint: EndpointAnalysis) -> str:
    """What chances are of: ``benefit``, or ``fewer events`` where no side is declared good."""
    return "fewer events" if endpoint.direction.benefit is None else "benefit"


def endpoint_chance(endpoint: EndpointAnalysis) -> float:
    """Probability of benefit, or of fewer events where no side is declared good."""
    sides = endpoint.direction
    return sides.below if sides.benefit is None else sides.benefit


def _probability(outcome: Outcome) -> float:
    assert outcome.chance is not None
    return outcome.chance


def silence(endpoint: EndpointAnalysis) -> str:
    """Which studies compared two arms and say nothing of a ratio, and how many patients they had."""
    evidence, studies = endpoint.fit.evidence, endpoint.fit.posterior.data.silent
    reasons: dict[str, list[str]] = {}
    for study in studies:
        reasons.setdefault(str(study.silence), []).append(evidence.study_label(study.study))
    named = "; ".join(f"{listed(names)}: {reason}" for reason, names in reasons.items())
    verb = "says" if len(studies) == 1 else "say"
    return f"{capital(counted(len(studies), 'study', 'studies'))} more {verb} nothing of a ratio ({named})."


def deciding_priors(endpoint: EndpointAnalysis) -> list[str]:
    """One sentence a prior that decides the headline."""
    return [alarm_sentence(alarm, helps(endpoint)) for alarm in endpoint.alarms]


def deciding_in_short(endpoint: EndpointAnalysis) -> str:
    """Priors that decide the headline, and between which probabilities; empty where none does."""
    return "; ".join(
        f"{alarm.prior}"
        + (f", {percent(alarm.low)} to {percent(alarm.high)}" if alarm.moved else "")
        + (f" (power scaling {decimal(alarm.scaling, 3)})" if alarm.scaled else "")
        for alarm in endpoint.alarms
    )


def alarm_sentence(alarm: Alarm, what: str) -> str:
    """A prior that decides, and how far it moves the probability of ``benefit`` or ``fewer events``."""
    text = f"The prior of the {alarm.prior} matters:"
    if alarm.moved:
        text += (
            f" other choices move the probability of {what} from {percent(alarm.primary)} to between "
            f"{percent(alarm.low)} ({alarm.lowest}) and {percent(alarm.high)} ({alarm.highest})"
        )
    if alarm.scaled:
        text += f"{';' if alarm.moved else ''} power scaling finds {decimal(alarm.scaling, 3)}, above 0.05"
    return f"{text}."


def left_out(endpoint: EndpointAnalysis) -> list[Outcome]:
    """Outcomes with one study left out, those that leave a comparison."""
    outcomes = endpoint.sensitivity.get("leave one out", [])
    return [o for o in outcomes if not o.primary and o.log_odds_ratio is not None]


def turns(endpoint: EndpointAnalysis) -> bool:
    """Whether the median effect changes sides, with one study or another left out."""
    others = (o.log_odds_ratio.median for o in left_out(endpoint) if o.log_odds_ratio is not None)
    medians = [endpoint.log_odds_ratio.median, *others]
    return min(medians) < 0 < max(medians)
