"""Who computes an endpoint? This process, or a worker whose results are kept for the next build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from reanalysis.alternatives.all_models import all_models, answer
from reanalysis.alternatives.influence import Influence, influences
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.scrutiny import Scrutiny, scrutinise
from reanalysis.analysis.endpoint_result import FitResult
from reanalysis.builds.cache import ResultCache
from reanalysis.builds.fingerprint import answer_key, fit_key, relevant, sensitivity_key
from reanalysis.builds.frozen import freeze
from reanalysis.builds.log import BuildLog
from reanalysis.builds.worker import FitFailed, Worker
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.model.data import ModelData
from reanalysis.model.spec import Engine, ModelSpec


@dataclass(frozen=True)
class Alternatives:
    """What other choices do to one endpoint, all from that endpoint's own part of the evidence.

    Parameters
    ----------
    sensitivity : dict of str to list of Outcome
        By group.
    influences : tuple of Influence
        What the puzzles of the print could move.
    scrutiny : Scrutiny or None
        What would change the conclusion, of an endpoint of the first page.
    """

    sensitivity: dict[str, list[Outcome]]
    influences: tuple[Influence, ...]
    scrutiny: Scrutiny | None = None


def alternatives(evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
    """Every alternative of one endpoint, by quadrature.

    Parameters
    ----------
    evidence : Evidence
        What :func:`~reanalysis.builds.fingerprint.relevant` leaves of the folder: what needs another endpoint's rows
        has no place here, and needs a key of its own.
    headline : bool
        Whether the endpoint is on the first page, and so scrutinised.
    """
    return Alternatives(
        sensitivity_set(evidence, spec, endpoint),
        tuple(influences(evidence, spec, endpoint)),
        scrutinise(evidence, spec, endpoint) if headline else None,
    )


def frozen_alternatives(evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> bytes:
    """The same as bytes, for another process."""
    return freeze(alternatives(evidence, spec, endpoint, headline))


def frozen_answer(spec: ModelSpec, data: ModelData, better: str | None) -> bytes:
    """What one model says of an endpoint as bytes, for another process.

    Raises
    ------
    EngineError
        If the posterior cannot be given.
    """
    return freeze(answer(spec, data, better))


class Computer(Protocol):
    """Computes what a report says of an endpoint."""

    def fit(self, spec: ModelSpec, data: ModelData, engine: Engine) -> FitResult:
        """The primary fit."""

    def alternatives(self, evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
        """Everything else."""

    def models(self, evidence: Evidence, spec: ModelSpec, endpoint: str, sampled: bool) -> tuple[Outcome, ...]:
        """What every model says; a model that comes to no result has a note, those not ``sampled`` too."""


class InThisProcess:
    """Computes everything here and keeps nothing: for notebooks."""

    def fit(self, spec: ModelSpec, data: ModelData, engine: Engine) -> FitResult:
        """The primary fit."""
        return FitResult(*fit_and_judge(spec, data, engine))

    def alternatives(self, evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
        """Everything else."""
        return alternatives(relevant(evidence, endpoint), spec, endpoint, headline)

    def models(self, evidence: Evidence, spec: ModelSpec, endpoint: str, sampled: bool) -> tuple[Outcome, ...]:
        """What every model says."""
        return tuple(all_models(evidence, endpoint, spec, sampled))


class WithCache:
    """Recalls what was computed before, and leaves the rest to a worker.

    Parameters
    ----------
    cache : ResultCache
        Results of earlier builds.
    worker : Worker
        Computes what is missing.
    log : BuildLog
        Told where each result came from.
    """

    def __init__(self, cache: ResultCache, worker: Worker, log: BuildLog) -> None:
        self._cache, self._worker, self._log = cache, worker, log

    def fit(self, spec: ModelSpec, data: ModelData, engine: Engine) -> FitResult:
        """The primary fit.

        Raises
        ------
        FitFailed
            If it comes to no result.
        """
        compute = _request(self._worker, "reanalysis.analysis.endpoint_result", "fit_result", spec, data, engine)
        return self._recall("fit", data.endpoint, fit_key(spec, data, engine), compute)

    def alternatives(self, evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
        """Everything else.

        Raises
        ------
        FitFailed
            If it comes to no result.
        """
        part = relevant(evidence, endpoint)
        compute = _request(self._worker, __name__, "frozen_alternatives", part, spec, endpoint, headline)
        key = sensitivity_key(spec, part, endpoint, headline)
        return self._recall("sensitivity", endpoint, key, compute)

    def models(self, evidence: Evidence, spec: ModelSpec, endpoint: str, sampled: bool) -> tuple[Outcome, ...]:
        """What every model says, each of them computed on its own: one that takes its process with it is one note."""
        return tuple(all_models(evidence, endpoint, spec, sampled, self._answer))

    def _answer(self, spec: ModelSpec, data: ModelData, better: str | None) -> Outcome:
        compute = _request(self._worker, __name__, "frozen_answer", spec, data, better)
        try:
            found = self._recall("model", data.endpoint, answer_key(spec, data, better), compute, model=spec.model)
        except FitFailed as error:
            raise EngineError(error.reason) from None
        assert isinstance(found, Outcome)
        return found

    def _recall(self, kind: str, endpoint: str, key: str, compute: Callable[[], bytes], **about: str) -> Any:
        try:
            found, source = self._cache.recall(kind, key, compute)
        except FitFailed as error:
            said = {"reason": error.reason, "details": error.details}
            self._log.event("failure", kind=kind, endpoint=endpoint, **about, **said)
            raise
        self._log.event(kind, endpoint=endpoint, **about, key=key, **{"from": source})
        return found


def _request(worker: Worker, module: str, function: str, *arguments: Any) -> Callable[[], bytes]:
    return lambda: worker.compute(module, function, *arguments)
