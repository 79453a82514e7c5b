"""What a notebook calls: each step one function, results that show themselves, errors that say what to change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reanalysis as ra
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.checked_fit import CheckedFit
from shared import recalling

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"


@pytest.fixture(scope="module")
def fitted(evidence: Evidence) -> CheckedFit:
    return ra.fit(evidence, "icans_any", engine="quadrature")


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, reanalysis; dir(reanalysis); reanalysis.__version__; "
        "print(sorted({'numpy', 'pandas', 'pymc', 'arviz', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ra.__all__)
def test_every_name_offered_exists(name: str) -> None:
    assert callable(getattr(ra, name))


def test_effects_are_those_of_the_fit(fitted: CheckedFit) -> None:
    table = ra.effects(fitted)
    average = fitted.posterior.overall["log_odds_ratio"]
    row = table.loc[("average", "odds ratio", "")]
    assert row["median"] == pytest.approx(float(np.exp(average.quantile(0.5))))
    assert row["P(fewer events)"] == pytest.approx(float(average.cdf(0.0)))
    assert row["P(benefit)"] == row["P(fewer events)"]  # fewer ICANS is better
    for (of, quantity, at), found in table.iterrows():  # type: ignore[misc]
        if quantity == "risk difference" and at:
            risk = table.loc[(of, "treated risk", at)]
            percent = float(at.rsplit(", ", 1)[1].removesuffix(" %"))
            assert found["median"] == pytest.approx(risk["median"] - percent / 100)


def test_benefit_of_an_endpoint_to_be_raised_is_more_events(evidence: Evidence) -> None:
    row = ra.effects(ra.fit(evidence, "cr", engine="quadrature")).loc[("average", "odds ratio", "")]
    assert row["P(benefit)"] == pytest.approx(1 - row["P(fewer events)"])


def test_a_single_study_is_named_in_its_risks(evidence: Evidence) -> None:
    table = ra.effects(ra.fit(evidence, "infection_g3", engine="quadrature"))
    at_baseline = {of for of, quantity, at in table.index if quantity == "risk ratio"}
    assert at_baseline == {evidence.study_label("iptw"), "new study"}


def test_choices_are_those_of_the_specification(evidence: Evidence) -> None:
    found = ra.fit(evidence, "icans_any", "quadrature", leave_out="iptw", rho=0.0, priors={"tau": "halfnormal(1)"})
    assert found.posterior.data.names == ("phase1", "phase2")
    assert str(found.spec.priors.tau) == "halfnormal(1)"
    assert all(study.rho == 0 for study in found.posterior.data.studies)


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ({"pooling": "some"}, "pooling 'some': must be one of"),
        ({"priors": {"tau": "halfnormal(-1)"}}, "halfnormal"),
        ({"priors": {"tau": "normal(0,1)"}}, "below 0"),
        ({"priors": {"sigma": "normal(0,1)"}}, "sigma"),
        ({"poling": "none"}, "poling"),
        ({"model": "contrasts"}, "contrasts"),
        ({"leave_out": ("phase1", "phase2", "iptw")}, "no study"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(evidence: Evidence, choices: dict[str, object], named: str) -> None:
    with pytest.raises(ra.InvalidInput, match=named):
        ra.fit(evidence, "icans_any", "quadrature", **choices)


def test_effects_of_a_fit_without_average_are_refused(evidence: Evidence) -> None:
    with pytest.raises(ra.InvalidInput, match="effects: no average of several studies"):
        ra.effects(ra.fit(evidence, "icans_any", "quadrature", pooling="none"))


def test_results_show_themselves_and_escape_what_they_show(tmp_path: Path) -> None:
    (tmp_path / "arms.csv").write_text(
        "study,arm,endpoint,events,n\n<b>A,control,<i>x,4,20\n<b>A,treated,<i>x,7,20\n", encoding="utf-8"
    )
    evidence = ra.read_evidence(tmp_path)
    for shown in (evidence, ra.audit(evidence), ra.fit(evidence, "<i>x", "quadrature")):
        html = shown._repr_html_()
        assert "<table" in html
        assert "<i>x" not in html
        assert "<b>A" not in html


def test_audit_tables_agree(evidence: Evidence) -> None:
    found = ra.audit(evidence)
    assert len(found.table()) == len(found.ledger.findings)
    assert len(found.influence_table()) == sum(1 + len(i.alternatives) for i in found.influences)
    assert list(found.question_table()["question"]) == [q.text for q in found.questions]


def test_the_sensitivity_table_starts_with_leave_one_out(evidence: Evidence) -> None:
    table = ra.sensitivity(evidence, "icans_any")
    assert list(table["group"][:4]) == ["leave one out"] * 4
    assert table["primary"].iloc[0]


def test_a_report_is_built_as_on_the_command_line(results: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "arms.csv").write_text(
        "study,arm,endpoint,events,n\nA,control,x,4,20\nA,treated,x,7,20\n", encoding="utf-8"
    )
    with recalling(results):
        built = ra.report(str(tmp_path / "mine"), tmp_path / "out", engine="quadrature")
    assert built.passed
    assert (tmp_path / "out" / "index.html").is_file()


def test_choices_beyond_the_most_are_held_and_named(evidence: Evidence) -> None:
    found = ra.multiverse(evidence, "icans_any", most=4)
    assert {"left out"} <= {choice.name for choice in found.choices}
    assert "route" in found.held
    assert len(found.table) > 100


def test_tipping_points_are_a_table(evidence: Evidence) -> None:
    table = ra.tipping_points(evidence, "crs_any")
    assert {"assumption", "event", "threshold", "value"} <= set(table.columns)
    assert set(table["threshold"]) == {0.5, 0.8, 0.95}
