"""Rule: control and treated are in the order given; percentages that are counts in one order only prove it.

Where counts are printed too, each percentage has to be that of the count in its row, not of the other arm's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reanalysis.evidence.audit.finding import Finding, rule
from reanalysis.evidence.candidates.printing import CONVENTIONS, counts_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.table import grouped


@rule("order")
def check_order(evidence: Evidence) -> Iterator[Finding]:
    """Both orders of each study's pairs of unweighted percentages against their denominators."""
    for study, rows in grouped(evidence.arms, lambda row: row.study).items():
        pairs = _pairs(rows)
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


def _pairs(rows: tuple[ArmRow, ...]) -> list[tuple[ArmRow, ArmRow]]:
    by_endpoint: dict[str, dict[str, ArmRow]] = defaultdict(dict)
    for r in rows:
        alone = not r.subgroup and not r.reading and r.use != "excluded"
        if alone and r.weighting == "none" and r.percent is not None and r.n is not None:
            by_endpoint[r.endpoint][r.arm] = r
    found = []
    for arms in by_endpoint.values():
        if len(arms) == 2 and len({(r.n, r.events) for r in arms.values()}) == 2:
            found.append((arms["control"], arms["treated"]))
    return found


def _possible(percentage_of: ArmRow, patients_of: ArmRow) -> bool:
    """Whether the percentage of one row is a count among the patients of another, that printed where one is."""
    assert percentage_of.percent is not None
    assert patients_of.n is not None
    counts, convention = counts_of(percentage_of.percent, patients_of.n, patients_of.events)
    return bool(counts) and convention == CONVENTIONS[0]
