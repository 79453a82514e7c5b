"""Which (events, n) pairs could one row stand for? The ground on which rows are compared."""

from __future__ import annotations

from reanalysis.evidence.candidates.feasible import Report, counts_of, shared_denominators
from reanalysis.evidence.candidates.latent import joint_solutions, n_max, report_name
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.names import folded
from reanalysis.evidence.reading.settings import LARGEST_N_MAX

Pairs = dict[int, tuple[int, int]]
"""Smallest and largest count by denominator."""


@once_per_folder
def possible_pairs(evidence: Evidence, row: ArmRow) -> Pairs:
    """Counts by denominator that a row allows on its own; empty where nothing fits or rates are weighted."""
    if row.weighting == "iptw":
        return {}
    if row.n is not None:
        if row.percent is None:
            assert row.events is not None
            return {row.n: row.events}
        counts, _ = counts_of(row.percent, row.n, row.events)
        return {row.n: (counts[0], counts[-1])} if counts else {}
    if row.modelled:
        joint, _ = joint_solutions(evidence, row.study, row.arm)
        name = report_name(row)
        return {s.n: s.counts[name] for s in joint if name in s.counts}
    solutions, _ = shared_denominators({"": Report(row.percent, row.events)}, _largest(evidence, row))
    return {s.n: s.counts[""] for s in solutions}


def same_time(one: ArmRow, other: ArmRow) -> bool:
    """Whether nothing printed says that two rows are of different times."""
    return not one.timepoint or not other.timepoint or folded(one.timepoint) == folded(other.timepoint)


def _largest(evidence: Evidence, row: ArmRow) -> int:
    """Largest denominator of a row without n: that printed for its subgroup, else its arm's."""
    printed = [
        r.n
        for r in evidence.rows_of_arm[row.study, row.arm]
        if r.n is not None and r.use != "excluded" and r.subgroup == row.subgroup
    ]
    if row.subgroup and printed:
        return min(max(printed), LARGEST_N_MAX)
    return n_max(evidence, row.study, row.arm)
