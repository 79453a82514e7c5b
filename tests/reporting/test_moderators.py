"""The card of an endpoint says what its declared moderators explain, as the command line does."""

from __future__ import annotations

import json

import pytest

import reanalysis as ra
from evidence.folders import ANAKINRA
from reanalysis.alternatives.moderated import moderated
from reanalysis.model.selection import default_spec


def test_what_the_card_shows_is_what_a_fit_of_each_moderator_says() -> None:
    evidence = ra.read_evidence(ANAKINRA)
    found = {one.name: one for one in moderated(evidence, default_spec(evidence), "icans_any")}
    assert set(found) == {"route", "product", "dose"}
    assert found["route"].uncovered == (("iptw", "has no route"),)
    fitted = ra.fit(evidence, "icans_any", moderators="dose").posterior.overall["moderator[dose]"]
    assert found["dose"].slope.median == pytest.approx(float(fitted.quantile(0.5)), abs=1e-9)
    assert [one.studies for one in found["dose"].sources] == [(), ("iptw", "phase1", "phase2")]
    assert json.loads(json.dumps(found["dose"].as_dict()))["studies_left_out"] == {}


def test_a_moderator_in_which_nothing_differs_is_not_shown() -> None:
    evidence = ra.read_evidence(ANAKINRA)
    assert [one.name for one in moderated(evidence, default_spec(evidence), "crs_any")] == ["route"]
