"""What is worked out of a folder is worked out once, and is no part of what the folder is."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

import reanalysis as ra
from evidence.folders import ANAKINRA, TWO_STUDIES, folder
from reanalysis.evidence.audit import ledger
from reanalysis.evidence.evidence import _WORKED_OUT, Evidence
from reanalysis.evidence.reading.folder import read_evidence


def worked_out(evidence: Evidence) -> Evidence:
    """The folder after every question that remembers its answer."""
    ra.audit(evidence)
    ra.coverage(evidence)
    assert ra.fit(evidence, "icans_any" if "icans_any" in evidence.endpoints else "x").passed
    return evidence


@pytest.mark.parametrize("data", ["anakinra", "two studies"])
def test_a_folder_equals_itself_after_an_audit_and_a_fit_and_elsewhere(tmp_path: Path, data: str) -> None:
    where = ANAKINRA if data == "anakinra" else folder(tmp_path, TWO_STUDIES)
    used, fresh = worked_out(read_evidence(where)), read_evidence(where)
    for same in (used, pickle.loads(pickle.dumps(used)), copy.copy(used), copy.deepcopy(used)):
        assert same == fresh
        assert repr(same) == repr(fresh)


def test_what_was_worked_out_stays_where_it_was(tmp_path: Path) -> None:
    """Neither sent to another process, nor taken for an answer to a changed folder."""
    fresh = read_evidence(folder(tmp_path, TWO_STUDIES))
    before = pickle.dumps(fresh)
    used = worked_out(fresh)
    assert pickle.dumps(used) == before
    assert vars(used).keys() == {field.name for field in fields(used)}
    assert ra.audit(replace(used, arms=used.arms[:2])).ledger.coverage.index.to_list() == ["A"]


def test_what_was_worked_out_goes_with_its_folder(tmp_path: Path) -> None:
    evidence = read_evidence(folder(tmp_path, TWO_STUDIES))
    assert evidence.studies == ("A", "B")
    kept = id(evidence)
    assert kept in _WORKED_OUT
    del evidence
    assert kept not in _WORKED_OUT


def test_a_second_fit_does_not_audit_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()

    def counted(evidence: Evidence, check: object = ledger.RULES[0]) -> object:
        asked["check"] += 1
        return check(evidence)  # type: ignore[operator]

    monkeypatch.setattr(ledger, "RULES", (counted, *ledger.RULES[1:]))
    evidence = read_evidence(folder(tmp_path, TWO_STUDIES))
    first = ra.fit(evidence, "x")
    again = ra.fit(evidence, "x", priors={"tau": "halfnormal(1)"})
    assert asked["check"] == 1
    assert first.posterior.spec != again.posterior.spec
    ra.fit(read_evidence(evidence.folder), "x")
    assert asked["check"] == 2
