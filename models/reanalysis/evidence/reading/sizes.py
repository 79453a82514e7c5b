"""The largest size that an arm without a printed n may have, what says so, and the rows for which nothing does.

A percentage without n is a sum over the sizes that it allows, so something has to end that sum: the bound declared in
analysis.toml, or a printed figure. Where neither is there the row is malformed; no size is guessed. A count alone
bounds its n from below only, so it needs the declaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.settings import LARGEST_N_MAX, Denominator, Settings
from reanalysis.evidence.reading.table import grouped

Basis = Literal["declared", "arm", "figures", "other arm"]

_BASES: dict[Basis, str] = {
    "declared": "",
    "arm": "the largest n printed for the arm",
    "figures": "the largest that a count and its percentage allow",
    "other arm": "the largest n printed for the other arm",
}


@dataclass(frozen=True)
class SizeBound:
    """A bound of sizes and where it comes from."""

    n_max: int
    """Largest size, in patients."""
    basis: Basis
    """``declared`` in analysis.toml, the largest n printed for the whole ``arm``, the ``figures`` of a count beside its
    percentage, or the largest n printed for the ``other arm`` of the study."""

    def __str__(self) -> str:
        basis = _BASES[self.basis]
        return f"{self.n_max}, {basis}" if basis else str(self.n_max)


def size_bound(
    rows_of_arm: Mapping[tuple[str, str], Sequence[ArmRow]], declared: Denominator | None, study: str, arm: str
) -> SizeBound | None:
    """Bound of the sizes of an arm, by the first of the four bases that there is; None where there is none.

    Excluded rows and subgroups bound nothing.
    """
    if declared is not None and (bound := declared.bound):
        return SizeBound(bound, "declared")
    own = [r for r in rows_of_arm.get((study, arm), ()) if _whole(r)]
    other = "treated" if arm == "control" else "control"
    found: tuple[tuple[Basis, list[int]], ...] = (
        ("arm", [r.n for r in own if r.n is not None]),
        ("figures", [top for r in own if r.n is None and (top := bounded_by_itself(r))]),
        ("other arm", [r.n for r in rows_of_arm.get((study, other), ()) if r.n is not None and _whole(r)]),
    )
    return next((SizeBound(max(sizes), basis) for basis, sizes in found if sizes), None)


def bounded_by_itself(row: ArmRow) -> int | None:
    """Largest n of which the count of a row gives its percentage, by rounding; None without both, or of 0 %."""
    if row.events is None or row.percent is None or not row.percent.units:
        return None
    return row.events[1] * 2 * row.percent.whole // (2 * row.percent.units - 1)


def _whole(row: ArmRow) -> bool:
    return not row.subgroup and row.use != "excluded"


def unbounded_sizes(file: str, rows: Sequence[ArmRow], settings: Settings) -> Iterator[Problem]:
    """Rows for a model without n, and without what bounds it in the table or in the settings."""
    of_arm = grouped(rows, lambda row: (row.study, row.arm))
    for row in rows:
        if row.n is not None or row.use not in ("primary", "sensitivity") or row.weighting == "iptw":
            continue  # a weighted row without n has its own rule
        study = settings.studies.get(row.study)
        declared = study.denominator.get(row.arm) if study else None  # type: ignore[call-overload]
        bound = size_bound(of_arm, declared, row.study, row.arm)
        key = f'[studies."{row.study}".denominator.{row.arm}]'
        remedy = f"fill it in, or declare n_max under {key} in analysis.toml"
        largest = max(declared.weight, default=0) if declared else 0
        if row.percent is None and (bound is None or bound.basis != "declared"):
            rule = f"a count needs its n, the number of patients that it is of; {remedy}"
        elif bound is None:
            rule = f"a percentage needs its n, or a bound of it, and no n is printed for this study; {remedy}"
        elif bound.n_max > LARGEST_N_MAX:
            rule = f"n could be any number up to {bound}, and at most {LARGEST_N_MAX} are searched; {remedy}"
        elif largest > bound.n_max:
            rule = f"{key} gives weight to {largest}, above {bound}; declare n_max there"
        else:
            continue
        yield Problem(file, row.line, "n", "", rule)
