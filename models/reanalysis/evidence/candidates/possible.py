"""The (events, n) pairs that reported figures allow, for one row, an arm without n, and subgroups together."""

from __future__ import annotations

from reanalysis.evidence.candidates.printing import Convention, Report, Solution, counts_of, shared_denominators
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.names import folded
from reanalysis.evidence.reading.settings import LARGEST_N_MAX, Denominator
from reanalysis.evidence.reading.sizes import SizeBound, size_bound

Pairs = dict[int, tuple[int, int]]
"""Smallest and largest count by denominator."""

_MOST_SUMS = 1_000_000


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


@once_per_folder
def joint_solutions(evidence: Evidence, study: str, arm: str) -> tuple[tuple[Solution, ...], Convention]:
    """Denominators that an arm's percentages without n allow together, and their counts.

    The whole arm's modelled rows without a printed n are taken to share one denominator (evaluable patients,
    a matched cohort whose size is not printed). Of alternative readings of one endpoint one has to fit.

    Returns
    -------
    solutions : tuple of Solution
        Counts by `report_name`.
    convention : str
        Rounding convention that fits.
    """
    reports = {
        report_name(row): Report(row.percent, row.events, row.endpoint) for row in latent_rows(evidence, study, arm)
    }
    solutions, convention = shared_denominators(reports, n_max(evidence, study, arm))
    return tuple(solutions), convention


def latent_rows(evidence: Evidence, study: str, arm: str) -> tuple[ArmRow, ...]:
    """An arm's modelled rows without a printed n."""
    return tuple(r for r in evidence.rows_of_arm.get((study, arm), ()) if r.modelled and r.n is None)


@once_per_folder
def n_max(evidence: Evidence, study: str, arm: str) -> int:
    """Largest denominator considered for an arm's percentages without n: its bound, 10,000 at most, 0 without one.

    Rows for a model have a bound; only those shown (context, excluded) may be without, and then allow nothing.
    """
    bound = bound_of(evidence, study, arm)
    return min(bound.n_max, LARGEST_N_MAX) if bound else 0


@once_per_folder
def bound_of(evidence: Evidence, study: str, arm: str) -> SizeBound | None:
    """What ends the search for the denominators of an arm; None where nothing does."""
    return size_bound(evidence.rows_of_arm, denominator_of(evidence, study, arm), study, arm)


def denominator_of(evidence: Evidence, study: str, arm: str) -> Denominator:
    """Prior of an arm's denominator, the default where analysis.toml has none."""
    return evidence.study(study).denominator.get(arm) or Denominator()  # type: ignore[call-overload]


def report_name(row: ArmRow) -> str:
    """Name of a row among the reports of its arm: its endpoint, and its reading where it has one."""
    return f"{row.endpoint}/{row.reading}" if row.reading else row.endpoint


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
