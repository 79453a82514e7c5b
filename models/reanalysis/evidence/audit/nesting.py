"""Is no part larger than its whole? Grade 3+ within any grade, complete within overall response."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.possible import possible_pairs
from reanalysis.evidence.folder import Evidence


def parent_of(evidence: Evidence, endpoint: str) -> str:
    """Endpoint whose patients include those of another: ``part_of``, else by the usual ids (x_g3 in x_any, cr in orr)."""
    declared = evidence.endpoint(endpoint).part_of
    if declared:
        return declared
    if endpoint.endswith("_g3"):
        return endpoint.removesuffix("_g3") + "_any"
    return "orr" if endpoint == "cr" else ""


def check_nesting(evidence: Evidence) -> Iterator[Finding]:
    """Counts, ranges and weighted rates of nested endpoints."""
    rows = [r for r in evidence.arms if r.use != "excluded"]
    for child in rows:
        parent = parent_of(evidence, child.endpoint)
        wholes = [
            r
            for r in rows
            if parent
            and (r.study, r.arm, r.subgroup, r.endpoint) == (child.study, child.arm, child.subgroup, parent)
        ]
        if wholes and not any(_fits(evidence, child, whole) for whole in wholes):
            modelled = child.modelled and any(w.modelled for w in wholes)
            yield Finding(
                "nesting",
                "error" if modelled else "warning",
                child.study,
                child.arm,
                child.endpoint,
                f"{child.endpoint} {child.printed} exceeds {parent} {wholes[0].printed}, of which it is a part",
                lines=(child.line, *(w.line for w in wholes)),
                used_as="refused until readings are declared" if modelled else "not modelled",
            )


def _fits(evidence: Evidence, child: ArmRow, whole: ArmRow) -> bool:
    if child.weighting == "iptw" or whole.weighting == "iptw":
        if child.percent is None or whole.percent is None:
            return True
        slack = 0.5 / 10**child.percent.decimals + 0.5 / 10**whole.percent.decimals
        return child.percent.value <= whole.percent.value + slack
    inner, outer = possible_pairs(evidence, child), possible_pairs(evidence, whole)
    if not inner or not outer:
        return True  # reported by the check of counts
    same = set(inner) & set(outer)
    if same:
        return any(inner[n][0] <= outer[n][1] for n in same)
    return min(low for low, _ in inner.values()) <= max(high for _, high in outer.values())
