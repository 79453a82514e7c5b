"""Rule: weighted percentages are no whole patients; if all are, the arm may not have been weighted."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from reanalysis.evidence.audit.finding import Finding, Severity, rule
from reanalysis.evidence.candidates.printing import Percentage, counts_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow

_BY_CHANCE = 0.002
"""Arms of counts only are a finding where fewer weighted arms than this would do so."""


@rule("weighted-rate")
def check_weighted_rates(evidence: Evidence) -> Iterator[Finding]:
    """For each weighted arm: which of its percentages are counts, and what that says of the weighting."""
    arms: dict[tuple[str, str], list[tuple[ArmRow, Percentage, int]]] = defaultdict(list)
    for row in evidence.arms:
        if row.weighting == "iptw" and row.use != "excluded" and row.percent is not None and row.n is not None:
            arms[row.study, row.arm].append((row, row.percent, row.n))
    for (study, arm), printed in sorted(arms.items()):
        decisive = [(row, percent, n) for row, percent, n in printed if _decisive(percent, n)]
        if not decisive:
            continue
        fractional = [f"{row.endpoint} {percent} of {n}" for row, percent, n in decisive if not _is_count(percent, n)]
        many, counts = len(decisive), len(decisive) - len(fractional)
        severity: Severity = "info"
        if fractional:
            message = f"{counts or 'none'} of {many} percentages is a count: the arm was weighted"
            message += f" ({', '.join(fractional)} cannot be)"
        else:
            chance = math.prod(_chance(percent, n) for _, percent, n in decisive)
            severity = "info" if chance > _BY_CHANCE else "warning"
            message = f"all {many} percentages are counts: the arm may be unweighted, with weights of 1"
            message += f"; {100 * chance:.2g} % of weighted arms would do so by chance"
        k = evidence.study(study).k
        yield Finding(
            "weighted-rate", severity, study, arm, "", message,
            used_as=f"pseudo-counts at k n, k = {k:g}" if k else "refused until k is set",
            lines=tuple(row.line for row, _, _ in printed),
        )  # fmt: skip


def _decisive(percent: Percentage, n: int) -> bool:
    """Whether at most half of the percentages with these decimals are some count over n."""
    return 10**-percent.decimals <= 50 / n


def _chance(percent: Percentage, n: int) -> float:
    """Share of the percentages with these decimals that are some count over n."""
    return min(1.0, (n + 1) / (percent.whole + 1))


def _is_count(percent: Percentage, n: int) -> bool:
    """Whether a count rounds to a percentage; one that would have to be truncated is none."""
    return counts_of(percent, n)[1] != "truncation" and bool(counts_of(percent, n)[0])
