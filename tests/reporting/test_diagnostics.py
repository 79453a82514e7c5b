"""The diagnostics of a sampler are shown quantity by quantity and chain by chain, and only where there was one."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from figures.sampled import sampled as drawn_by_chains
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.analysis.request import Request
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.figures.ranks import describe_ranks
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.drawing import Drawn, draw_chains, draw_endpoint
from reanalysis.reporting.markdown import Markdown
from reanalysis.reporting.section import Artefacts
from reanalysis.reporting.sections.diagnostics import CHECKS, agreement_table, parameter_table, worst_table
from reanalysis.reporting.text import markdown

pytestmark = pytest.mark.xdist_group("reports")


def sampled(endpoint: EndpointAnalysis) -> EndpointAnalysis:
    """The endpoint as if its average and one study's effect had been drawn 4 x 1,000 times, independently."""
    draws = DrawsMarginal(np.random.default_rng(3).normal(size=(4, 1000)))
    names = ("log_odds_ratio", "phase1: log_odds_ratio")
    gates = (
        CheckResult("R-hat", True, "", pd.DataFrame([{"quantity": n, "r_hat": 1.0012} for n in names])),
        CheckResult(
            "Effective sample size", True, "",
            pd.DataFrame([{"quantity": n, "ess_bulk": 4321.4, "ess_tail": 3210.6} for n in names]),
        ),
    )  # fmt: skip
    posterior = replace(
        endpoint.fit.posterior, overall={"log_odds_ratio": draws}, study={"phase1": {"log_odds_ratio": draws}}
    )
    return replace(endpoint, fit=replace(endpoint.fit, sampled=posterior, gates=gates))


def test_each_quantity_has_its_diagnostics(anakinra: Analysis) -> None:
    table = parameter_table([sampled(anakinra.headlines[0])])
    assert table is not None
    assert [row[1] for row in table.rows] == ["log odds ratio", "log odds ratio, Strati 2023"]
    for row in table.rows:
        assert row[0] == anakinra.headlines[0].label
        r_hat, bulk, tail, error = map(str, row[2:])
        assert (r_hat, bulk, tail) == ("1.0012", "4321", "3211")
        assert float(error) == pytest.approx(1 / np.sqrt(4000), abs=0.003)


def test_quadrature_has_no_sampler_to_diagnose(anakinra: Analysis) -> None:
    assert not parameter_table(anakinra.endpoints)


def test_engines_stand_side_by_side(anakinra: Analysis) -> None:
    rows = agreement_table(anakinra).rows
    for *_, one, other, difference in rows:
        assert one == other
        assert float(str(difference)) == 0.0
    assert {row[0] for row in rows} == {endpoint.label for endpoint in anakinra.endpoints}


def test_an_endpoint_of_the_first_page_shows_its_chains(anakinra: Analysis) -> None:
    exact = anakinra.headlines[0]
    endpoint = drawn_by_chains(exact)
    drawn = draw_chains(endpoint)
    figures = {name: Markdown(text) for name, text in drawn.shown.items()}
    assert all(name.endswith(("-convergence", "-ranks", "-energy")) for name in figures)
    assert len(figures) == 3
    for text in figures.values():
        (file,) = re.findall(r"\]\(figures/([a-z0-9-]+)\)", text)
        assert f"{file}.svg" in drawn.files
    assert any(describe_ranks(endpoint) in text for text in figures.values())
    others = draw_endpoint(endpoint, headline=True).shown
    assert others.keys() == draw_endpoint(exact, headline=True).shown.keys()
    assert not figures.keys() & others.keys()
    assert draw_chains(exact) == Drawn({}, {})

    endpoints = tuple(endpoint if e is exact else e for e in anakinra.endpoints)
    text = markdown(replace(anakinra, request=Request("nuts"), endpoints=endpoints), figures)
    diagnostics = text.split("{#diagnostics}")[1].split("\n## ")[0]
    assert all(figure.strip() in diagnostics for figure in figures.values())


def test_a_report_by_quadrature_says_that_nothing_was_sampled(anakinra: Analysis) -> None:
    text = markdown(anakinra, {})
    checks = " ".join(text.split("{#checks}")[1].split("\n# ")[0].split())
    assert "ran no sampler" in checks
    assert "no chains to diagnose and no second engine" in checks
    assert "R-hat" not in checks
    assert "{#diagnostics}" not in text


def test_every_check_is_counted_and_the_worst_value_of_an_endpoint_is_shown(anakinra: Analysis) -> None:
    first, second, *_ = anakinra.endpoints
    passed, failed = sampled(first), sampled(second)
    r_hat, size = failed.fit.gates
    worse = r_hat.table.assign(r_hat=[1.0004, 1.0321])
    failed = replace(
        failed, fit=replace(failed.fit, gates=(replace(r_hat, passed=False, table=worse, text="1.0321"), size))
    )
    analysis = replace(anakinra, request=Request("nuts"), endpoints=(passed, failed))
    rows = worst_table(analysis).rows
    assert [list(row[:5]) for row in rows] == [
        [first.label, "2 of 2", "1.0012", "4321", "3211"],
        [second.label, "1 of 2", "1.0321", "4321", "3211"],
    ]
    made = Artefacts(analysis, {}, CheckResult("", True, ""), CheckResult("", True, ""))
    said = CHECKS.markdown(made, analysis).replace("\\", "")
    assert "3 of 4 checks of the sampled posteriors passed" in said
    assert f"not passed: {second.label}, R-hat (1.0321)" in said
    assert f"not passed: {first.label}" not in said
