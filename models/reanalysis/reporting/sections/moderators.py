"""What moves the effect of an endpoint: its declared moderators, one at a time, on its card."""

from __future__ import annotations

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.moderators import WITHIN
from reanalysis.estimands.words import decimal, log_interval, percent
from reanalysis.evidence.problems import listed
from reanalysis.figures.moderators import describe_moderators, of_endpoint, plot_moderators
from reanalysis.reporting.markdown import Markdown, escape, slug
from reanalysis.reporting.section import Artefacts, Card, Figure
from reanalysis.reporting.table import Table, columns


def moderators_table(endpoint: EndpointAnalysis) -> Table:
    """The odds ratio at named values, the ratio of odds ratios a unit, and that within and between studies."""
    rows = []
    for one in of_endpoint(endpoint):
        rows += [[one.label, f"at {label}", log_interval(effect), ""] for label, effect in one.effects.items()]
        rows.append([one.label, "ratio of odds ratios, a unit more", log_interval(one.slope), percent(one.above)])
        for source in one.sources:
            studies = listed([endpoint.fit.evidence.study_label(study) for study in source.studies])
            text = f"the same from {source.source} alone" + (f": {studies}" if studies else ": nothing informs it")
            rows.append([one.label, text, log_interval(source.slope), ""])
    return Table(
        columns("Moderator 1.4 | What 2.6 | Odds ratio (95 % interval) 1.6 | P(rises) >0.8"),
        rows,
        f"{endpoint.label}: the average effect along each declared moderator, one at a time, and how it changes.",
        f"tbl-moderators-{slug(endpoint.id)}",
    )


def _text(made: Artefacts, endpoint: EndpointAnalysis) -> list[Markdown | Table | None]:
    found = of_endpoint(endpoint)
    if not found:
        return []
    said = [
        "Each slope is learnt one moderator at a time. "
        "Within a study parts of the treated arm share a control, so what they say of the moderator is not about other "
        "differences between cohorts, but nobody was randomised to a part; between studies whatever else differs can "
        "pass for the moderator."
    ]
    for one in found:
        said.append(f"{one.label}: {one.reach.text}.")
        if not any(source.studies for source in one.sources if source.source == WITHIN):
            said.append(f"{one.label}: all of the information lies between studies.")
        for study, why in one.uncovered:
            said.append(f"{one.label}: {endpoint.fit.evidence.study_label(study)} is left out, as it {why}.")
        said.append(f"{one.label}: heterogeneity that is left, tau, {decimal(one.tau.median)}.")
    return [escape(" ".join(said)), made.figure("moderators", endpoint), moderators_table(endpoint)]


MODERATORS = Card(
    anchor="moderators",
    title="What may explain the difference",
    text=_text,
    results=lambda e: {"moderators": [one.as_dict() for one in found]} if (found := of_endpoint(e)) else {},
    figures=(
        Figure(
            "moderators",
            plot_moderators,
            lambda e: (
                f"{e.label}: studies, and parts of treated arms, by moderator; area by patients. The line is the "
                "average effect, the band its 95 % interval."
            ),
            describe_moderators,
            drawn=lambda e: bool(of_endpoint(e)),
        ),
    ),
)
