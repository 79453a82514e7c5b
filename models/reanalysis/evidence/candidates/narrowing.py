"""What a row's neighbours leave of the counts that it allows: parts within wholes, and subgroups that make up an arm.

Of the same patients at the same time no part exceeds its whole (``part_of`` of an endpoint in analysis.toml), and
subgroups that make up an arm add up to it. Where figures leave several counts open, what is printed beside them can
rule some of them out. A contradiction narrows nothing: it is a finding of the audit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reanalysis.evidence.candidates.possible import (
    Pairs,
    joint_solutions,
    latent_rows,
    possible_pairs,
    report_name,
    same_time,
    subgroups_of,
    sums,
)
from reanalysis.evidence.candidates.printing import Convention, Solution
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.reading.arms import ArmRow


@once_per_folder
def wholes_of(evidence: Evidence, endpoint: str) -> tuple[str, ...]:
    """Endpoints that include another by ``part_of``, the nearest first."""
    found: list[str] = []
    above = evidence.endpoint(endpoint).part_of
    while above and above not in found and above != endpoint:
        found.append(above)
        above = evidence.endpoint(above).part_of
    return tuple(found)


@once_per_folder
def _parts(evidence: Evidence) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = defaultdict(list)
    for endpoint in evidence.endpoints:
        for whole in wholes_of(evidence, endpoint):
            parts[whole].append(endpoint)
    return dict(parts)


def parts_of(evidence: Evidence, endpoint: str) -> tuple[str, ...]:
    """Endpoints that another includes."""
    return tuple(_parts(evidence).get(endpoint, ()))


@once_per_folder
def narrowed_pairs(evidence: Evidence, row: ArmRow) -> Pairs:
    """Counts by denominator that a row allows, less those that its neighbours rule out."""
    own = possible_pairs(evidence, row)
    if row.n is None and row.modelled:
        solutions, _ = latent_solutions(evidence, row.study, row.arm)
        name = report_name(row)
        return {s.n: s.counts[name] for s in solutions if name in s.counts}
    return {n: _left(evidence, row, n, counts) or counts for n, counts in own.items()}


@once_per_folder
def latent_solutions(evidence: Evidence, study: str, arm: str) -> tuple[tuple[Solution, ...], Convention]:
    """Denominators that an arm's percentages without n allow together, less what its other figures rule out.

    Returns
    -------
    solutions : tuple of Solution
        Counts by `report_name`; those of `joint_solutions` where the other figures would leave none.
    convention : str
        Rounding convention that fits.
    """
    solutions, convention = joint_solutions(evidence, study, arm)
    rows = latent_rows(evidence, study, arm)
    left = []
    for solution in solutions:
        counts = {}
        for row in rows:
            name = report_name(row)
            if name in solution.counts and (found := _left(evidence, row, solution.n, solution.counts[name])):
                counts[name] = found
        if {row.endpoint for row in rows} == {row.endpoint for row in rows if report_name(row) in counts}:
            left.append(Solution(solution.n, counts))
    return tuple(left) or solutions, convention


def _left(evidence: Evidence, row: ArmRow, n: int, counts: tuple[int, int]) -> tuple[int, int] | None:
    """What the neighbours leave of a range of counts among n; None if nothing."""
    low, high = counts
    for whole in wholes_of(evidence, row.endpoint):
        tops = [top for _, top in _beside(evidence, row, whole, n)]
        high = min(high, max(tops, default=high))
    for part in parts_of(evidence, row.endpoint):
        bottoms = [bottom for bottom, _ in _beside(evidence, row, part, n)]
        low = max(low, min(bottoms, default=low))
    if not row.subgroup:
        parts = subgroups_of(evidence, row.study, row.arm, row.endpoint, row.timepoint)
        printed = len(parts) > 1 and all(part.n is not None for part in parts)
        if printed and (together := sums(evidence, parts).get(n)):
            low, high = max(low, together[0]), min(high, together[1])
    return (low, high) if low <= high else None


def _beside(evidence: Evidence, row: ArmRow, endpoint: str, n: int) -> Iterator[tuple[int, int]]:
    """Counts of another endpoint among the same n patients at the same time."""
    for other in evidence.rows_of_cell.get((row.study, endpoint), ()):
        if (other.arm, other.subgroup) != (row.arm, row.subgroup) or other.use == "excluded":
            continue
        counts = possible_pairs(evidence, other).get(n)
        if counts and same_time(row, other):
            yield counts
