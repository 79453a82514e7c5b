"""How often does the audit cry wolf? Hardly ever, over folders of 200 rows from honest authors."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.clean_folders import clean_folder, false_alarms


def test_a_clean_folder_has_every_kind_of_print() -> None:
    """Or its silence would say nothing."""
    printed = [clean_folder(np.random.default_rng(seed)) for seed in range(20)]
    arms = [row for folder in printed for row in folder.arms]
    assert all(len(folder.arms) == 200 for folder in printed)
    assert {bool(row.get("n")) for row in arms} == {True, False}
    assert {row.get("weighting", "none") for row in arms} == {"none", "iptw"}
    assert any(".." in str(row.get("events")) for row in arms)
    assert any(row.get("subgroup") for row in arms)
    assert any(row.get("events") is None for row in arms)
    ratios = [row for folder in printed for row in folder.contrasts]
    assert {"OR", "RR"} <= {row.get("measure") for row in ratios}
    assert any(row["adjustment"] not in ("none", "IPTW") for row in ratios)


def test_of_100_clean_folders_at_most_3_raise_a_finding_and_none_an_error() -> None:
    """1,000 folders: 1 % (``python tests/evidence/clean_folders.py``)."""
    by_folder, _, said = false_alarms(100)
    assert by_folder["any"] <= 3, said
    assert not [line for line in said if ": error " in line]


@pytest.mark.slow
def test_of_1000_clean_folders_at_most_2_percent_raise_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    by_folder, by_finding, said = false_alarms(1000)
    with capsys.disabled():
        print(f"\nfolders of 1000 with a finding above info: {dict(by_folder)}; findings: {dict(by_finding)}")
    assert by_folder["any"] <= 20, said
    assert not [line for line in said if ": error " in line]
