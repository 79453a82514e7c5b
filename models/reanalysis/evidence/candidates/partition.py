"""What do the subgroups of an arm add up to? Only where together they are the whole arm."""

from __future__ import annotations

from reanalysis.evidence.candidates.possible import Pairs, possible_pairs
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.reading.arms import ArmRow

_MOST_SUMS = 1_000_000


@once_per_folder
def subgroups_of(evidence: Evidence, study: str, arm: str, endpoint: str, timepoint: str) -> tuple[ArmRow, ...]:
    """Unweighted rows of an arm-endpoint's subgroups at one time."""
    return tuple(
        r
        for r in evidence.rows_of_cell.get((study, endpoint), ())
        if r.arm == arm and r.subgroup and r.timepoint == timepoint and r.weighting == "none" and r.use != "excluded"
    )


@once_per_folder
def sums(evidence: Evidence, parts: tuple[ArmRow, ...]) -> Pairs:
    """Smallest and largest count of all parts together, by the sum of their sizes.

    Empty where a part allows nothing, or where parts of unprinted size allow almost any sum.
    """
    total: Pairs = {0: (0, 0)}
    for part in parts:
        pairs = possible_pairs(evidence, part)
        if not pairs or len(total) * len(pairs) > _MOST_SUMS:
            return {}
        total = _added(total, pairs)
    return total


def _added(total: Pairs, pairs: Pairs) -> Pairs:
    added: Pairs = {}
    for n, (low, high) in total.items():
        for m, (low_part, high_part) in pairs.items():
            old = added.get(n + m, (low + low_part, high + high_part))
            added[n + m] = (min(old[0], low + low_part), max(old[1], high + high_part))
    return added
