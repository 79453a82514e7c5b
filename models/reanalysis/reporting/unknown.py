"""What the evidence leaves open: sentences derived from what studies report and from intervals of the same build."""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted
from reanalysis.evidence.evidence import Evidence
from reanalysis.reporting.sentences import difference_interval, name, patients_told, turns
from reanalysis.reporting.unmodelled import elsewhere_told
from reanalysis.reporting.wording import capital, kind_of_study, listed, running


def compared(analysis: Analysis) -> tuple[str, ...]:
    """Studies with figures for both groups of some endpoint, in the order of the evidence."""
    among = {s for e in analysis.endpoints for s in e.headline.comparative}
    return tuple(s for s in analysis.evidence.studies if s in among)


def shared_endpoints(analysis: Analysis) -> str:
    """How many studies compared the two groups, and which endpoints have figures for both in all of them."""
    evidence, settings = analysis.evidence, analysis.evidence.settings
    studies = compared(analysis)
    noun, plural = kind_of_study(evidence, studies)
    opening = f"{capital(counted(len(studies), noun, plural))} compared {settings.treated_label} with "
    opening += f"{settings.control_label}."
    most = max(len(e.headline.comparative) for e in analysis.endpoints)
    among = [name(e) for e in analysis.endpoints if len(e.headline.comparative) == most]
    if len(studies) == 1 or len(among) == len(analysis.endpoints) == 1:
        return opening
    if most < len(studies):
        return f"{opening} No outcome has figures for both groups in more than {counted(most, 'of them', 'of them')}."
    whole = "both of them" if most == 2 else f"all {counted(most, noun).split()[0]}"
    if len(among) == len(analysis.endpoints):
        return f"{opening} Every outcome has figures for both groups in {whole}."
    if len(among) == 1:
        return f"{opening} Only {among[0]} has figures for both groups in {whole}."
    return f"{opening} {capital(listed(among))} have figures for both groups in {whole}."


def not_known(analysis: Analysis) -> list[str]:
    """What the evidence leaves open, most far-reaching first."""
    treated, headlines = analysis.evidence.settings.treated_label, analysis.headlines
    noun, _ = kind_of_study(analysis.evidence, compared(analysis))
    found = []
    turning = [name(e) for e in headlines if len(e.headline.comparative) > 1 and turns(e)]
    if turning:
        found.append(
            f"Whether {treated} raises or lowers {listed(turning)}: leaving out one {noun} reverses the direction."
        )
    found += [_repeated(e, noun) for e in headlines if len(e.headline.comparative) == 1]
    found.append(_how_large(headlines))
    without = [str(e) for e in analysis.coverage.columns if e not in analysis.modelled]
    return found + [_without_comparison(analysis.evidence, endpoint) for endpoint in without]


def _repeated(endpoint: EndpointAnalysis, noun: str) -> str:
    told = elsewhere_told(endpoint.fit.evidence, endpoint.id)
    text = f"Whether the result for {name(endpoint)} would be repeated: it has figures from one {noun} only"
    return f"{text} ({told})." if told else f"{text}, and no other study reports it."


def _how_large(endpoints: tuple[EndpointAnalysis, ...]) -> str:
    """The interval of every endpoint of the first page, whichever side it lies on."""
    of = patients_told(endpoints)
    told = [f"{range_} with {name(e)}" for e in endpoints for _, range_ in [difference_interval(e.baselines[0], of)]]
    run = "intervals run" if len(told) > 1 else "interval runs"
    return f"How large any effect is. Per {of:,} patients the 95 % {run} from {listed(told)}."


def _without_comparison(evidence: Evidence, endpoint: str) -> str:
    """An endpoint without an effect: what the studies report of it instead."""
    label, told = capital(running(evidence.endpoint_label(endpoint))), elsewhere_told(evidence, endpoint)
    beside = f" ({told})" if told else ""
    return f"{label}: no study has figures of both groups that say anything of a ratio{beside}."
