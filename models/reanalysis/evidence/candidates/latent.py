"""Which denominators do an arm's percentages without n allow together? Up to a bound, from the prints alone."""

from __future__ import annotations

from reanalysis.evidence.candidates.feasible import Report, Solution, shared_denominators
from reanalysis.evidence.candidates.printing import Convention
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.settings import LARGEST_N_MAX, Denominator
from reanalysis.evidence.reading.size_bound import SizeBound, size_bound


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
