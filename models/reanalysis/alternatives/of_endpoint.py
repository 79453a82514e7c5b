"""Every alternative of one endpoint together, from that endpoint's own part of the evidence."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.alternatives.influence import Influence, influences
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.scrutiny import Scrutiny, scrutinise
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class Alternatives:
    """What other choices do to one endpoint."""

    sensitivity: dict[str, list[Outcome]]
    """By group."""
    influences: tuple[Influence, ...]
    """How far the choices that a finding raises move the headline."""
    scrutiny: Scrutiny | None = None
    """What would change the conclusion, of an endpoint of the first page."""


def alternatives_of(evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
    """Every alternative of one endpoint, by quadrature.

    Parameters
    ----------
    evidence : Evidence
        What matters to the endpoint (:func:`reanalysis.analysis.relevant.relevant`): what needs another endpoint's rows
        has no place here, and needs a task of its own.
    headline : bool
        Whether the endpoint is on the first page, and so scrutinised.

    Raises
    ------
    InvalidInput
        If the specification has no data.
    EngineError
        If the primary posterior cannot be computed.
    """
    return Alternatives(
        sensitivity_set(evidence, spec, endpoint),
        tuple(influences(evidence, spec, endpoint)),
        scrutinise(evidence, spec, endpoint) if headline else None,
    )
