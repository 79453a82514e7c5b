"""Averaging over models with and without an effect, with and without heterogeneity."""

from __future__ import annotations

from reanalysis.alternatives.averaging import Averaging, averaged
from reanalysis.alternatives.choices import AVERAGING
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.measures import odds_ratio
from reanalysis.estimands.summary import summarise
from reanalysis.estimands.words import decimal, interval, percent
from reanalysis.reporting.markdown import Markdown, escape, slug
from reanalysis.reporting.section import Artefacts, Blocks, Card
from reanalysis.reporting.table import Table, columns


def models_table(found: Averaging) -> Table:
    """The four models with their evidence and probabilities."""
    label = found.evidence.endpoint_label(found.endpoint)
    return Table(
        columns("Model 2 | Log evidence >1 | Before the data >1 | After >1"),
        [
            [one.name, decimal(one.log_evidence), percent(one.prior_probability), percent(one.probability)]
            for one in found.models
        ],
        f"{label}: four models and their probabilities. Without heterogeneity all studies share one odds ratio; "
        "without an effect the average odds ratio is 1.",
        f"tbl-averaging-{slug(found.endpoint)}",
    )


def averaging_of(endpoint: EndpointAnalysis) -> Averaging | None:
    """The average of an endpoint as it is published; None where its sensitivity has none."""
    if not any(one.log_odds_ratio for one in endpoint.sensitivity.get(AVERAGING, ()) if not one.primary):
        return None
    return averaged(endpoint.fit.evidence, endpoint.fit.spec, endpoint.id)


def _text(_: Artefacts, endpoint: EndpointAnalysis) -> Blocks:
    found = averaging_of(endpoint)
    if found is None:
        return None
    effect = interval(summarise(odds_ratio(found.headline)))
    return [
        Markdown(
            f"{escape(found.text)} Where no effect counts as an odds ratio of 1, the average is {effect}. Half "
            "of the probability was given to no effect before any data, so that this is a sensitivity analysis and no "
            "headline."
        ),
        models_table(found),
    ]


AVERAGED = Card(
    anchor="averaging",
    title="Averaged over models without an effect",
    text=_text,
    results=lambda endpoint: {"averaging": averaging_of(endpoint)},
)
