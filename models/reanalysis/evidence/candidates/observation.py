"""Observations of arm-endpoints: from rows of arms.csv to the weighted candidates that their figures allow."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.narrowing import latent_solutions, narrowed_pairs
from reanalysis.evidence.candidates.possible import bound_of, denominator_of, report_name
from reanalysis.evidence.candidates.printing import CONVENTIONS, Convention, counts_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem, listed
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.table import grouped

_MOST_WORK = 500_000
"""Candidates times the root of the largest n, to which the nodes of a grid are proportional: about 1 GB."""


class NoCandidates(ValueError):
    """No count and denominator fit what was printed."""


@dataclass(frozen=True)
class Observation:
    """What is known of one arm-endpoint."""

    study: str
    arm: str
    endpoint: str
    rows: tuple[ArmRow, ...]
    """The rows it was read from: one, or one per reading."""
    candidates: Candidates
    """At the printed size, before any effective-size factor."""
    weighted: bool
    """Whether the printed rates are propensity-weighted."""
    convention: Convention
    """Rounding convention that was needed."""
    assumed: tuple[tuple[int, float], ...] = ()
    """Each denominator that was not printed, in patients, with its weight; empty where n is printed. With readings of
    which some have n the weights sum to less than 1."""

    @property
    def latent(self) -> bool:
        """Whether the denominator was not printed."""
        return any(row.n is None for row in self.rows)


def observations(
    evidence: Evidence,
    endpoint: str,
    *,
    study: str | None = None,
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
    study : str, optional
        The one study to observe.
    arms : iterable of str
        Arms to observe.
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
    arms = tuple(arms)
    entering = [
        row
        for row in (evidence.arms if study is None else evidence.rows_of_cell.get((study, endpoint), ()))
        if row.endpoint == endpoint and row.arm in arms and row.modelled and row.use in uses
    ]
    groups = grouped(entering, lambda row: (row.study, row.arm))
    chosen, fixed = readings or {}, denominators or {}
    found = {}
    for (name, arm), rows in sorted(groups.items()):
        where = f"{name}/{arm}"
        read = tuple(row for row in rows if row.reading == chosen[where]) if where in chosen else rows
        found[name, arm] = _observation(evidence, read or rows, fixed.get(where))
    return found


def assumed_sizes(found: Mapping[tuple[str, str], Observation]) -> dict[str, dict[str, float]]:
    """By ``study/arm`` whose n is not printed: each denominator that a model takes, with its weight.

    Parameters
    ----------
    found : mapping
        Observations by study and arm.
    """
    return {
        f"{study}/{arm}": {str(n): weight for n, weight in one.assumed}
        for (study, arm), one in sorted(found.items())
        if one.assumed
    }


def sizes_told(found: Mapping[tuple[str, str], Observation]) -> list[str]:
    """A line an arm: ``n is not printed for A/control; assumed are 20 (weight 0.6), 40 (weight 0.4)``."""
    return [
        f"n is not printed for {where}; assumed {'is' if len(sizes) == 1 else 'are'} "
        + ", ".join(f"{n} (weight {weight:.3g})" for n, weight in sizes.items())
        for where, sizes in assumed_sizes(found).items()
    ]


@dataclass(frozen=True)
class _Allowed:
    """Counts that one denominator allows, and the weight that each of them carries."""

    counts: Sequence[float]
    n: int
    weight: float


def _observation(evidence: Evidence, rows: tuple[ArmRow, ...], fixed_n: int | None = None) -> Observation:
    first = rows[0]
    weights = [1.0 if row.reading_weight is None else row.reading_weight for row in rows]
    all_sizes: list[_Allowed] = []
    assumed: dict[int, float] = defaultdict(float)
    conventions = []
    for row, weight in zip(rows, weights, strict=True):
        allowed, convention = _allowed(evidence, row)
        conventions.append(convention)
        if row.n is None and fixed_n is not None:
            allowed = [replace(one, weight=1.0) for one in allowed if one.n == fixed_n]
        allowed = [replace(one, weight=one.weight * weight / sum(weights)) for one in allowed]
        all_sizes += allowed
        for one in allowed if row.n is None else ():
            assumed[one.n] += one.weight
    if not all_sizes:
        raise NoCandidates(f"n = {fixed_n} is not possible for {first.study}/{first.arm}")
    many = sum(len(one.counts) for one in all_sizes)
    if many * math.sqrt(max(one.n for one in all_sizes)) > _MOST_WORK:
        rule = f"allows {many} counts, more than can be weighed one by one; narrow the range, or n_max"
        raise InvalidInput([Problem(evidence.file_of("arms"), first.line, first.endpoint, first.printed, rule)])
    pairs = [(float(x), float(one.n), one.weight) for one in all_sizes for x in one.counts]
    events, sizes, pair_weights = zip(*pairs, strict=True)
    return Observation(
        first.study,
        first.arm,
        first.endpoint,
        rows,
        Candidates(events, sizes, pair_weights),
        first.weighting == "iptw",
        max(conventions, key=CONVENTIONS.index),
        tuple(sorted(assumed.items())),
    )


def _allowed(evidence: Evidence, row: ArmRow) -> tuple[list[_Allowed], Convention]:
    """What one row allows, by denominator, and the rounding convention that it needs."""
    if row.n is None:
        return _latent(evidence, row)
    if row.weighting == "iptw" and row.percent is not None:
        return [_Allowed([row.n * row.percent.value / 100], row.n, 1.0)], CONVENTIONS[0]
    convention = CONVENTIONS[0] if row.percent is None else counts_of(row.percent, row.n, row.events)[1]
    # a count beside a percentage that it does not give is an error of the audit, which a fit refuses
    found = narrowed_pairs(evidence, row).get(row.n) or row.events
    if found is None:
        raise NoCandidates(
            f"line {row.line} of {evidence.file_of('arms')}: no count among n = {row.n} gives {row.percent}"
        )
    low, high = found
    return [_Allowed(range(low, high + 1), row.n, 1.0)], convention


def _latent(evidence: Evidence, row: ArmRow) -> tuple[list[_Allowed], Convention]:
    solutions, convention = latent_solutions(evidence, row.study, row.arm)
    name = report_name(row)
    allowed = {s.n: s.counts[name] for s in solutions if name in s.counts}
    if not allowed:
        raise NoCandidates(
            f"line {row.line} of {evidence.file_of('arms')}: no n up to {bound_of(evidence, row.study, row.arm)} "
            f"allows all percentages printed for {row.study}/{row.arm} without n"
        )
    prior = denominator_prior(evidence, row.study, row.arm, list(allowed))
    return [
        _Allowed(range(low, high + 1), n, prior[n]) for n, (low, high) in allowed.items() if prior[n] > 0
    ], convention


def denominator_prior(evidence: Evidence, study: str, arm: str, feasible: list[int]) -> dict[int, float]:
    """Prior weight of each feasible denominator: the named ones, the rest divided evenly; the sum is 1."""
    weights = denominator_of(evidence, study, arm).weight
    named = {n: w for n, w in weights.items() if n in feasible}
    others = [n for n in feasible if n not in named]
    left = max(0.0, 1.0 - sum(weights.values()))
    prior = dict(named)
    for n in others:
        prior[n] = left / len(others)
    total = sum(prior.values())
    if total <= 0:
        raise NoCandidates(
            f"the denominator weights of {study}/{arm} in analysis.toml leave nothing for the sizes that the "
            f"figures allow: {listed(str(n) for n in feasible)}"
        )
    return {n: w / total for n, w in prior.items()}
