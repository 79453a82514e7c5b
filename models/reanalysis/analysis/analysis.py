"""What does a report rest on? The evidence, its audit, and the analysis of every endpoint that is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from reanalysis.alternatives.influence import Influence
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.weighed_ledger import WeighedLedger, weigh
from reanalysis.analysis.changes import Changes
from reanalysis.analysis.endpoint import EndpointAnalysis, analyse_endpoint
from reanalysis.builds.compute import Computer, InThisProcess
from reanalysis.builds.log import BuildLog
from reanalysis.builds.worker import FitFailed
from reanalysis.evidence.audit.ledger import Ledger, audit, require_consistent
from reanalysis.evidence.coverage import modelled_endpoints, silent_cells
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.model.selection import Selection, select
from reanalysis.model.spec import Engine, ModelSpec
from reanalysis.model.specification import specification


@dataclass(frozen=True)
class FailedEndpoint:
    """An endpoint whose fit came to no result.

    Parameters
    ----------
    endpoint, label : str
        Its id, and its name for readers.
    reason : str
        One sentence.
    """

    endpoint: str
    label: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """The whole re-analysis of one folder.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    weighed : WeighedLedger
        Its audit, and what the findings do to the results.
    spec : ModelSpec
        The primary specification.
    engine : {"nuts", "quadrature"}
        Whether NUTS checks the published posteriors, which are those of quadrature.
    endpoints : tuple of EndpointAnalysis
        In the order of the evidence.
    failed : tuple of FailedEndpoint
        Endpoints whose fit came to no result.
    changes : Changes or None
        What changed since the report that was published before, where there is one.
    all_models : bool
        Whether the models without quadrature were fitted too, of the endpoints of the first page.
    """

    evidence: Evidence
    weighed: WeighedLedger
    spec: ModelSpec
    engine: Engine
    endpoints: tuple[EndpointAnalysis, ...]
    failed: tuple[FailedEndpoint, ...] = ()
    changes: Changes | None = None
    all_models: bool = False

    @property
    def ledger(self) -> Ledger:
        """The audit."""
        return self.weighed.ledger

    @property
    def coverage(self) -> pd.DataFrame:
        """Studies by reported endpoints: what each study reports."""
        return self.ledger.coverage

    @property
    def headlines(self) -> tuple[EndpointAnalysis, ...]:
        """Endpoints of the first page: those marked so, else all."""
        marked = tuple(e for e in self.endpoints if self.evidence.endpoint(e.id).headline)
        return marked or self.endpoints

    @property
    def failures(self) -> tuple[str, ...]:
        """Every gate that failed, one sentence each; a fit without a result is one."""
        return tuple(f"{one.label}: fit failed: {one.reason}" for one in self.failed) + tuple(
            f"{endpoint.label}: {gate.name}: {gate.text}"
            for endpoint in self.endpoints
            for gate in endpoint.fit.gates
            if gate.failed
        )


def reported_endpoints(evidence: Evidence) -> tuple[str, ...]:
    """Endpoints a report analyses.

    Raises
    ------
    InvalidInput
        If no endpoint compares two arms within a study.
    """
    endpoints = modelled_endpoints(evidence)
    if endpoints:
        return endpoints
    silent = silent_cells(evidence)
    reason = "no endpoint compares a control and a treated arm within one study; see reanalysis audit"
    if silent:
        cells = "; ".join(f"{study}, {endpoint}: {cell}" for (study, endpoint), cell in silent.items())
        reason = f"no study says anything of a ratio: {cells}"
    raise InvalidInput([f"{evidence.folder}: {reason}"])


@dataclass(frozen=True)
class Plan:
    """What a report will compute, checked before any sampling.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    ledger : Ledger
        Its audit.
    spec : ModelSpec
        The primary specification.
    engine : {"nuts", "quadrature"}
        Whether NUTS checks the published posteriors, which are those of quadrature.
    selections : dict of str to Selection
        Studies and observations of each endpoint, in the order of the evidence.
    all_models : bool
        Whether models without quadrature are fitted too.
    """

    evidence: Evidence
    ledger: Ledger
    spec: ModelSpec
    engine: Engine
    selections: dict[str, Selection]
    all_models: bool = False


def plan(evidence: Evidence, engine: Engine = "nuts", seed: int | None = None, all_models: bool = False) -> Plan:
    """Audit the evidence and select what will be fitted.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    engine : {"nuts", "quadrature"}
        Whether NUTS checks the published posteriors, which are those of quadrature.
    seed : int, optional
        Instead of the folder's.
    all_models : bool
        Whether to sample the models without quadrature as well, for what they say of each endpoint of the first page.

    Raises
    ------
    InvalidInput
        If nothing can be compared, a print contradicts itself, or something needed is not declared.
    """
    spec = specification(evidence, engine=engine, seed=seed)
    endpoints = reported_endpoints(evidence)
    ledger = audit(evidence)
    require_consistent(evidence, endpoints, ledger)
    return Plan(evidence, ledger, spec, engine, {e: select(evidence, spec, e) for e in endpoints}, all_models)


def analyse(
    evidence: Evidence,
    engine: Engine = "nuts",
    seed: int | None = None,
    step: Callable[[str], None] = lambda _: None,
    all_models: bool = False,
) -> Analysis:
    """Audit, fit and vary everything a report shows, in this process.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    engine : {"nuts", "quadrature"}
        Whether NUTS checks the published posteriors, which are those of quadrature.
    seed : int, optional
        Instead of the folder's.
    step : callable
        Told what begins.
    all_models : bool
        Whether to sample the models without quadrature as well, for what they say of each endpoint of the first page.

    Raises
    ------
    InvalidInput
        Before any sampling: if nothing can be compared, or a print contradicts itself.
    EngineError
        If an engine cannot give a posterior.
    """
    return carry_out(plan(evidence, engine, seed, all_models), InThisProcess(), BuildLog(tell=step))


def carry_out(planned: Plan, computer: Computer, log: BuildLog) -> Analysis:
    """Fit and vary everything a report shows.

    Parameters
    ----------
    planned : Plan
        What to compute.
    computer : Computer
        Who does it. Where one endpoint's fit comes to no result (``FitFailed``) the others go on.
    log : BuildLog
        Told what begins and ends.
    """
    evidence, spec = planned.evidence, planned.spec
    done: list[EndpointAnalysis] = []
    failed: list[FailedEndpoint] = []
    influenced: dict[str, tuple[Influence, ...]] = {}
    marked = {endpoint for endpoint in planned.selections if evidence.endpoint(endpoint).headline}
    first_page = marked or set(planned.selections)
    for number, (endpoint, selection) in enumerate(planned.selections.items(), 1):
        shown = f"fitting {endpoint} ({number} of {len(planned.selections)})"
        with log.step("endpoint", shown, endpoint=endpoint):
            try:
                found = computer.fit(spec, selection.data, planned.engine)
                others = computer.alternatives(evidence, spec, endpoint, endpoint in first_page)
            except FitFailed as error:
                failed.append(FailedEndpoint(endpoint, evidence.endpoint_label(endpoint), error.reason))
                continue
            sampled = None if found.posterior is found.quadrature else found.posterior
            fit = CheckedFit(evidence, selection, found.quadrature, found.quadrature, found.gates, sampled)
            models = _models(planned, computer, endpoint, log) if endpoint in first_page else ()
            done.append(analyse_endpoint(fit, others.sensitivity, others.scrutiny, models))
            influenced[endpoint] = others.influences
    with log.step("weighing the findings"):
        weighed = weigh(evidence, planned.ledger, spec, lambda endpoint: influenced.get(endpoint, ()))
    made = tuple(done), tuple(failed)
    return Analysis(evidence, weighed, spec, planned.engine, *made, all_models=planned.all_models)


def _models(planned: Plan, computer: Computer, endpoint: str, log: BuildLog) -> tuple[Outcome, ...]:
    """What every model says of an endpoint; one that goes wrong is a warning, because it is not what is published."""
    evidence = planned.evidence
    with log.step("models", f"every model of {endpoint}", endpoint=endpoint):
        found = computer.models(evidence, planned.spec, endpoint, planned.all_models)
    for trouble in (trouble for one in found for trouble in one.troubles):
        log.warning(f"{evidence.endpoint_label(endpoint)}: {trouble}")
    return found
