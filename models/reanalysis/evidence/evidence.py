"""The evidence of one folder as a value: rows of its tables, settings and sources, by study, arm and endpoint."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from reanalysis.evidence.problems import InvalidInput, file_name
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.benchmarks import BenchmarkRow
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.evidence.reading.risk_of_bias import RiskOfBiasRow
from reanalysis.evidence.reading.settings import Endpoint, Settings, Source, Study


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
    """

    folder: Path
    arms: tuple[ArmRow, ...]
    contrasts: tuple[ContrastRow, ...]
    settings: Settings
    sources: dict[str, Source]
    ignored_columns: tuple[str, ...]
    sha256: dict[str, str]
    benchmarks: tuple[BenchmarkRow, ...] = ()
    risk_of_bias: tuple[RiskOfBiasRow, ...] = ()
    _known: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """What crosses to another process: the evidence, without what was worked out from it."""
        return self.__dict__ | {"_known": {}}

    def _repr_html_(self) -> str:
        from reanalysis.evidence.coverage import coverage

        title = f"<p><b>{escape(self.title)}</b>: {len(self.arms)} rows, {len(self.contrasts)} ratios</p>"
        return title + coverage(self, self.endpoints).T.to_html()

    @functools.cached_property
    def rows_of_arm(self) -> dict[tuple[str, str], tuple[ArmRow, ...]]:
        """Rows of arms.csv by study and arm, in file order."""
        rows: dict[tuple[str, str], list[ArmRow]] = defaultdict(list)
        for row in self.arms:
            rows[row.study, row.arm].append(row)
        return {where: tuple(found) for where, found in rows.items()}

    @functools.cached_property
    def rows_of_cell(self) -> dict[tuple[str, str], tuple[ArmRow, ...]]:
        """Rows of arms.csv by study and endpoint, in file order."""
        rows: dict[tuple[str, str], list[ArmRow]] = defaultdict(list)
        for row in self.arms:
            rows[row.study, row.endpoint].append(row)
        return {where: tuple(found) for where, found in rows.items()}

    @functools.cached_property
    def contrasts_of_cell(self) -> dict[tuple[str, str], tuple[ContrastRow, ...]]:
        """Rows of contrasts.csv by study and endpoint, in file order."""
        rows: dict[tuple[str, str], list[ContrastRow]] = defaultdict(list)
        for row in self.contrasts:
            rows[row.study, row.endpoint].append(row)
        return {where: tuple(found) for where, found in rows.items()}

    @property
    def _rows(self) -> tuple[ArmRow | ContrastRow, ...]:
        return (*self.arms, *self.contrasts)

    @functools.cached_property
    def studies(self) -> tuple[str, ...]:
        """Study ids, those of analysis.toml first in their order, then by first row."""
        return _ordered(self.settings.studies, [r.study for r in self._rows])

    @functools.cached_property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoint ids of arms.csv and contrasts.csv, those of analysis.toml first in their order."""
        return _ordered(self.settings.endpoints, [r.endpoint for r in self._rows])

    def benchmark(self, study: str, endpoint: str) -> BenchmarkRow | None:
        """What happens elsewhere under the product of a study, None where benchmarks.csv does not say."""
        product = self.study(study).product
        return next((b for b in self.benchmarks if product and (b.product, b.endpoint) == (product, endpoint)), None)

    def study(self, study: str) -> Study:
        """Settings of a study, defaults where analysis.toml does not name it."""
        return self.settings.studies.get(study, Study())

    def endpoint(self, endpoint: str) -> Endpoint:
        """Settings of an endpoint, defaults where analysis.toml does not name it."""
        return self.settings.endpoints.get(endpoint, Endpoint())

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
    def title(self) -> str:
        """Title for readers."""
        return self.settings.title or f"Re-analysis of {file_name(self.folder.resolve().name)}"


def once_per_folder[*A, R](function: Callable[[Evidence, *A], R]) -> Callable[[Evidence, *A], R]:
    """Let a function of evidence and hashable arguments work out each answer once."""

    @functools.wraps(function)
    def remembering(evidence: Evidence, *arguments: *A) -> R:
        key = (function, arguments)
        known = evidence._known
        if key not in known:
            known[key] = function(evidence, *arguments)
        return known[key]

    return remembering


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
