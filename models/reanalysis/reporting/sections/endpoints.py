"""The chapter with a card for each endpoint: its sentences, then its sections in order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.reporting.markdown import Markdown, anchor, render
from reanalysis.reporting.section import Artefacts, Blocks, Section, of_card
from reanalysis.reporting.sentences import endpoint_summary

_CARD = """\
## {{ label }} {#{{ anchor }}}

{% for sentence in sentences %}{{ sentence }} {% endfor %}

{% if note %}

{{ note }}
{% endif %}

::: {.explorer data-endpoint="{{ anchor }}"}
:::
"""

_BACK = Markdown("::: {.back}\n[Back to the answer](#answer)\n:::")


def chapter(card: Sequence[Section[EndpointAnalysis]]) -> Section[Analysis]:
    """The chapter, given the sections of a card."""
    return Section(anchor="endpoints", title="Endpoint by endpoint", level=1, text=partial(_chapter, card))


def _chapter(card: Sequence[Section[EndpointAnalysis]], made: Artefacts, analysis: Analysis) -> Blocks:
    return [
        block for endpoint in analysis.endpoints for block in (_head(endpoint), of_card(card, made, endpoint), _BACK)
    ]


def _head(endpoint: EndpointAnalysis) -> Markdown:
    return render(
        _CARD,
        label=endpoint.label,
        anchor=Markdown(anchor(endpoint.id)),
        sentences=endpoint_summary(endpoint),
        note=endpoint.fit.evidence.endpoint(endpoint.id).note,
    )
