"""The claim of the study of weighted patients: the more one of them counts, the less often intervals cover."""

from __future__ import annotations

from benchmarks.bench_weighted_patients import coverage_by_k, covers


def test_more_effective_patients_than_there_are_cover_too_rarely() -> None:
    table = coverage_by_k(covers([(1, i) for i in range(60)])).set_index(["rho", "k"])
    for rho in (0.0, 0.01):
        covered = table.loc[rho, "covered_80"]
        assert covered[0.5] > covered[1.0]
    assert 0.55 < table["kish_treated"].iloc[0] < 0.85
