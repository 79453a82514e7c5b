"""The whole re-analysis of one folder: its evidence, its audit, and the analysis of every endpoint that is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape
from typing import Any

import pandas as pd

from reanalysis.alternatives.all_models import asked_models, not_computed
from reanalysis.alternatives.influence import Influence
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.weighed_ledger import WeighedLedger, weigh
from reanalysis.analysis.endpoint import EndpointAnalysis, analyse_endpoint
from reanalysis.analysis.plan import Plan, model_task, plan
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Log, Progress, Runner, Task, TaskFailed, here
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.audit.ledger import Ledger
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.model.spec import Engine, ModelSpec


@dataclass(frozen=True)
class FailedEndpoint:
    """An endpoint whose fit came to no result."""

    endpoint: str  # its id
    label: str  # its name for readers
    reason: str  # one sentence


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
    request : Request
        What was asked for.
    endpoints : tuple of EndpointAnalysis
        In the order of the evidence.
    failed : tuple of FailedEndpoint
        Endpoints whose fit came to no result.
    found : mapping of Task to object
        Results of the other tasks of the report; one that came to none is absent, and among the failures.
    unfinished : tuple of str
        One sentence for each of those.
    """

    evidence: Evidence
    weighed: WeighedLedger
    spec: ModelSpec
    request: Request
    endpoints: tuple[EndpointAnalysis, ...]
    failed: tuple[FailedEndpoint, ...] = ()
    found: Mapping[Task[Any], Any] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row an endpoint: its headline odds ratio with the 95 % interval, and how likely it helps."""
        rows = [
            {"endpoint": e.id, "label": e.label, "effect": e.headline.kind}
            | {name: getattr(e.odds_ratio, name) for name in ("median", "lower", "upper")}
            | {"P(fewer events)": e.direction.below, "P(benefit)": e.direction.benefit}
            for e in self.endpoints
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        failed = (f"{one.endpoint}: {one.reason}" for one in self.failed)
        return "\n".join([self.evidence.title, str(self.to_frame().round(3)), *failed])

    def _repr_html_(self) -> str:
        title = f"<p><b>{escape(self.evidence.title)}</b></p>"
        return title + self.to_frame().to_html(index=False, float_format="{:.3f}".format, na_rep="")

    @property
    def engine(self) -> Engine:
        """``nuts`` where it checks the published posteriors, which are those of quadrature."""
        return self.request.engine

    @property
    def all_models(self) -> bool:
        """Whether the models without quadrature were fitted too."""
        return self.request.all_models

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
        """Endpoints of the first page: those declared so, else all."""
        return tuple(e for e in self.endpoints if self.evidence.endpoint(e.id).headline) or self.endpoints

    @property
    def first_page(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(e.id for e in self.headlines)

    @property
    def modelled(self) -> tuple[str, ...]:
        """Ids of all endpoints that have a result, in the order of the evidence."""
        return tuple(e.id for e in self.endpoints)

    def result[R](self, task: Task[R]) -> R | None:
        """Result of another task of the report; worked out here where none was run, None where it came to none."""
        if task in self.found:
            result: R = self.found[task]
            return result
        return None if self.unfinished else _worked_out(task)

    @property
    def failures(self) -> tuple[str, ...]:
        """Every gate that failed, one sentence each; a task without a result is one."""
        fits = (f"{one.label}: fit failed: {one.reason}" for one in self.failed)
        gates = (
            f"{endpoint.label}: {gate.name}: {gate.text}"
            for endpoint in self.endpoints
            for gate in endpoint.fit.gates
            if gate.failed
        )
        return (*fits, *gates, *self.unfinished)


@lru_cache(maxsize=32)
def _worked_out(task: Task[Any]) -> Any:
    return task.run()


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
    engine, seed, all_models
        As of :class:`~reanalysis.analysis.request.Request`.
    step : callable
        Told what begins.

    Raises
    ------
    InvalidInput
        Before any sampling: if nothing can be compared, or a report contradicts itself.
    EngineError
        If an engine cannot give a posterior.

    Examples
    --------
    >>> analysis = ra.analyse(ra.load("anakinra"), engine="quadrature")
    >>> [endpoint.id for endpoint in analysis.endpoints][:2]
    ['icans_any', 'icans_g3']
    """
    return carry_out(plan(evidence, Request(engine, seed, all_models)), here, Progress(step))


def carry_out(
    planned: Plan,
    run: Runner = here,
    log: Log | None = None,
    tasks: Iterable[Task[Any]] = (),
    ready: Callable[[Analysis], object] = lambda _: None,
) -> Analysis:
    """Fit and vary everything a report shows, further tasks of its sections among it.

    Where the fit of one endpoint comes to no result (``TaskFailed``) the others go on. ``ready`` is given the analysis
    while NUTS may still be at work: all that is published, without the checks.
    """
    log = log or Progress()
    begun = _begun(planned, run)
    others = {task: run(task) for task in tasks}
    done: list[EndpointAnalysis] = []
    failed: dict[str, FailedEndpoint] = {}
    influenced: dict[str, tuple[Influence, ...]] = {}
    count = len(planned.selections)
    for number, (endpoint, tasks_of) in enumerate(begun.items(), 1):
        with log.step("endpoint", f"fitting {endpoint} ({number} of {count})", endpoint=endpoint):
            try:
                one, influenced[endpoint] = tasks_of.published(log)
            except TaskFailed as error:
                failed[endpoint] = _failed(planned, endpoint, error)
            else:
                done.append(one)
    with log.step("weighing the findings"):
        weighed = weigh(planned.evidence, planned.ledger, planned.spec, lambda e: influenced.get(e, ()))
    published = Analysis(planned.evidence, weighed, planned.spec, planned.request, tuple(done), tuple(failed.values()))
    ready(published)
    found, unfinished = _waited_for(others)
    if planned.request.engine == "quadrature":
        return replace(published, found=found, unfinished=unfinished)
    checked: list[EndpointAnalysis] = []
    for number, one in enumerate(done, 1):
        with log.step("check", f"checking {one.id} ({number} of {len(done)})", endpoint=one.id):
            try:
                checked.append(begun[one.id].checked(one))
            except TaskFailed as error:
                failed[one.id] = _failed(planned, one.id, error)
    without = tuple(failed[endpoint] for endpoint in planned.selections if endpoint in failed)
    return replace(published, endpoints=tuple(checked), failed=without, found=found, unfinished=unfinished)


def _failed(planned: Plan, endpoint: str, error: TaskFailed) -> FailedEndpoint:
    return FailedEndpoint(endpoint, planned.evidence.endpoint_label(endpoint), error.reason)


def _waited_for(begun: Mapping[Task[Any], Callable[[], Any]]) -> tuple[dict[Task[Any], Any], tuple[str, ...]]:
    """Results of tasks, and a sentence for each that came to none."""
    found: dict[Task[Any], Any] = {}
    unfinished = []
    for task, result in begun.items():
        try:
            found[task] = result()
        except TaskFailed as error:
            unfinished.append(f"{', '.join([task.kind, *task.about.values()])} failed: {error.reason}")
    return found, tuple(unfinished)


@dataclass(frozen=True)
class _Endpoint:
    """The tasks of one endpoint, begun."""

    planned: Plan
    endpoint: str
    fit: Callable[[], Any]
    alternatives: Callable[[], Any]
    models: Callable[[], tuple[Outcome, ...]]
    check: Callable[[], Any] | None

    def published(self, log: Log) -> tuple[EndpointAnalysis, tuple[Influence, ...]]:
        """What is published of it, and how far the choices that findings raise move it."""
        posterior, others = self.fit(), self.alternatives()
        selection = self.planned.selections[self.endpoint]
        fit = CheckedFit(self.planned.evidence, selection, posterior, posterior, ())
        models = self.models()
        for trouble in (trouble for one in models for trouble in one.troubles):
            log.warning(f"{self.planned.evidence.endpoint_label(self.endpoint)}: {trouble}")
        return analyse_endpoint(fit, others.sensitivity, others.scrutiny, models), others.influences

    def checked(self, one: EndpointAnalysis) -> EndpointAnalysis:
        """The same with what NUTS says."""
        assert self.check is not None
        found = self.check()
        return replace(one, fit=replace(one.fit, gates=found.gates, sampled=found.posterior))


def _begun(planned: Plan, run: Runner) -> dict[str, _Endpoint]:
    """The tasks of every endpoint, begun: what is sampled first, because it takes longest, then the first page."""
    sampled = planned.request.engine == "nuts"
    checks = {e: run(planned.check(e)) for e in planned.selections} if sampled else {}
    fits = {e: run(planned.fit(e)) for e in planned.selections}
    order = sorted(planned.selections, key=lambda endpoint: endpoint not in planned.first_page)
    alternatives = {e: run(planned.alternatives(e)) for e in order}
    models = {e: _models(planned, e, run) for e in planned.selections}
    return {e: _Endpoint(planned, e, fits[e], alternatives[e], models[e], checks.get(e)) for e in planned.selections}


def _models(planned: Plan, endpoint: str, run: Runner) -> Callable[[], tuple[Outcome, ...]]:
    """What every model says of an endpoint of the first page: all begun, then waited for; one that fails is a note."""
    if endpoint not in planned.first_page:
        return tuple
    better = planned.evidence.endpoint(endpoint).better
    asked = asked_models(planned.evidence, endpoint, planned.spec, planned.request.all_models)
    begun = [(one, None if data is None else run(model_task(one.spec, data, better))) for one, data in asked]
    return lambda: tuple(one if result is None else _answered(one, result) for one, result in begun)


def _answered(without: Outcome, result: Callable[[], Outcome]) -> Outcome:
    try:
        return result()
    except (EngineError, TaskFailed) as error:  # in this process, and in a worker
        return not_computed(without, str(error))
