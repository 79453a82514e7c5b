"""Which group comes first in "A against B"? Percentages that are counts in one order only prove it."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.printing import CONVENTIONS


def check_order(evidence: Evidence) -> Iterator[Finding]:
    """Both orders of each study's pairs of unweighted percentages against their denominators."""
    for study in dict.fromkeys(row.study for row in evidence.arms):
        pairs = _pairs(evidence, study)
        if not pairs:
            continue
        given = [(c, t) for c, t in pairs if _possible(c, c) and _possible(t, t)]
        swapped = [(c, t) for c, t in pairs if _possible(c, t) and _possible(t, c)]
        lines = tuple(row.line for pair in pairs for row in pair)
        impossible = [c.endpoint for c, t in pairs if (c, t) not in swapped]
        if len(given) == len(pairs) and impossible:
            yield Finding(
                "order", "info", study, "", "",
                f"control and treated are in this order: {len(impossible)} of {len(pairs)} pairs of percentages are no "
                f"counts in the other ({', '.join(impossible[:6])})",
                used_as="the order as given", lines=lines,
            )  # fmt: skip
        elif len(swapped) > len(given):
            wrong = [c.endpoint for c, t in pairs if (c, t) not in given]
            yield Finding(
                "order", "warning", study, "", "",
                f"control and treated may be swapped: {len(wrong)} of {len(pairs)} pairs of percentages are counts "
                f"only the other way round ({', '.join(wrong[:6])})",
                used_as="the order as given", lines=lines,
            )  # fmt: skip


def _pairs(evidence: Evidence, study: str) -> list[tuple[ArmRow, ArmRow]]:
    rows = [
        r
        for r in evidence.arms
        if r.study == study
        and r.weighting == "none"
        and r.percent is not None
        and r.n is not None
        and not r.subgroup
        and not r.reading
        and r.use != "excluded"
    ]
    found = []
    for endpoint in dict.fromkeys(r.endpoint for r in rows):
        arms = {r.arm: r for r in rows if r.endpoint == endpoint}
        if len(arms) == 2 and arms["control"].n != arms["treated"].n:
            found.append((arms["control"], arms["treated"]))
    return found


def _possible(percentage_of: ArmRow, patients_of: ArmRow) -> bool:
    """Whether the percentage of one row is a count among the patients of another."""
    import numpy as np

    assert percentage_of.percent is not None
    low, high = percentage_of.percent.counts(np.array([patients_of.n]), CONVENTIONS[0])
    return bool(low[0] <= high[0])
