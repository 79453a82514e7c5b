"""The study by endpoint matrix that is shown before any result: what each study reports of each endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from reanalysis.evidence.candidates.candidates import SILENCES, Silence, silence
from reanalysis.evidence.candidates.observation import NoCandidates, observations
from reanalysis.evidence.evidence import Evidence, Reported, once_per_folder, require_evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.contrasts import Claim, ContrastRow

Cell = Literal["comparison", Silence, Reported]


def coverage_cell(evidence: Evidence, study: str, endpoint: str) -> Cell:
    """What one study reports of one endpoint, or why its two arms say nothing of a ratio."""
    cell = evidence.reported(study, endpoint)
    return (_silence(evidence, study, endpoint) if cell == "comparison" else None) or cell


@dataclass(frozen=True)
class CellReport:
    """All that one study reports of one endpoint, the words and the figures that are no counts among it."""

    study: str
    endpoint: str
    """Ids."""
    kind: Cell
    """One of :data:`Cell`: counts of both arms, of one, a ratio only, a p-value only, words only, context, nothing."""
    rows: tuple[ContrastRow, ...]
    """Rows of contrasts.csv of the cell that are not excluded."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the source says in words of the whole arms, each once; more than one where it contradicts itself."""
        return tuple(dict.fromkeys(row.claim for row in self.rows if row.claim and not row.subgroup))

    @property
    def without_figures(self) -> tuple[ContrastRow, ...]:
        """Claims of the whole arms that stand without any figure of their own."""
        return tuple(row for row in self.rows if row.claim and not row.subgroup and not row.has_figures)

    @property
    def figures(self) -> tuple[str, ...]:
        """Figures that are neither counts nor ratios, as text, those of parts of an arm named."""
        return tuple(row.figures for row in self.rows if row.figures)


def cell_report(evidence: Evidence, study: str, endpoint: str) -> CellReport:
    """All that one study reports of one endpoint."""
    rows = evidence.contrasts_of_cell.get((study, endpoint), ())
    kept = tuple(row for row in rows if row.use != "excluded")
    return CellReport(study, endpoint, coverage_cell(evidence, study, endpoint), kept)


def reports_of(evidence: Evidence, endpoint: str) -> tuple[CellReport, ...]:
    """What each study reports of an endpoint, those that report nothing left out."""
    cells = (cell_report(evidence, study, endpoint) for study in evidence.studies)
    return tuple(cell for cell in cells if cell.kind != "missing")


@once_per_folder
def _silence(evidence: Evidence, study: str, endpoint: str) -> Silence | None:
    """Why two arms say nothing of a ratio, None where they say something or contradict themselves."""
    try:
        found = observations(evidence, endpoint, study=study)
    except (NoCandidates, InvalidInput):
        return None
    return silence(found[study, "control"].candidates, found[study, "treated"].candidates)


def silent_cells(evidence: Evidence) -> dict[tuple[str, str], Silence]:
    """Why studies with two arms say nothing of a ratio, by (study, endpoint); the others are absent."""
    cells = {(s, e): coverage_cell(evidence, s, e) for s in evidence.studies for e in evidence.endpoints}
    return {where: cell for where, cell in cells.items() if cell in SILENCES}  # type: ignore[misc]


def coverage(evidence: Evidence, endpoints: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Coverage matrix.

    Returns
    -------
    DataFrame
        Studies by endpoints (ids), cells of :data:`Cell`. Only studies that inform one of the endpoints.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> matrix = ra.coverage(evidence, ("icans_any", "cr"))
    >>> matrix.shape
    (3, 2)
    """
    require_evidence(evidence)
    endpoints = modelled_endpoints(evidence) if endpoints is None else endpoints
    rows = {s: [coverage_cell(evidence, s, e) for e in endpoints] for s in evidence.studies}
    informing = {s: cells for s, cells in rows.items() if not {"missing", "context"}.issuperset(cells)}
    index = pd.Index(list(informing), name="study", dtype=object)
    return pd.DataFrame(list(informing.values()), index=index, columns=list(endpoints), dtype=object)


def comparative_studies(evidence: Evidence, endpoint: str) -> tuple[str, ...]:
    """Studies that compare both arms for an endpoint, and whose arms say something of their ratio."""
    return tuple(s for s in evidence.studies if coverage_cell(evidence, s, endpoint) == "comparison")


def modelled_endpoints(evidence: Evidence) -> tuple[str, ...]:
    """Outcomes that at least one study compares, those of analysis.toml first in their order.

    Examples
    --------
    >>> ra.modelled_endpoints(ra.load("anakinra"))[:3]
    ('icans_any', 'icans_g3', 'crs_any')
    """
    require_evidence(evidence)
    return tuple(
        e for e in evidence.endpoints if evidence.endpoint(e).kind == "outcome" and comparative_studies(evidence, e)
    )
