"""The trials that a report plans are those that ``design`` gives, and the section says what they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import reanalysis as ra
from evidence.folders import ANAKINRA, TWO_STUDIES, folder
from reanalysis.analysis.relevant import relevant
from reanalysis.builds.frozen import freeze, thaw
from reanalysis.decisions.planned_trial import PlannedTrial, planned_trial, trial_or_reason
from reanalysis.engines.errors import EngineError
from reanalysis.figures.next_trial import describe_next_trial, plot_next_trial
from reanalysis.reporting.sections.next_trial import boundary_table, expected_table, power_table

EVIDENCE = ra.read_evidence(ANAKINRA)
SIZES = (40, 80)


@pytest.fixture(scope="module")
def trial() -> PlannedTrial:
    return planned_trial(relevant(EVIDENCE, "infection_g3"), "infection_g3", SIZES)


def test_it_is_the_two_sided_design_of_the_command(trial: PlannedTrial) -> None:
    truths = ["RD=-0.1", "RD=-0.05", "RD=0.05", "RD=0.1"]
    same = ra.design(EVIDENCE, "infection_g3", [20, 40], side="both", truth=truths)
    assert trial.trials.designs == same.designs
    assert trial.trials.today == same.today
    assert list(trial.trials.spec["truths"]) == truths
    assert trial.trials.spec["rule"] == "P(risk difference < 0) > 0.95 or P(risk difference > 0) > 0.95"


def test_every_conclusion_is_counted_once_and_the_right_ones_grow_with_the_size(trial: PlannedTrial) -> None:
    for one in (*trial.trials.designs, *trial.curve.designs):
        for chances in one.conclusions.values():
            assert sum(chances.values()) == pytest.approx(1.0, abs=1e-9)
        known = one.conclusions["design prior"]
        assert known["lower"] + known["higher"] == pytest.approx(one.assurance, abs=1e-9)
    assert [one.n_control for one in trial.curve.designs] == list(range(2, 41, 2))
    worth = [one.evsi for one in trial.curve.designs]
    assert all(later is not None and later >= earlier - 1e-9 for earlier, later in pairwise(worth))
    assert max(one or 0.0 for one in worth) < (trial.trials.evpi or 0.0)
    assert thaw(freeze(trial)) == trial


def test_differences_that_the_control_risk_leaves_no_room_for_are_left_out(tmp_path: Path) -> None:
    path = folder(tmp_path, TWO_STUDIES, toml='[endpoints.x]\nmargins = [5, 95]\nlabel = "X"\n')
    evidence = ra.read_evidence(path)
    found = planned_trial(evidence, "x", (20,))
    control = found.trials.spec["baseline"]
    assert list(found.trials.spec["truths"]) == ["RD=-0.05", "RD=0.05"]
    assert 0.05 < control < 0.95
    assert found.trials.evpi is None  # no side is declared good
    assert expected_table(evidence, {"x": found}).rows[0][-1] == "not defined"


def test_tables_say_what_the_trials_do(trial: PlannedTrial) -> None:
    trials = {"infection_g3": trial}
    rows = expected_table(EVIDENCE, trials).rows
    assert [row[1] for row in rows] == ["40", "80"]
    first = trial.trials.designs[0]
    assert rows[0][3] == f"{100 * first.conclusions['design prior']['higher']:.0f} %"
    power = power_table(EVIDENCE, trials).rows
    assert [row[1] for row in power] == [f"{x} instead of 12 in 100" for x in (2, 7, 17, 22)]
    assert power[-1][3] == f"{100 * first.conclusions['RD=0.1']['higher']:.0f} %"
    (few, _) = boundary_table(EVIDENCE, trials).rows
    assert first.boundary[2] == [-1, 8]
    assert list(few[2:]) == ["2 of 20", "never", "at least 8"]


def test_the_figure_has_two_panels_an_endpoint_and_says_its_numbers(trial: PlannedTrial) -> None:
    axes = plot_next_trial({"Infection": trial})
    panels = axes.child_axes
    assert [len(panel.lines) for panel in panels] == [2, 4]
    higher = panels[0].lines[1].get_xydata()
    assert higher[-1] == pytest.approx([80, trial.trials.designs[-1].conclusions["design prior"]["higher"]])
    said = describe_next_trial({"Infection": trial})
    assert "Infection: with 40 patients fewer" in said


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("patients = [31]", "patients of both arms are even numbers from 2 to 1000"),
        ("patients = [2000]", "patients of both arms are even numbers from 2 to 1000"),
        ('endpoints = ["y"]', "no row of arms.csv or contrasts.csv has this endpoint"),
    ],
)
def test_what_cannot_be_planned_is_refused(tmp_path: Path, setting: str, said: str) -> None:
    with pytest.raises(ra.InvalidInput, match=said):
        ra.read_evidence(folder(tmp_path, TWO_STUDIES, toml=f"[next_trial]\n{setting}\n"))


def test_what_cannot_be_worked_out_is_a_reason_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise EngineError("the control rate has no posterior")

    monkeypatch.setattr("reanalysis.decisions.today.fit", fails)
    found = trial_or_reason(relevant(EVIDENCE, "infection_g3"), "infection_g3", SIZES)
    assert found == "the control rate has no posterior"
