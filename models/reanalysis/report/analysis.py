"""What does a report rest on? The evidence, its audit, and the analysis of every endpoint that is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from reanalysis.checks.checked_fit import fit_endpoint
from reanalysis.evidence.audit.ledger import Ledger, audit, require_consistent
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import Engine, ModelSpec
from reanalysis.report.endpoint import EndpointAnalysis, analyse_endpoint
from reanalysis.sensitivity.first_set import sensitivity_set
from reanalysis.sensitivity.weighed_ledger import WeighedLedger, weigh


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
        Engine of the published posteriors.
    endpoints : tuple of EndpointAnalysis
        In the order of the evidence.
    """

    evidence: Evidence
    weighed: WeighedLedger
    spec: ModelSpec
    engine: Engine
    endpoints: tuple[EndpointAnalysis, ...]

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
        """Every gate that failed, one sentence each."""
        return tuple(
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
    if not endpoints:
        raise InvalidInput(
            [
                f"{evidence.folder}: no endpoint compares a control and a treated arm within one study; "
                "see reanalysis audit"
            ]
        )
    return endpoints


def analyse(
    evidence: Evidence,
    engine: Engine = "nuts",
    seed: int | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Analysis:
    """Audit, fit and vary everything a report shows.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    engine : {"nuts", "quadrature"}
        Engine of the published posteriors.
    seed : int, optional
        Instead of the folder's.
    step : callable
        Told what begins.

    Raises
    ------
    InvalidInput
        Before any sampling: if nothing can be compared, or a print contradicts itself.
    EngineError
        If an engine cannot give a posterior.
    """
    step("auditing the evidence")
    endpoints = reported_endpoints(evidence)
    ledger = audit(evidence)
    require_consistent(evidence, endpoints, ledger)
    spec = default_spec(evidence)
    spec = spec if seed is None else replace(spec, seed=seed)
    for endpoint in endpoints:
        select(evidence, spec, endpoint)  # a missing k fails here, not after minutes of sampling
    step("weighing the findings")
    weighed = weigh(evidence, ledger, spec)
    analyses = []
    for number, endpoint in enumerate(endpoints, 1):
        step(f"fitting {endpoint} ({number} of {len(endpoints)})")
        fit = fit_endpoint(evidence, endpoint, spec, engine, ledger=ledger)
        analyses.append(analyse_endpoint(fit, sensitivity_set(evidence, spec, endpoint)))
    return Analysis(evidence, weighed, spec, engine, tuple(analyses))
