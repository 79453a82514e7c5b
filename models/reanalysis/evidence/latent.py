"""Which denominators do an arm's percentages without n allow together? Up to a bound, from the prints alone."""

from __future__ import annotations

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.feasible import Report, Solution, shared_denominators
from reanalysis.evidence.folder import Evidence, once_per_folder
from reanalysis.evidence.printing import Convention
from reanalysis.evidence.settings import DEFAULT_N_MAX, LARGEST_N_MAX, Denominator


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
    """Largest denominator considered for an arm's percentages without n.

    That of analysis.toml, else the largest n printed for the whole arm (10,000 at most), else 100.
    """
    named = denominator_of(evidence, study, arm).n_max
    if named is not None:
        return named
    rows = evidence.rows_of_arm.get((study, arm), ())
    printed = [row.n for row in rows if row.n is not None and not row.subgroup and row.use != "excluded"]
    return min(max(printed, default=DEFAULT_N_MAX), LARGEST_N_MAX)


def denominator_of(evidence: Evidence, study: str, arm: str) -> Denominator:
    """Prior of an arm's denominator, the default where analysis.toml has none."""
    return evidence.study(study).denominator.get(arm) or Denominator()  # type: ignore[call-overload]


def report_name(row: ArmRow) -> str:
    """Name of a row among the reports of its arm: its endpoint, and its reading where it has one."""
    return f"{row.endpoint}/{row.reading}" if row.reading else row.endpoint
