"""A quantity has one value: what fit computes is what every document of a report prints, whatever NUTS draws."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reanalysis as ra
from readme.answer import analysed, without_scrutiny
from reanalysis.analysis.analysis import Analysis, carry_out
from reanalysis.analysis.plan import plan
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Task
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.estimands.words import ratio_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.kept_fit import SampledCheck, published_fit
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.results import results, results_table
from reanalysis.reporting.section import Artefacts
from reanalysis.reporting.sections.answer import outcome_table
from reanalysis.reporting.sections.overview import overview_table
from reporting.built import squeezed


@pytest.fixture(scope="module")
def evidence(published: Path) -> Evidence:
    return read_evidence(published.parent / "five")


def headline(evidence: Evidence, endpoint: str) -> tuple[str, dict[str, float]]:
    """The study whose effect it is, empty for the average, and its odds ratio, from ``fit`` alone."""
    found = ra.fit(evidence, endpoint).as_dict()
    estimates, studies = found["estimates"], found["comparative_studies"]
    if len(studies) > 1:
        return "", estimates["odds_ratio"]
    return studies[0], estimates["study"][studies[0]]["odds_ratio"]


def test_results_and_documents_print_what_fit_computes(published: Path, evidence: Evidence) -> None:
    whole = json.loads((published / "results.json").read_text(encoding="utf-8"))
    rows = pd.read_csv(published / "results.csv", keep_default_na=False)
    text = squeezed((published / "report.md").read_text(encoding="utf-8").replace("\\", ""))
    page = squeezed((published / "index.html").read_text(encoding="utf-8"))
    assert set(whole["endpoints"]) == {"death", "relapse"}
    for endpoint, one in whole["endpoints"].items():
        study, expected = headline(evidence, endpoint)
        assert one["headline"]["study"] == (study or None)
        estimand = f"study:{study}" if study else "average"
        of_endpoint = rows[(rows["endpoint"] == endpoint) & rows["headline"] & (rows["quantity"] == "odds_ratio")]
        ((_, row),) = of_endpoint.iterrows()
        assert row["estimand"] == estimand
        for name in ("median", "lower", "upper"):
            assert one["headline"]["odds_ratio"][name] == pytest.approx(expected[name], rel=1e-9)
            assert row[name] == pytest.approx(expected[name], rel=1e-9)
        printed = ratio_interval(expected["median"], expected["lower"], expected["upper"])
        assert text.count(printed) >= 3  # the answer, all outcomes, and the endpoint's own section
        assert page.count(printed) >= 3


def drawn[R](task: Task[R]) -> Callable[[], R]:
    """As if NUTS had drawn posteriors that are all wrong."""
    if task.kind != "check":
        return without_scrutiny(task)
    exact = published_fit(*task.arguments, drawn=False)
    wrong = DrawsMarginal(np.random.default_rng(1).normal(3.0, 1.0, size=(4, 100)))
    sampled = replace(
        exact,
        engine="nuts",
        overall=dict.fromkeys(exact.overall, wrong),
        study={study: dict.fromkeys(own, wrong) for study, own in exact.study.items()},
    )
    return lambda: SampledCheck(sampled, ())  # type: ignore[return-value]


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word of a nested value, by its place."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, f"{place}/{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, f"{place}/{number}")
    else:
        yield place, value


def test_what_nuts_draws_moves_no_published_number(evidence: Evidence) -> None:
    by_quadrature = analysed(evidence)
    checked = carry_out(plan(evidence, Request("nuts")), drawn)
    assert all(endpoint.fit.sampled is not None for endpoint in checked.endpoints)
    before, after = (dict(leaves(results(one))) for one in (by_quadrature, checked))
    moved = {place for place in before | after if before.get(place) != after.get(place)}
    assert {place for place in moved if "/diagnostics/" not in place} == {"/checked_by"}
    assert results_table(checked).equals(results_table(by_quadrature))
    assert printed_answer(checked) == printed_answer(by_quadrature)


def printed_answer(analysis: Analysis) -> str:
    nothing = CheckResult("", None, "")
    made = Artefacts(analysis, {}, nothing, nothing)
    return outcome_table(made).markdown() + overview_table(made, analysis.endpoints).markdown()
