"""Analyses that the figures are drawn from, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from pathlib import Path

import pytest

from figures import folders
from reanalysis.alternatives.outcome import Outcome
from reanalysis.alternatives.weighed_ledger import WeighedLedger
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis, analyse_endpoint
from reanalysis.analysis.request import Request
from reanalysis.estimands.summary import Direction
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures import prior_sensitivity
from reanalysis.gates.checked_fit import CheckedFit, fit_endpoint
from reanalysis.model.selection import default_spec


@pytest.fixture(scope="session")
def anakinra(reanalysed: Analysis) -> Analysis:
    return reanalysed


@pytest.fixture(scope="session")
def analyses(
    anakinra: Analysis,
    answers: Callable[[Callable[[Path], Path]], Analysis],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Analysis]:
    """By name: one study, three, twenty-two, seventy-one, long names, empty cells."""
    made = {"anakinra": anakinra}
    for make in (folders.single, folders.long_names, folders.empty_cells):
        made[make.__name__] = answers(make)
    for make in (folders.trials, folders.seventy_one):
        made[make.__name__] = _without_refits(make(tmp_path_factory.mktemp(make.__name__)))
    return made


@pytest.fixture(scope="session", autouse=True)
def moved() -> Iterator[None]:
    """What moves a prior or a likelihood of a posterior is worked out once, for all figures and words about it."""
    original = prior_sensitivity._moved
    known: dict[int, tuple[CheckedFit, dict[tuple[str, str], tuple[float, float]]]] = {}

    @wraps(original)
    def once(fit: CheckedFit, names: tuple[str, ...]) -> dict[tuple[str, str], tuple[float, float]]:
        if id(fit) not in known:
            known[id(fit)] = fit, original(fit, names)
        return known[id(fit)][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prior_sensitivity, "_moved", once)
        yield


def _without_refits(folder: Path) -> Analysis:
    """An analysis whose sensitivities are as many as ever, but made up: where words lie needs no refits."""
    evidence = read_evidence(folder)
    ledger, spec = audit(evidence), default_spec(evidence)
    endpoints = tuple(
        _with_outcomes(analyse_endpoint(fit_endpoint(evidence, e, spec, "quadrature", ledger=ledger), {}))
        for e in modelled_endpoints(evidence)
    )
    return Analysis(evidence, WeighedLedger(ledger, (), (), {}), spec, Request("quadrature"), endpoints)


def _with_outcomes(endpoint: EndpointAnalysis) -> EndpointAnalysis:
    spec, studies = endpoint.fit.spec, endpoint.headline.comparative
    found, below = endpoint.log_odds_ratio, endpoint.direction.below
    made = Outcome(spec, studies, found, None, Direction(below, None, None), group="leave one out")
    left_out = [replace(made, label="all studies", primary=True)]
    for study in studies:
        rest = tuple(s for s in studies if s != study)
        without = {"spec": replace(spec, leave_out=(study,)), "studies": rest, "label": f"without {study}"}
        if not rest:
            without |= {"log_odds_ratio": None, "direction": None, "note": "not defined: no comparison is left"}
        left_out.append(replace(made, **without))  # type: ignore[arg-type]
    apart = [replace(made, studies=(s,), group="pooling", label=f"no pooling: {s}") for s in studies]
    return replace(endpoint, sensitivity={"leave one out": left_out, "pooling": apart})
