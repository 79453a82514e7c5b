"""Rule: no endpoint exceeds the one that it is part of by analysis.toml, such as grade 3+ within any grade."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import REFUSED, Finding, about, rule, used
from reanalysis.evidence.candidates.possible import possible_pairs, same_time
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.table import grouped


@rule("nesting")
def check_nesting(evidence: Evidence) -> Iterator[Finding]:
    """Counts, ranges and weighted rates of nested endpoints."""
    rows = [row for row in evidence.arms if row.use != "excluded"]
    by_place = grouped(rows, lambda row: (row.study, row.arm, row.subgroup, row.endpoint))
    for (study, arm, subgroup, endpoint), parts in by_place.items():
        parent = evidence.endpoint(endpoint).part_of
        wholes = by_place.get((study, arm, subgroup, parent), ())
        for part in parts:
            if wholes and not any(_fits(evidence, part, whole) for whole in wholes):
                yield _finding(evidence, part, parent, wholes)


def _finding(evidence: Evidence, part: ArmRow, parent: str, wholes: tuple[ArmRow, ...]) -> Finding:
    message = f"{part.endpoint} {part.printed} exceeds {parent} {wholes[0].printed}, of which it is a part"
    modelled = part.modelled and any(whole.modelled for whole in wholes)
    comparable = any(_same_patients(evidence, part, whole) for whole in wholes)
    if not comparable:
        message += "; another time or number of patients may explain it"
    refused = modelled and comparable
    used_as, lines = REFUSED if refused else used(part, "as printed"), (part.line, *(whole.line for whole in wholes))
    return about(part, "nesting", "error" if refused else "warning", message, used_as, lines=lines)


def _same_patients(evidence: Evidence, part: ArmRow, whole: ArmRow) -> bool:
    """Whether nothing printed says that two rows are of other patients or another time."""
    if not same_time(part, whole):
        return False
    if part.weighting == "iptw" or whole.weighting == "iptw":
        return part.weighting == whole.weighting
    return bool(set(possible_pairs(evidence, part)) & set(possible_pairs(evidence, whole)))


def _fits(evidence: Evidence, part: ArmRow, whole: ArmRow) -> bool:
    if part.weighting == "iptw" or whole.weighting == "iptw":
        if part.percent is None or whole.percent is None:
            return True
        slack = 0.5 / 10**part.percent.decimals + 0.5 / 10**whole.percent.decimals
        return part.percent.value <= whole.percent.value + slack
    inner, outer = possible_pairs(evidence, part), possible_pairs(evidence, whole)
    if not inner or not outer:
        return True  # reported by the check of counts
    same = set(inner) & set(outer)
    if same:
        return any(inner[n][0] <= outer[n][1] for n in same)
    return min(low for low, _ in inner.values()) <= max(high for _, high in outer.values())
