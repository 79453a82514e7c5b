"""Are weighted percentages whole patients? If they were, the arm was not weighted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.feasible import counts_of
from reanalysis.evidence.folder import Evidence


def check_weighted_rates(evidence: Evidence) -> Iterator[Finding]:
    """For each weighted arm: which of its percentages are counts over n, and what that says of the weighting."""
    arms: dict[tuple[str, str], list[ArmRow]] = defaultdict(list)
    for row in evidence.arms:
        if row.weighting == "iptw" and row.percent is not None and row.n is not None:
            arms[row.study, row.arm].append(row)
    for (study, arm), rows in sorted(arms.items()):
        # with fewer decimals than 100 / n resolves, almost every percentage is some count: those say nothing
        telling = [r for r in rows if 10**-r.percent.decimals < 100 / r.n]  # type: ignore[union-attr,operator]
        decisive = [r for r in telling if 10**-r.percent.decimals <= 50 / r.n]  # type: ignore[union-attr,operator]
        whole = [r for r in decisive if counts_of(r.percent, r.n)[0]]  # type: ignore[arg-type]
        k = evidence.study(study).k
        used = f"pseudo-counts at k n, k = {k:g}" if k else "refused until k is set"
        if not decisive:
            continue
        if len(whole) < len(decisive):
            shown = ", ".join(f"{r.endpoint} {r.percent}" for r in decisive if r not in whole)
            message = f"{len(decisive) - len(whole)} of {len(decisive)} percentages are no count over n = {rows[0].n} ({shown}): the arm was weighted"
        else:
            message = f"all {len(decisive)} percentages are counts over n = {rows[0].n}: this arm may be unweighted (weights of 1, as in an effect on the treated)"
        yield Finding(
            "weighted-rate",
            "info" if len(whole) < len(decisive) else "warning",
            study,
            arm,
            "",
            message,
            used_as=used,
            lines=tuple(r.line for r in rows),
        )
