"""The largest size that an arm without a printed n may have, and what says so.

A percentage without n is a sum over the sizes that it allows, so something has to end that sum: the bound declared in
analysis.toml, or a print. Where neither is there the row is malformed; no size is guessed. A count alone bounds its n
from below only, so it needs the declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.settings import Denominator

Basis = Literal["declared", "arm", "print", "other arm"]

_TOLD: dict[Basis, str] = {
    "declared": "",
    "arm": "the largest n printed for the arm",
    "print": "the largest that a count and its percentage allow",
    "other arm": "the largest n printed for the other arm",
}


@dataclass(frozen=True)
class SizeBound:
    """A bound of sizes and where it comes from.

    Parameters
    ----------
    n_max : int
        Largest size, in patients.
    basis : str
        ``declared`` in analysis.toml, the largest n printed for the whole ``arm``, the ``print`` of a count beside its
        percentage, or the largest n printed for the ``other arm`` of the study.
    """

    n_max: int
    basis: Basis

    def __str__(self) -> str:
        told = _TOLD[self.basis]
        return f"{self.n_max}, {told}" if told else str(self.n_max)


def size_bound(
    rows_of_arm: Mapping[tuple[str, str], Sequence[ArmRow]], declared: Denominator | None, study: str, arm: str
) -> SizeBound | None:
    """Bound of the sizes of an arm, by the first of the four bases that there is; None where there is none.

    Parameters
    ----------
    rows_of_arm : mapping
        Rows of arms.csv by study and arm. Excluded rows and subgroups bound nothing.
    declared : Denominator or None
        What analysis.toml says of the arm.
    """
    if declared is not None and (bound := declared.bound):
        return SizeBound(bound, "declared")
    own = [r for r in rows_of_arm.get((study, arm), ()) if _whole(r)]
    other = "treated" if arm == "control" else "control"
    found: tuple[tuple[Basis, list[int]], ...] = (
        ("arm", [r.n for r in own if r.n is not None]),
        ("print", [top for r in own if r.n is None and (top := bounded_by_itself(r))]),
        ("other arm", [r.n for r in rows_of_arm.get((study, other), ()) if r.n is not None and _whole(r)]),
    )
    return next((SizeBound(max(sizes), basis) for basis, sizes in found if sizes), None)


def bounded_by_itself(row: ArmRow) -> int | None:
    """Largest n of which the count of a row prints as its percentage, by rounding; None without both, or of 0 %."""
    if row.events is None or row.percent is None or not row.percent.units:
        return None
    return row.events[1] * 2 * row.percent.whole // (2 * row.percent.units - 1)


def _whole(row: ArmRow) -> bool:
    return not row.subgroup and row.use != "excluded"
