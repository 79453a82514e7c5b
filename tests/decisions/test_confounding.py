"""Confounding in readers' words: published E-values, tipping biases, and cohorts with an important effect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import reanalysis as ra
from evidence.folders import ANAKINRA, FIVE, folder
from reanalysis.decisions.confounding import (
    Confounding,
    bias_factor,
    confounding,
    e_value,
    important_effects,
)
from reanalysis.decisions.effects import endpoint_effect
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.words import percent, ratio, ratio_interval
from reanalysis.model.specification import specification
from reanalysis.reporting.sections.confounding import e_value_table, share_table

READ = ra.read_evidence(ANAKINRA)
SPEC = specification(READ)


@pytest.fixture(scope="module")
def icans() -> Confounding:
    return confounding(endpoint_effect(READ, "icans_any", SPEC))


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "expected"),
    [
        (3.9, 1.8, 8.7, (7.26, 3.0)),  # VanderWeele and Ding 2017: breastfeeding and respiratory death
        (0.80, 0.71, 0.91, (1.81, 1.43)),  # the same: breastfeeding and leukaemia
        (1.2, 0.9, 1.6, (1.69, 1.0)),
        (1.0, 0.5, 2.0, (1.0, 1.0)),
    ],
)
def test_published_e_values(ratio: float, lower: float, upper: float, expected: tuple[float, float]) -> None:
    assert e_value(ratio, lower, upper) == pytest.approx(expected, abs=0.005)


def test_a_ratio_and_its_inverse_need_the_same_confounder() -> None:
    assert e_value(4.0, 2.0, 8.0) == pytest.approx(e_value(0.25, 0.125, 0.5))
    assert e_value(2.0)[1] is None


def test_an_e_value_is_what_the_bounding_factor_needs() -> None:
    """A confounder with both risk ratios E moves a risk ratio by E^2 / (2 E - 1), the whole of it."""
    for of in (1.1, 2.0, 3.9, 15.9):
        found, _ = e_value(of)
        assert found**2 / (2 * found - 1) == pytest.approx(of)


def test_risk_ratios_are_those_of_the_control_risk(icans: Confounding) -> None:
    delta = endpoint_effect(READ, "icans_any", SPEC).head.log_odds_ratio
    odds = 0.34 / 0.66 * np.exp(delta.quantile([0.5, 0.025, 0.975]))
    assert icans.control.risk == 0.34  # the median of 60, 34 and 23.4 %
    assert icans.risk_ratio == pytest.approx(odds / (1 + odds) / 0.34, abs=1e-6)
    assert (icans.e_value, icans.e_value_interval) == pytest.approx(e_value(*icans.risk_ratio))


def test_tipping_biases_are_the_tipping_points(icans: Confounding) -> None:
    points = ra.tipping_points(READ, "icans_any")
    published = points[points.assumption == "bias"].set_index(["event", "threshold"])["value"]
    assert len(icans.tipping) == len(published) == 5
    for one in icans.tipping:
        assert one.bias == published[one.side, one.probability]  # one quantity, one value
        assert one.risk_ratio is not None
        assert one.e_value == pytest.approx(e_value(one.risk_ratio)[0])


def test_a_bias_is_a_factor_on_the_risk_ratio() -> None:
    assert bias_factor(0.0, 0.0, 0.3) == 1.0
    small = 1e-6  # a rare event: odds are risks
    assert bias_factor(0.7, 0.4, small) == pytest.approx(np.exp(0.4), rel=1e-4)
    assert bias_factor(0.7, -0.4, small) == pytest.approx(np.exp(0.4), rel=1e-4)
    assert bias_factor(np.log(3), np.log(3), 0.25) == pytest.approx(0.5 / 0.25)


def test_without_bias_the_share_is_that_of_a_new_study(icans: Confounding) -> None:
    new = endpoint_effect(READ, "icans_any", SPEC).posterior.overall["log_odds_ratio_new"]
    difference = risk_difference(new, icans.control.risk)
    (none,) = (one for one in icans.shares if one.bias == 0)
    assert none.fewer == pytest.approx(float(difference.cdf(-0.05)), abs=1e-9)
    assert none.more == pytest.approx(1 - float(difference.cdf(0.05)), abs=1e-9)


def test_the_more_bias_there_was_towards_harm_the_more_cohorts_truly_benefit(icans: Confounding) -> None:
    biases = [one.bias for one in icans.shares]
    fewer, more = ([getattr(one, side) for one in icans.shares] for side in ("fewer", "more"))
    assert biases == sorted(biases)
    assert fewer == sorted(fewer)
    assert more == sorted(more, reverse=True)
    assert fewer[0] < 0.1 < 0.9 < fewer[-1]


def test_a_margin_without_room_is_beyond_every_effect() -> None:
    assert important_effects(0.03, 5.0)[0] == -np.inf
    assert important_effects(0.97, 5.0)[1] == np.inf
    low, high = important_effects(0.5, 10.0)
    assert (low, high) == pytest.approx((-np.log(1.5), np.log(1.5)))


def test_randomised_studies_share_no_bias(tmp_path: Path) -> None:
    rows = "A,control,x,60,100\nA,treated,x,30,100\nB,control,x,50,100\nB,treated,x,27,100\n"
    toml = '[studies.A]\ndesign = "randomised"\n[studies.B]\ndesign = "matched"\n'
    evidence = ra.read_evidence(folder(tmp_path, f"{FIVE}\n{rows}", toml=toml))
    found = confounding(endpoint_effect(evidence, "x", specification(evidence)))
    assert found.tipping == ()
    assert [one.bias for one in found.shares] == [0.0]
    assert "randomised" in found.note
    assert found.e_value_interval > 1


def test_the_tables_of_the_report_say_the_same(icans: Confounding) -> None:
    each = {"icans_any": icans}
    (row,) = e_value_table(READ, each).rows
    median, lower, upper = icans.risk_ratio
    assert row[1] == f"{ratio_interval(median, lower, upper)} at {100 * icans.control.risk:.3g} %"
    assert row[2:4] == [ratio(icans.e_value), ratio(icans.e_value_interval)]
    first = icans.tipping[0]
    assert f"{first.side} {percent(first.probability)} if raised by {ratio(first.risk_ratio)}" in row[4]
    table = share_table(READ, each)
    fewer, more = table.rows
    assert fewer[2:] == [percent(one.fewer) for one in icans.shares]
    assert more[2:] == [percent(one.more) for one in icans.shares]
    assert table.headers[2:] == tuple(f"\N{MULTIPLICATION SIGN}{one.odds_ratio:.3g}" for one in icans.shares)
