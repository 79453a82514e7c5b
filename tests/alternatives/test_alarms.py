"""A prior that decides a headline raises an alarm, and one that moves nothing does not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from engines.builders import spec
from evidence.folders import folder
from reanalysis.alternatives.alarms import PRIOR_OF, Alarm, alarms
from reanalysis.alternatives.choices import BASELINES, MU_PRIOR, TAU_PRIOR
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome
from reanalysis.estimands.summary import Direction
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec


def outcomes(group: str, *below: float | None, better: str | None = None) -> dict[str, list[Outcome]]:
    """The primary choice of a group and others, by their P(odds ratio < 1)."""
    found = []
    for place, chance in enumerate(below):
        benefit = None if chance is None or better is None else chance if better == "lower" else 1 - chance
        sides = None if chance is None else Direction(chance, benefit, None)
        choice = {"group": group, "label": f"choice {place}", "primary": place == 0}
        found.append(Outcome(spec(), ("A",), direction=sides, **choice))  # type: ignore[arg-type]
    return {group: found}


def power(**scaled: float) -> pd.DataFrame:
    """Sensitivities to priors, of the average effect and of the one study's."""
    rows = [{"quantity": q, "study": s} for q, s in (("tau", ""), ("log_odds_ratio", ""), ("log_odds_ratio", "A"))]
    table = pd.DataFrame(rows)
    for name, value in scaled.items():
        table[f"prior of {name}"] = [1.0, value, value / 10]
    return table


@pytest.mark.parametrize(("group", "prior"), PRIOR_OF.items())
def test_a_choice_that_moves_the_probability_by_more_than_5_points_is_one(group: str, prior: str) -> None:
    (found,) = alarms(outcomes(group, 0.6, 0.61, 0.651, 0.58))
    assert found == Alarm(prior, 0.6, 0.58, 0.651, "choice 3", "choice 2", None, moved=True, scaled=False)
    assert alarms(outcomes(group, 0.6, 0.61, 0.649, 0.551)) == ()


def test_other_groups_are_none_of_its_business() -> None:
    assert alarms(outcomes("leave one out", 0.1, 0.9) | outcomes("pooling", 0.1, 0.9)) == ()


@pytest.mark.parametrize(("better", "ends"), [("lower", (0.6, 0.7)), ("higher", (0.3, 0.4)), (None, (0.6, 0.7))])
def test_the_probability_is_that_of_benefit_where_a_side_is_good(better: str | None, ends: tuple[float, float]) -> None:
    (found,) = alarms(outcomes(MU_PRIOR, 0.6, 0.7, better=better))
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.primary == pytest.approx(0.4 if better == "higher" else 0.6)


def test_what_could_not_be_computed_is_passed_over() -> None:
    assert alarms(outcomes(BASELINES, 0.6, None, 0.61)) == ()
    assert [one.high for one in alarms(outcomes(BASELINES, 0.6, None, 0.7))] == [0.7]
    assert alarms(outcomes(BASELINES, None, 0.1, 0.9)) == ()  # moved from what?


def test_power_scaling_above_its_limit_is_one_even_if_nothing_moves() -> None:
    still = outcomes(MU_PRIOR, 0.6, 0.6) | outcomes(TAU_PRIOR, 0.6, 0.6) | outcomes(BASELINES, 0.6, 0.6)
    (found,) = alarms(still, power(mu=0.06, tau=0.04))
    assert (found.prior, found.scaling, found.moved, found.scaled) == ("average effect", 0.06, False, True)
    assert alarms(still, power(mu=0.05, tau=0.04)) == ()


def test_power_scaling_is_read_of_the_effect_that_is_the_headline() -> None:
    still = outcomes(MU_PRIOR, 0.6, 0.6)
    assert [one.scaling for one in alarms(still, power(mu=0.6))] == [0.6]
    assert [one.scaling for one in alarms(still, power(mu=0.6), study="A")] == [pytest.approx(0.06)]
    assert alarms(still, power(mu=0.6), study="B") == ()
    assert alarms(still, power(mu=float("nan"))) == ()


def of_folder(where: Path, *rows: tuple[int, int, int, int]) -> dict[str, Alarm]:
    arms = [f"s{i} {arm} x {x} {n}" for i, row in enumerate(rows) for arm, x, n in
            (("control", *row[:2]), ("treated", *row[2:]))]  # fmt: skip
    evidence = read_evidence(folder(where, arms))
    grouped = sensitivity_set(evidence, default_spec(evidence), "x", groups=PRIOR_OF)
    assert set(grouped) == {MU_PRIOR, TAU_PRIOR, BASELINES} == set(PRIOR_OF)
    return {one.prior: one for one in alarms(grouped)}


@pytest.mark.parametrize("row", [(1, 50, 1, 50), (1, 50, 3, 50)])
def test_a_prior_of_the_control_risk_of_rare_events_is_found(tmp_path: Path, row: tuple[int, int, int, int]) -> None:
    found = of_folder(tmp_path, *[row] * 10)
    assert set(found) == {"baselines"}
    assert found["baselines"].highest == "normal(0,1.5), control logit"
    assert found["baselines"].high > found["baselines"].primary + 0.15


def test_five_trials_that_saw_much_raise_none(tmp_path: Path) -> None:
    assert of_folder(tmp_path, *[(300, 1000, 200, 1000)] * 5) == {}
    assert of_folder(tmp_path, *[(300, 1000, 300, 1000)] * 5) == {}


def test_a_sceptic_decides_what_one_small_trial_says(tmp_path: Path) -> None:
    found = of_folder(tmp_path, (8, 20, 2, 21))
    assert found["average effect"].lowest.startswith("sceptical")
