"""Printed ratios: an interval, a p-value or a measure that contradicts the others is found, a sound one is not."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from evidence.folders import above_info, audited, only
from reanalysis.evidence.audit.ledger import Ledger


def ratios(where: Path, *lines: str) -> Ledger:
    return audited(where, ["A control x 3 20", "A treated x 7 20"], *lines)


def test_an_interval_that_is_not_symmetric_on_the_log_scale_is_a_warning(tmp_path: Path) -> None:
    finding = only(above_info(ratios(tmp_path, "A,y,OR,2.0,1.0,3.0,,,,,")))
    assert (finding.kind, finding.severity, finding.table, finding.lines) == ("interval", "warning", "contrasts", (2,))
    assert "its middle is 1.73" in finding.message


def test_a_p_value_that_contradicts_its_interval_is_a_warning(tmp_path: Path) -> None:
    finding = only(above_info(ratios(tmp_path, "A,y,OR,2.00,1.00,4.00,,0.20,,,")))
    assert (finding.kind, finding.severity) == ("p-value", "warning")


def test_a_hazard_ratio_among_odds_ratios_of_one_analysis_is_a_warning(tmp_path: Path) -> None:
    ledger = ratios(
        tmp_path,
        "A,x,OR,2.00,1.00,4.00,,,adj,,",
        "A,y,OR,2.00,1.00,4.00,,,adj,,",
        "A,z,HR,2.00,1.00,4.00,,,adj,,",
    )
    finding = only(above_info(ledger))
    assert (finding.kind, finding.severity, finding.endpoint) == ("measure", "warning", "z")


def test_different_measures_of_different_analyses_are_no_finding(tmp_path: Path) -> None:
    ledger = ratios(tmp_path, "A,x,OR,2.00,1.00,4.00,,,logistic,,", "A,y,HR,2.00,1.00,4.00,,,Cox,,")
    assert above_info(ledger) == []


def test_an_interval_over_a_factor_of_50_is_called_unreliable(tmp_path: Path) -> None:
    finding = only(above_info(ratios(tmp_path, "A,y,OR,10.0,1.0,100.0,,,,,")))
    assert "spans a factor of 100: unreliable" in finding.message


@given(
    log_ratio=st.floats(-2, 2),
    error=st.floats(0.1, 0.9),
    level=st.sampled_from([0.9, 0.95, 0.99]),
    decimals=st.integers(2, 4),
)
def test_wald_intervals_printed_with_their_p_values_are_no_finding(
    tmp_path_factory: pytest.TempPathFactory, log_ratio: float, error: float, level: float, decimals: int
) -> None:
    """However coarsely all four numbers are rounded."""
    half = norm.ppf(0.5 + level / 2) * error
    estimate, lower, upper = (f"{math.exp(log_ratio + d):.{decimals}f}" for d in (0, -half, half))
    if not 0 < float(lower) <= float(estimate) <= float(upper) or lower == upper:
        return
    p = f"{2 * norm.sf(abs(log_ratio) / error):.{decimals}f}"
    ledger = ratios(tmp_path_factory.mktemp("wald"), f"A,y,OR,{estimate},{lower},{upper},{level},{p},,,")
    assert [f for f in above_info(ledger) if "factor" not in f.message] == []
