"""Rule: the counts that a row's neighbours rule out: parts within wholes and sums of subgroups, where they decide."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import Finding, about, allowed, rule
from reanalysis.evidence.candidates.narrowing import narrowed_pairs
from reanalysis.evidence.candidates.possible import possible_pairs
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import counts_text


@rule("narrowing")
def check_narrowing(evidence: Evidence) -> Iterator[Finding]:
    """Modelled rows of which fewer counts are left than their own figures allow."""
    for row in evidence.arms:
        if not row.modelled or row.weighting == "iptw":
            continue
        own, left = possible_pairs(evidence, row), narrowed_pairs(evidence, row)
        if own == left:
            continue
        many, fewer = (sum(high - low + 1 for low, high in pairs.values()) for pairs in (own, left))
        feasible = allowed((f"{counts_text(counts)} of {n}" for n, counts in left.items()), len(left))
        yield about(
            row, "narrowing", "info",
            f"{row.printed} allows {many} counts alone, and {fewer} with the parts, wholes and subgroups printed "
            "beside it",
            "the counts that are left", feasible,
        )  # fmt: skip
