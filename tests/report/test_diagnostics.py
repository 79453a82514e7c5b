"""The diagnostics of a sampler are shown quantity by quantity, and only where there was one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reanalysis.checks.result import CheckResult
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.report.analysis import Analysis
from reanalysis.report.endpoint import EndpointAnalysis
from reanalysis.report.tables.diagnostics import parameter_table

pytestmark = pytest.mark.xdist_group("figures")


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
    return replace(endpoint, fit=replace(endpoint.fit, posterior=posterior, gates=gates))


def test_each_quantity_has_its_diagnostics(anakinra: Analysis) -> None:
    table = parameter_table(sampled(anakinra.headlines[0]))
    assert table is not None
    rows = [line.replace("\\", "") for line in table.splitlines() if line.startswith("| log")]
    assert [row.split("|")[1].strip() for row in rows] == ["log odds ratio", "log odds ratio, Phase 1"]
    for row in rows:
        r_hat, bulk, tail, error = (cell.strip() for cell in row.split("|")[2:6])
        assert (r_hat, bulk, tail) == ("1.0012", "4321", "3211")
        assert float(error) == pytest.approx(1 / np.sqrt(4000), abs=0.003)


def test_quadrature_has_no_sampler_to_diagnose(anakinra: Analysis) -> None:
    assert parameter_table(anakinra.headlines[0]) is None
