"""The plan of a report: what it will compute, checked before anything is sampled, and the tasks of each endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from reanalysis.alternatives.all_models import answer
from reanalysis.alternatives.of_endpoint import Alternatives, alternatives_of
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.relevant import relevant
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Task
from reanalysis.evidence.audit.ledger import Ledger, audit, require_consistent
from reanalysis.evidence.coverage import modelled_endpoints, silent_cells
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.kept_fit import SampledCheck, published_fit, sampled_check
from reanalysis.model.selection import Selection, select
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification

if TYPE_CHECKING:
    from reanalysis.engines.posterior import Posterior
    from reanalysis.model.data import ModelData


@dataclass(frozen=True)
class Plan:
    """What a report will compute."""

    evidence: Evidence  # the folder
    ledger: Ledger  # its audit
    spec: ModelSpec  # the primary specification
    request: Request  # what was asked for
    selections: dict[str, Selection]  # studies and observations of each endpoint, in the order of the evidence

    @property
    def modelled(self) -> tuple[str, ...]:
        """Ids of the endpoints, in the order of the evidence."""
        return tuple(self.selections)

    @cached_property
    def first_page(self) -> tuple[str, ...]:
        """Those of the first page: declared so, else all."""
        return tuple(e for e in self.modelled if self.evidence.endpoint(e).headline) or self.modelled

    def fit(self, endpoint: str) -> Task[Posterior]:
        """The published posterior of an endpoint."""
        drawn = self.request.engine == "quadrature"
        arguments = (self.spec, self.selections[endpoint].data, drawn)
        return Task("fit", published_fit, arguments, {"endpoint": endpoint})

    def check(self, endpoint: str) -> Task[SampledCheck]:
        """The same by NUTS."""
        arguments = (self.spec, self.selections[endpoint].data)
        return Task("check", sampled_check, arguments, {"endpoint": endpoint}, samples=True)

    def alternatives(self, endpoint: str) -> Task[Alternatives]:
        """What other choices do to an endpoint."""
        arguments = (relevant(self.evidence, endpoint), self.spec, endpoint, endpoint in self.first_page)
        return Task("sensitivity", alternatives_of, arguments, {"endpoint": endpoint})


def model_task(spec: ModelSpec, data: ModelData, better: str | None) -> Task[Outcome]:
    """What one model says of an endpoint; the data of a joint model hold those of all its endpoints."""
    about = {"endpoint": data.endpoint, "model": spec.model}
    samples = "quadrature" not in spec.engines
    return Task("model", answer, (spec, data, better), about, samples)


def plan(evidence: Evidence, request: Request | None = None) -> Plan:
    """Audit the evidence and select what will be fitted.

    Raises
    ------
    InvalidInput
        If nothing can be compared, a report contradicts itself, or something needed is not declared.
    """
    request = request or Request()
    spec = specification(evidence, engine=request.engine, seed=request.seed)
    endpoints = reported_endpoints(evidence)
    ledger = audit(evidence)
    require_consistent(evidence, endpoints, ledger)
    return Plan(evidence, ledger, spec, request, {e: select(evidence, spec, e) for e in endpoints})


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
