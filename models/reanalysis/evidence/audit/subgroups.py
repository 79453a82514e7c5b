"""Rule: the subgroups of an arm add up to the arm, or fit into it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reanalysis.evidence.audit.finding import REFUSED, Finding, counts_text, rule
from reanalysis.evidence.candidates.possible import possible_pairs, sums
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow


@rule("subgroups")
def check_subgroups(evidence: Evidence) -> Iterator[Finding]:
    """Sums of subgroups that make up an arm, and the part that a missing subgroup must have."""
    groups: dict[tuple[str, str, str, str], list[ArmRow]] = defaultdict(list)
    for row in evidence.arms:
        if row.weighting == "none" and row.use != "excluded":
            groups[row.study, row.arm, row.endpoint, row.timepoint].append(row)
    for (study, arm, endpoint, _), rows in groups.items():
        wholes = [r for r in rows if not r.subgroup]
        parts = [r for r in rows if r.subgroup]
        if not wholes or not parts:
            continue
        where = (study, arm, endpoint)
        if len(parts) > 1:
            yield from _sum(evidence, where, wholes, parts)
        else:
            yield from _rest(evidence, where, wholes, parts[0])


def _sum(
    evidence: Evidence, where: tuple[str, str, str], wholes: list[ArmRow], parts: list[ArmRow]
) -> Iterator[Finding]:
    total = sums(evidence, tuple(parts))
    lines = tuple(r.line for r in (*wholes, *parts))
    whole_pairs = [possible_pairs(evidence, whole) for whole in wholes]
    sizes = {n for pairs in whole_pairs for n in pairs}
    if not sizes & set(total):
        return  # the subgroups printed are not a partition of the arm
    fits = [
        f"{counts_text((max(low, total[n][0]), min(high, total[n][1])))} of {n}"
        for pairs in whole_pairs
        for n, (low, high) in pairs.items()
        if n in total and total[n][0] <= high and total[n][1] >= low
    ]
    text = " + ".join(f"{p.subgroup} {p.printed}" for p in parts)
    whole = " or ".join(dict.fromkeys(w.printed for w in wholes))
    if fits:
        yield Finding(
            "subgroups", "info", *where, f"{text} add up to the whole arm, {whole}", feasible=tuple(fits),
            lines=lines, used_as="confirms the whole arm; subgroups are never added to it",
        )  # fmt: skip
        return
    n = max(sizes & set(total))
    modelled = any(w.modelled for w in wholes)
    yield Finding(
        "subgroups", "error" if modelled else "warning", *where,
        f"{text} add up to {counts_text(total[n])} of {n}, but the whole arm is printed as {whole}",
        lines=lines, used_as=REFUSED if modelled else "not modelled",
    )  # fmt: skip


def _rest(evidence: Evidence, where: tuple[str, str, str], wholes: list[ArmRow], part: ArmRow) -> Iterator[Finding]:
    """One subgroup printed: it must fit into the whole, and what is left belongs to the others."""
    inner = possible_pairs(evidence, part)
    outer = {n: c for whole in wholes for n, c in possible_pairs(evidence, whole).items()}
    if not inner or not outer:
        return
    lines = (*(w.line for w in wholes), part.line)
    fits = {
        (n, m): (max(0, low - high_part), high - low_part)
        for n, (low, high) in outer.items()
        for m, (low_part, high_part) in inner.items()
        if m <= n and low_part <= high and high - low_part >= 0 and low - high_part <= n - m
    }
    if not fits:
        modelled = any(w.modelled for w in wholes)
        yield Finding(
            "subgroups", "error" if modelled else "warning", *where,
            f"{part.subgroup} {part.printed} does not fit into the whole arm, {wholes[0].printed}",
            lines=lines, used_as=REFUSED if modelled else "not modelled",
        )  # fmt: skip
        return
    if len(inner) == 1 and part.n is None:
        ((m, counts),) = inner.items()
        rest = list(dict.fromkeys(f"{counts_text(left)} of {n - m}" for (n, _), left in fits.items()))
        count = counts_text(counts)
        yield Finding(
            "subgroups", "info", *where,
            f"{part.subgroup} {part.printed} can only be {count} of {m}; the rest of the arm then has "
            + " or ".join(rest[:4]),
            feasible=(f"{count} of {m}",), lines=lines,
            used_as="shown; subgroups are never added to the whole arm",
        )  # fmt: skip
