"""Traffic lights: a light for each judgement with its word and colour, the worst last, directions marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.patches import Rectangle

import reanalysis as ra
from reanalysis.analysis.endpoint import as_endpoint
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures.traffic_lights import (
    describe_traffic_lights,
    judged_studies,
    plot_traffic_lights,
    traffic_light_pages,
)
from reanalysis.gates.checked_fit import CheckedFit

ROWS = "study,arm,endpoint,events,n\n" + "".join(
    f"{study},{arm},x,{events},30\n" for study in "AB" for arm, events in (("control", 9), ("treated", 6))
)
JUDGED = """study,endpoint,domain,judgement,direction,reason
A,,confounding,critical,favours treated,why
A,x,measurement,no information,,why
B,,confounding,low,,why
B,x,confounding,moderate,,why
"""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    where: Path = tmp_path_factory.mktemp("judged")
    (where / "arms.csv").write_text(ROWS)
    (where / "risk_of_bias.csv").write_text(JUDGED)
    (where / "analysis.toml").write_text('[bias]\nreason = "r"\n[endpoints.x]\nbetter = "lower"\n')
    return read_evidence(where)


@pytest.fixture(scope="module")
def fitted(evidence: Evidence) -> CheckedFit:
    return ra.fit(evidence, "x")


def test_every_judgement_has_its_word_and_every_kind_a_colour_of_its_own(fitted: CheckedFit) -> None:
    axes = plot_traffic_lights(fitted)
    words = [text.get_text().split("\n")[-1] for text in axes.texts]
    assert [words.count(word) for word in ("critical", "not told", "moderate", "low")] == [2, 1, 2, 0]
    faces = {patch.get_facecolor() for patch in axes.patches if isinstance(patch, Rectangle)}
    assert len(faces) == 3
    assert words.count("\N{EN DASH}") == 5 + 6  # domains of A and of B that nobody judged
    assert sum("\N{UPWARDS ARROW}" in text.get_text().split("\n")[0][:2] for text in axes.texts) == 2  # and the key


def test_the_alternative_text_says_what_the_picture_shows(fitted: CheckedFit) -> None:
    text = describe_traffic_lights(fitted)
    assert "A: confounding critical (favours treated), measurement no information; worst critical" in text
    assert "B: confounding moderate; worst moderate" in text


def test_only_studies_that_are_judged_have_lights(fitted: CheckedFit, tmp_path: Path) -> None:
    assert judged_studies(as_endpoint(fitted)) == ["A", "B"]
    assert traffic_light_pages(fitted) == (("A", "B"),)
    (tmp_path / "arms.csv").write_text(ROWS)
    assert judged_studies(as_endpoint(ra.fit(read_evidence(tmp_path), "x"))) == []
