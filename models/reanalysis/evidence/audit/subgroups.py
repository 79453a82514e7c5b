"""Rule: the subgroups of an arm add up to the arm, or fit into it."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import REFUSED, Finding, Severity, about, rule
from reanalysis.evidence.candidates.possible import possible_pairs, sums
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow, counts_text
from reanalysis.evidence.reading.table import grouped


@rule("subgroups")
def check_subgroups(evidence: Evidence) -> Iterator[Finding]:
    """Sums of subgroups that make up an arm, and the part that a missing subgroup must have."""
    counted = [row for row in evidence.arms if row.weighting == "none" and row.use != "excluded"]
    for rows in grouped(counted, lambda row: (row.study, row.arm, row.endpoint, row.timepoint)).values():
        wholes = [r for r in rows if not r.subgroup]
        parts = [r for r in rows if r.subgroup]
        if wholes and parts:
            yield from _sum(evidence, wholes, parts) if len(parts) > 1 else _rest(evidence, wholes, parts[0])


def _finding(
    wholes: list[ArmRow], parts: list[ArmRow], message: str, used_as: str = "", feasible: tuple[str, ...] = ()
) -> Finding:
    """What the parts confirm or leave, or, without ``used_as``, that they contradict the whole."""
    modelled = any(whole.modelled for whole in wholes)
    severity: Severity = "info" if used_as else "error" if modelled else "warning"
    used_as = used_as or (REFUSED if modelled else "not modelled")
    lines = tuple(row.line for row in (*wholes, *parts))
    return about(wholes[0], "subgroups", severity, message, used_as, feasible, lines)


def _sum(evidence: Evidence, wholes: list[ArmRow], parts: list[ArmRow]) -> Iterator[Finding]:
    total = sums(evidence, tuple(parts))
    whole_pairs = [possible_pairs(evidence, whole) for whole in wholes]
    sizes = {n for pairs in whole_pairs for n in pairs} & set(total)
    if not sizes:
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
        used_as = "confirms the whole arm; subgroups are never added to it"
        yield _finding(wholes, parts, f"{text} add up to the whole arm, {whole}", used_as, tuple(fits))
    else:
        n = max(sizes)
        message = f"{text} add up to {counts_text(total[n])} of {n}, but the whole arm is printed as {whole}"
        yield _finding(wholes, parts, message)


def _rest(evidence: Evidence, wholes: list[ArmRow], part: ArmRow) -> Iterator[Finding]:
    """One subgroup printed: it must fit into the whole, and what is left belongs to the others."""
    inner = possible_pairs(evidence, part)
    outer = {n: c for whole in wholes for n, c in possible_pairs(evidence, whole).items()}
    if not inner or not outer:
        return
    fits = {
        (n, m): (max(0, low - high_part), high - low_part)
        for n, (low, high) in outer.items()
        for m, (low_part, high_part) in inner.items()
        if m <= n and low_part <= high and high - low_part >= 0 and low - high_part <= n - m
    }
    if not fits:
        message = f"{part.subgroup} {part.printed} does not fit into the whole arm, {wholes[0].printed}"
        yield _finding(wholes, [part], message)
    elif len(inner) == 1 and part.n is None:
        ((m, counts),) = inner.items()
        count = f"{counts_text(counts)} of {m}"
        rest = list(dict.fromkeys(f"{counts_text(left)} of {n - m}" for (n, _), left in fits.items()))
        message = f"{part.subgroup} {part.printed} can only be {count}; the rest of the arm then has "
        used_as = "shown; subgroups are never added to the whole arm"
        yield _finding(wholes, [part], message + " or ".join(rest[:4]), used_as, (count,))
