"""The evidence of one folder as a value: rows of its tables, settings and sources, by study, arm and endpoint."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any, Literal

import pandas as pd

from reanalysis.evidence.margins import usual_margins
from reanalysis.evidence.problems import InvalidInput, file_name, listed, printable
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.benchmarks import BenchmarkRow
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.evidence.reading.names import folded
from reanalysis.evidence.reading.risk_of_bias import RiskOfBiasRow
from reanalysis.evidence.reading.settings import Endpoint, ReportDetails, Settings, Source, Study
from reanalysis.evidence.reading.table import grouped

Reported = Literal[
    "comparison", "single arm", "adjusted ratio only", "p-value only", "narrative only", "context", "missing"
]
"""What a study reports of an endpoint, the strongest kind first."""

_WORKED_OUT: dict[int, dict[object, Any]] = {}
"""By identity of a folder's evidence: answers of functions that are asked once."""


def once_per_folder[*A, R](function: Callable[[Evidence, *A], R]) -> Callable[[Evidence, *A], R]:
    """Let a function of evidence and hashable arguments work out each answer once.

    Answers are kept beside the evidence as long as that lives, and are no part of it: it compares, copies and pickles
    as it was read.
    """

    @functools.wraps(function)
    def remembering(evidence: Evidence, *arguments: *A) -> R:
        answers = _WORKED_OUT.get(id(evidence))
        if answers is None:
            answers = _WORKED_OUT[id(evidence)] = {}
            weakref.finalize(evidence, _WORKED_OUT.pop, id(evidence), None).atexit = False
        key = (function, arguments)
        if key not in answers:
            answers[key] = function(evidence, *arguments)
        return answers[key]

    return remembering


@dataclass(frozen=True)
class Evidence:
    """One evidence folder.

    Parameters
    ----------
    folder : Path
        Where it was read.
    arms : tuple of ArmRow
        Rows of arms.csv in file order.
    contrasts : tuple of ContrastRow
        Rows of contrasts.csv, empty without that file.
    settings : Settings
        analysis.toml, or its defaults.
    sources : dict of str to Source
        sources.toml, empty without that file.
    ignored_columns : tuple of str
        Columns of arms.csv that mean nothing here.
    sha256 : dict of str to str
        Digest of each file read.
    benchmarks : tuple of BenchmarkRow
        Rows of benchmarks.csv, empty without that file.
    risk_of_bias : tuple of RiskOfBiasRow
        Rows of risk_of_bias.csv, empty without that file.
    assumed : tuple of str
        What was read into tables that do not say it, such as which arm a column is of.

    Where it was read, the digests of its files and what was assumed are no part of the value: the same evidence is
    equal by whichever door it came.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> evidence.studies
    ('phase1', 'phase2', 'iptw', 'treatment', 'paediatric')
    >>> evidence.endpoint_label("icans_any")
    'ICANS, any grade'
    """

    folder: Path = field(compare=False)
    arms: tuple[ArmRow, ...]
    contrasts: tuple[ContrastRow, ...]
    settings: Settings
    sources: dict[str, Source]
    ignored_columns: tuple[str, ...]
    sha256: dict[str, str] = field(compare=False)
    benchmarks: tuple[BenchmarkRow, ...] = ()
    risk_of_bias: tuple[RiskOfBiasRow, ...] = ()
    assumed: tuple[str, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        counts = f"{len(self.studies)} studies, {len(self.endpoints)} endpoints, {len(self.arms)} rows of arms"
        parts = {"studies": self.studies, "endpoints": self.endpoints}
        lines = [f"{self.title}: {counts}, {len(self.contrasts)} ratios", f"folder: {file_name(self.folder)}"]
        lines += [f"{name}: {listed(ids)}" for name, ids in parts.items()]
        return "\n".join(fill(printable(line), 100, subsequent_indent="  ") for line in lines)

    def _repr_html_(self) -> str:
        title = f"<p><b>{escape(self.title)}</b>: {len(self.arms)} rows, {len(self.contrasts)} ratios</p>"
        title += "".join(f"<p>Assumed: {escape(one)}.</p>" for one in self.assumed)
        cells = {s: [self.reported(s, e) for e in self.endpoints] for s in self.studies}
        return title + pd.DataFrame(cells, index=list(self.endpoints), dtype=object).to_html()

    @property
    @once_per_folder
    def rows_of_arm(self) -> dict[tuple[str, str], tuple[ArmRow, ...]]:
        """Rows of arms.csv by study and arm, in file order."""
        return grouped(self.arms, lambda row: (row.study, row.arm))

    @property
    @once_per_folder
    def rows_of_cell(self) -> dict[tuple[str, str], tuple[ArmRow, ...]]:
        """Rows of arms.csv by study and endpoint, in file order."""
        return grouped(self.arms, lambda row: (row.study, row.endpoint))

    @property
    @once_per_folder
    def contrasts_of_cell(self) -> dict[tuple[str, str], tuple[ContrastRow, ...]]:
        """Rows of contrasts.csv by study and endpoint, in file order."""
        return grouped(self.contrasts, lambda row: (row.study, row.endpoint))

    def reported(self, study: str, endpoint: str) -> Reported:
        """What one study reports of one endpoint, whatever the counts say of a ratio."""
        rows = self.rows_of_cell.get((study, endpoint), ())
        modelled = [row for row in rows if row.modelled]
        if {row.arm for row in modelled if row.use == "primary"} == {"control", "treated"}:
            return "comparison"
        if modelled:
            return "single arm"
        contrasts = [c for c in self.contrasts_of_cell.get((study, endpoint), ()) if c.use != "excluded"]
        whole = [c for c in contrasts if not c.subgroup]
        if any(c.estimate for c in whole):
            return "adjusted ratio only"
        if any(c.p for c in whole):
            return "p-value only"
        if whole:
            return "narrative only"
        return "context" if rows or contrasts else "missing"

    @property
    def _rows(self) -> tuple[ArmRow | ContrastRow, ...]:
        return (*self.arms, *self.contrasts)

    @property
    @once_per_folder
    def studies(self) -> tuple[str, ...]:
        """Study ids, those of analysis.toml first in their order, then by first row."""
        return _ordered(self.settings.studies, [r.study for r in self._rows])

    @property
    @once_per_folder
    def endpoints(self) -> tuple[str, ...]:
        """Endpoint ids of arms.csv and contrasts.csv, those of analysis.toml first in their order."""
        return _ordered(self.settings.endpoints, [r.endpoint for r in self._rows])

    def benchmark(self, study: str, endpoint: str) -> BenchmarkRow | None:
        """What happens elsewhere under the product of a study, None where benchmarks.csv does not say."""
        product = self.study(study).product
        rows = (b for b in self.benchmarks if product and b.use == "primary")
        return next((b for b in rows if (b.product, b.endpoint) == (product, endpoint)), None)

    def judgements(self, study: str, endpoint: str) -> dict[str, RiskOfBiasRow]:
        """Rows of risk_of_bias.csv by domain: those of the endpoint, else those of the study for all endpoints."""
        rows = [row for row in self.risk_of_bias if row.study == study and row.endpoint in ("", endpoint)]
        return {row.domain: row for row in sorted(rows, key=lambda row: row.endpoint)}

    def study(self, study: str) -> Study:
        """Settings of a study, defaults where analysis.toml does not name it."""
        return self.settings.studies.get(study, Study())

    def endpoint(self, endpoint: str) -> Endpoint:
        """Settings of an endpoint, defaults where analysis.toml does not name it.

        Margins that it does not declare are those of :func:`~reanalysis.evidence.margins.usual_margins`.
        """
        return self._resolved.get(endpoint, Endpoint())

    @property
    @once_per_folder
    def _resolved(self) -> dict[str, Endpoint]:
        declared = {e: self.settings.endpoints.get(e, Endpoint()) for e in (*self.settings.endpoints, *self.endpoints)}
        rows = grouped(self.arms, lambda row: row.endpoint)
        return {e: _with_margins(one, rows.get(e, ())) for e, one in declared.items()}

    @property
    def moderators(self) -> tuple[str, ...]:
        """Names of the moderators, declared or with a value of some study, in order."""
        own = (name for study in self.settings.studies.values() for name in study.covariates)
        return tuple(dict.fromkeys([*self.settings.moderators, *own]))

    def moderator_label(self, name: str) -> str:
        """Name of a moderator for readers."""
        declared = self.settings.moderators.get(name)
        return (declared.label if declared else "") or name

    def study_label(self, study: str) -> str:
        """Name of a study for readers."""
        return self.study(study).label or study

    def endpoint_label(self, endpoint: str) -> str:
        """Name of an endpoint for readers."""
        return self.endpoint(endpoint).label or endpoint.replace("_", " ")

    def file_of(self, table: str) -> str:
        """Name of the file that a table was read from."""
        return next((name for name in self.sha256 if Path(name).stem == table), f"{table}.csv")

    @property
    def report(self) -> ReportDetails:
        """Who made a report of the folder, the date of the evidence, and what readers must be told."""
        return self.settings.report

    @property
    def title(self) -> str:
        """Title for readers."""
        return self.settings.title or f"Re-analysis of {file_name(self.folder.resolve().name)}"


def joined(evidence: Evidence, new: Evidence) -> Evidence:
    """The evidence with the studies of another folder added.

    Titles, endpoints, priors and discounts stay those of ``evidence``; studies and their settings come from both.

    Parameters
    ----------
    evidence, new : Evidence
        Folders that share no study.

    Raises
    ------
    InvalidInput
        If both hold a study of the same id.
    """
    known = {folded(study): study for study in evidence.studies}
    twice = [(study, known[folded(study)]) for study in new.studies if folded(study) in known]
    if twice:
        raise InvalidInput(
            [
                f"study {study!r} is in both {evidence.folder} and {new.folder}"
                + (f", there as {other!r}" if other != study else "")
                for study, other in twice
            ]
        )
    studies = evidence.settings.studies | {s: new.settings.studies[s] for s in new.studies if s in new.settings.studies}
    return replace(
        evidence,
        arms=evidence.arms + new.arms,
        contrasts=evidence.contrasts + new.contrasts,
        settings=evidence.settings.model_copy(update={"studies": studies}),
        sources=new.sources | evidence.sources,
        benchmarks=evidence.benchmarks + new.benchmarks,
        sha256={},
    )


def _with_margins(declared: Endpoint, rows: tuple[ArmRow, ...]) -> Endpoint:
    """An endpoint with the margins that it declares, else those that are usual."""
    said, usual = declared.model_fields_set, usual_margins(rows)
    margins = declared.margins if "margins" in said else usual
    rope = declared.rope if "rope" in said else min(margins, default=usual[0])
    return declared.model_copy(update={"margins": margins, "rope": rope})


def _ordered(first: Iterable[str], used: Iterable[str]) -> tuple[str, ...]:
    present = dict.fromkeys(used)
    named = [name for name in first if name in present]
    return tuple(dict.fromkeys([*named, *present]))


def require_evidence(evidence: object) -> None:
    """Refuse what is no evidence folder that was read, such as the name of one.

    Raises
    ------
    InvalidInput
        Saying what to write instead.
    """
    if not isinstance(evidence, Evidence):
        written = repr(str(evidence)) if isinstance(evidence, (str, Path)) else "folder"
        kind = type(evidence).__name__
        raise InvalidInput(
            [f"evidence: must be an evidence folder that was read, not a {kind}; write read_evidence({written})"]
        )
