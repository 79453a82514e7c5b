"""Which counts does a print allow? From rows of arms.csv to the weighted candidates of an arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.feasible import Report, Solution, counts_of, shared_denominators
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.observation import Candidates
from reanalysis.evidence.printing import CONVENTIONS, Convention
from reanalysis.evidence.settings import DEFAULT_N_MAX, Denominator


class NoCandidates(ValueError):
    """No count and denominator fit what was printed."""


@dataclass(frozen=True)
class Observation:
    """What is known of one arm-endpoint.

    Parameters
    ----------
    rows : tuple of ArmRow
        The rows it was read from: one, or one per reading.
    candidates : Candidates
        At the printed size, before any effective-size factor.
    weighted : bool
        Whether the printed rates are propensity-weighted.
    convention : str
        Rounding convention that was needed.
    """

    study: str
    arm: str
    endpoint: str
    rows: tuple[ArmRow, ...]
    candidates: Candidates
    weighted: bool
    convention: Convention

    @property
    def latent(self) -> bool:
        """Whether the denominator was not printed."""
        return any(row.n is None for row in self.rows)

    @property
    def single_arm(self) -> bool:
        """Whether the row is kept out of the primary analysis."""
        return any(row.use != "primary" for row in self.rows)


def observations(
    evidence: Evidence,
    endpoint: str,
    *,
    arms: Iterable[str] = ("control", "treated"),
    sensitivity: bool = False,
    readings: Mapping[str, str] | None = None,
    denominators: Mapping[str, int] | None = None,
) -> dict[tuple[str, str], Observation]:
    """Observations of one endpoint by (study, arm).

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    arms : iterable of str
        Arms wanted.
    sensitivity : bool
        Whether rows of use ``sensitivity`` enter beside the primary ones.
    readings : mapping of str to str
        By ``study/arm``: the one reading to take instead of the weighted set.
    denominators : mapping of str to int
        By ``study/arm``: the one value to take for a denominator that is not printed.

    Raises
    ------
    NoCandidates
        If no count fits a row.
    """
    uses = ("primary", "sensitivity") if sensitivity else ("primary",)
    groups: dict[tuple[str, str], list[ArmRow]] = defaultdict(list)
    for row in evidence.arms:
        if row.endpoint == endpoint and row.arm in arms and row.modelled and row.use in uses:
            groups[row.study, row.arm].append(row)
    chosen, fixed = readings or {}, denominators or {}
    found = {}
    for (study, arm), rows in sorted(groups.items()):
        where = f"{study}/{arm}"
        read = [row for row in rows if row.reading == chosen[where]] if where in chosen else rows
        found[study, arm] = _observation(evidence, read or rows, fixed.get(where))
    return found


def latent_solutions(evidence: Evidence, study: str, arm: str) -> tuple[list[Solution], Convention]:
    """Denominators that an arm's percentages without n allow together, with the counts they imply.

    The whole arm's modelled rows without a printed n are taken to share one denominator (evaluable patients, a matched
    cohort whose size is not printed); ``n_max`` is that of analysis.toml, else the largest whole-arm n printed for the
    arm, else 100.

    Returns
    -------
    solutions : list of Solution
        Counts by ``endpoint`` (and ``endpoint/reading`` where a row has one).
    convention : str
        Rounding convention that fits.
    """
    reports = {
        report_name(row): Report(row.percent, row.events)
        for row in evidence.arms
        if row.study == study and row.arm == arm and row.modelled and row.n is None
    }
    return shared_denominators(reports, n_max(evidence, study, arm))


def n_max(evidence: Evidence, study: str, arm: str) -> int:
    """Largest denominator considered for an arm's percentages without n."""
    settings = evidence.study(study).denominator.get(arm, Denominator())  # type: ignore[call-overload]
    if settings.n_max is not None:
        return int(settings.n_max)
    printed = [
        row.n
        for row in evidence.arms
        if row.study == study and row.arm == arm and not row.subgroup and row.n is not None and row.use != "excluded"
    ]
    return max(printed, default=DEFAULT_N_MAX)


def report_name(row: ArmRow) -> str:
    """Name of a row among the reports of its arm."""
    return f"{row.endpoint}/{row.reading}" if row.reading else row.endpoint


def _observation(evidence: Evidence, rows: list[ArmRow], fixed_n: int | None = None) -> Observation:
    first = rows[0]
    weights = [1.0 if row.reading_weight is None else row.reading_weight for row in rows]
    total = sum(weights)
    events: list[float] = []
    sizes: list[float] = []
    weight: list[float] = []
    conventions = []
    for row, share in zip(rows, weights, strict=True):
        pairs, convention = _pairs(evidence, row)
        conventions.append(convention)
        for x, n, w in pairs:
            if row.n is None and fixed_n is not None and n != fixed_n:
                continue
            events.append(x)
            sizes.append(n)
            weight.append(w * share / total)
    if not events:
        raise NoCandidates(f"n = {fixed_n} is not possible for {first.study}/{first.arm}")
    return Observation(
        first.study,
        first.arm,
        first.endpoint,
        tuple(rows),
        Candidates(tuple(events), tuple(sizes), tuple(weight)),
        first.weighting == "iptw",
        max(conventions, key=CONVENTIONS.index),
    )


def _pairs(evidence: Evidence, row: ArmRow) -> tuple[list[tuple[float, float, float]], Convention]:
    """Candidate (events, n, weight of n) triples of one row."""
    usual = CONVENTIONS[0]
    if row.n is None:
        return _latent_pairs(evidence, row)
    if row.weighting == "iptw":
        if row.percent is not None:
            return [(row.n * row.percent.value / 100, float(row.n), 1.0)], usual
        assert row.events is not None
        return [(float(x), float(row.n), 1.0) for x in range(row.events[0], row.events[1] + 1)], usual
    if row.percent is None:
        assert row.events is not None
        counts, convention = range(row.events[0], row.events[1] + 1), usual
    else:
        counts, convention = counts_of(row.percent, row.n)
        if row.events is not None:
            # a certain count stands beside a percentage it does not print as: that is a finding, and fit refuses it
            both = [x for x in range(row.events[0], row.events[1] + 1) if x in counts]
            return [(float(x), float(row.n), 1.0) for x in both or [row.events[0]]], convention
    if not counts:
        raise NoCandidates(f"no count among n = {row.n} prints as {row.percent}")
    return [(float(x), float(row.n), 1.0) for x in counts], convention


def _latent_pairs(evidence: Evidence, row: ArmRow) -> tuple[list[tuple[float, float, float]], Convention]:
    solutions, convention = latent_solutions(evidence, row.study, row.arm)
    if not solutions:
        top = n_max(evidence, row.study, row.arm)
        raise NoCandidates(
            f"no denominator up to n_max = {top} allows all percentages printed for {row.study}/{row.arm} without n"
        )
    prior = denominator_prior(evidence, row.study, row.arm, [s.n for s in solutions])
    pairs = []
    for solution in solutions:
        low, high = solution.counts[report_name(row)]
        pairs += [
            (float(x), float(solution.n), prior[solution.n])
            for x in range(low, high + 1)
            if prior[solution.n] > 0
        ]
    return pairs, convention


def denominator_prior(
    evidence: Evidence, study: str, arm: str, feasible: list[int]
) -> dict[int, float]:
    """Prior weight of each feasible denominator: named weights first, the rest spread evenly, summing to 1."""
    settings = evidence.study(study).denominator.get(arm, Denominator())  # type: ignore[call-overload]
    named = {n: w for n, w in settings.weight.items() if n in feasible}
    others = [n for n in feasible if n not in named]
    left = max(0.0, 1.0 - sum(settings.weight.values()))
    prior = dict(named)
    for n in others:
        prior[n] = left / len(others)
    total = sum(prior.values())
    if total <= 0:
        raise NoCandidates(
            f"the denominator weights of {study}/{arm} leave nothing on the feasible values {feasible}"
        )
    return {n: w / total for n, w in prior.items()}
